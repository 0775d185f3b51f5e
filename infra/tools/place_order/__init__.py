"""A client that orders once, whatever happens to its requests."""
