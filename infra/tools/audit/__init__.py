"""Holds the tables of a stack's four services against each other."""
