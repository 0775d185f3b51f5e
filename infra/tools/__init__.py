"""The tools of this folder: `infra/canary`, `infra/check-build`, `infra/redrive` and `infra/rehearse` start them."""
