"""Which rule hands which event to whom, compared with who should consume it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools import arn

if TYPE_CHECKING:
    from tools.topology import Topology


@dataclass(frozen=True)
class Rule:
    """A rule on the bus, and what it was found to match."""

    name: str
    pattern: str
    enabled: bool
    targets: frozenset[str]
    matched: frozenset[str]
    """The `detail-type`s of the events in `topology.json` that it matches."""


def target_name(target_arn: str, stack: str) -> str:
    """Return the service that a target stands for, or its ARN where it is no function of this stack."""
    function = arn.function_name(target_arn)
    if function is None or not function.name.startswith(f"{stack}-"):
        return target_arn
    return function.name.removeprefix(f"{stack}-")


def differences(rules: list[Rule], topology: Topology) -> list[str]:
    """Return a sentence for each way in which the rules do not do what `topology.json` says."""
    found = [f"rule {rule.name} is disabled" for rule in rules if not rule.enabled]
    for kind in topology.events:
        consumers: set[str] = set()
        for rule in rules:
            if rule.enabled and kind.detail_type in rule.matched:
                consumers |= rule.targets
        missing, unexpected = sorted(kind.consumers - consumers), sorted(consumers - kind.consumers)
        found += [f"no enabled rule sends `{kind.detail_type}` to {consumer}" for consumer in missing]
        found += [f"`{kind.detail_type}` is also sent to {consumer}" for consumer in unexpected]
    for rule in rules:
        if not rule.matched:
            pattern = json.dumps(json.loads(rule.pattern)) if rule.pattern else "no pattern"
            found.append(f"rule {rule.name} matches no event that the services publish: {pattern}")
    return found
