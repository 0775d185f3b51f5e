"""Deploys the template without an account, to a cloud on loopback."""
