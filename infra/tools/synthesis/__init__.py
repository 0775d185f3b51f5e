"""Writes plain CloudFormation: the templates after SAM's transform, and the functions' code as zips."""
