"""Replays archived events of a stack's bus."""
