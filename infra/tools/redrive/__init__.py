"""Invokes the functions of a stack again with the events of its two dead-letter queues."""
