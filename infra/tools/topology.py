"""`infra/topology.json`: what the trace map of a confirmed order looks like, and who consumes which event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.paths import INFRA

if TYPE_CHECKING:
    from collections.abc import Mapping

FUNCTION = " (AWS::Lambda::Function)"


@dataclass(frozen=True)
class EventKind:
    """An event as it stands on the bus, and the services that consume it."""

    detail_type: str
    source: str
    consumers: frozenset[str]

    def sample(self) -> str:
        """Return an event of this kind for `TestEventPattern`, in the form that EventBridge demands."""
        return json.dumps(
            {
                "version": "0",
                "id": "canary",
                "account": "123456789012",
                "time": "2026-01-01T00:00:00Z",
                "region": "us-east-1",
                "resources": [],
                "source": self.source,
                "detail-type": self.detail_type,
                "detail": {},
            }
        )


@dataclass(frozen=True)
class Topology:
    """What is expected of every stack of the template."""

    edges: frozenset[str]
    """Such as `order-service (AWS::Lambda::Function) -> Events (AWS::Events)`; `{name}` stands for the stack's name."""
    events: tuple[EventKind, ...]

    @classmethod
    def read(cls) -> Topology:
        """Read the file of this repository."""
        return cls.parse((INFRA / "topology.json").read_text())

    @classmethod
    def parse(cls, text: str) -> Topology:
        """Parse the text of such a file."""
        document = json.loads(text)
        events: Mapping[str, Mapping[str, str | list[str]]] = document["events"]
        kinds = (
            EventKind(detail_type, str(event["source"]), frozenset(event["consumers"]))
            for detail_type, event in events.items()
        )
        return cls(frozenset(document["edges"]), tuple(kinds))

    def edges_of(self, stack: str) -> set[str]:
        """Return the edges of the map of the stack with that name."""
        return {edge.replace("{name}", stack) for edge in self.edges}

    @property
    def services(self) -> list[str]:
        """The services that the map shows: each has a function of its name."""
        ends = {edge.split(" -> ")[-1] for edge in self.edges}
        return sorted(end.removesuffix(FUNCTION) for end in ends if end.endswith(FUNCTION))

    @property
    def consumers(self) -> list[str]:
        """The services that EventBridge invokes, so the ones that dead letters can be addressed to."""
        return sorted({consumer for event in self.events for consumer in event.consumers})
