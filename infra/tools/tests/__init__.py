"""Tests of what the tools decide without a cloud."""
