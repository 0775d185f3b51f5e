"""The tools of this folder: `infra/canary`, `infra/redrive` and `infra/rehearse` start them."""
