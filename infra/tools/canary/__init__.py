"""Places an order in a deployed stack, and compares what came of it with `infra/topology.json`."""
