"""What X-Ray says about a trace, for the tests beside this one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]


def documents(trace_id: str) -> list[Document]:
    """Return a trace's segments."""
    traces = boto3.client("xray").batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]


def parts(document: Document) -> Iterator[Document]:
    """Iterate over a segment and everything inside of it."""
    yield document
    for subsegment in document.get("subsegments", []):
        yield from parts(subsegment)


def nodes(trace_id: str) -> dict[tuple[str, str | None], set[str]]:
    """Return the map of a trace: the nodes by name and type, with the names of those that each calls."""
    services = boto3.client("xray").get_trace_graph(TraceIds=[trace_id])["Services"]
    names = {service["ReferenceId"]: service["Name"] for service in services}
    return {
        (service["Name"], service.get("Type")): {names[edge["ReferenceId"]] for edge in service["Edges"]}
        for service in services
    }
