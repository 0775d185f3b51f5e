"""What a trace says: its map, its annotations, its exceptions."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools import aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3
    from mypy_boto3_xray.type_defs import ServiceTypeDef

# What DynamoDB calls a conditional write that found another item than it demands. The services expect it: it is how
# they recognise an event that was delivered twice.
CONFLICT = "ConditionalCheckFailed"
CONFLICTS = {"None", CONFLICT, "TransactionConflict"}
NOTIFICATION_TYPE = "notification_type"


@dataclass
class Findings:
    """What the segment documents of a trace say."""

    annotations: dict[str, set[str]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    """A sentence for each exception, and how often it occurred: often the reason why an edge is missing."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """The same for conditional writes that were refused as intended."""


def fetch(session: boto3.Session, trace_id: str) -> Findings:
    """Read the trace's segment documents."""
    xray = session.client("xray", config=aws.PATIENT)
    pages = xray.get_paginator("batch_get_traces").paginate(TraceIds=[trace_id])
    traces = [trace for page in pages for trace in page["Traces"]]
    return findings([json.loads(segment["Document"]) for trace in traces for segment in trace.get("Segments", [])])


def findings(documents: list[dict[str, Any]]) -> Findings:
    """Collect what the documents and all their subsegments say."""
    found = Findings()
    for document in _with_subsegments(documents):
        for name, value in document.get("annotations", {}).items():
            found.annotations.setdefault(name, set()).add(str(value))
        cause = document.get("cause")
        # Where the exceptions are another segment's, the cause is its id.
        exceptions = cause.get("exceptions", []) if isinstance(cause, dict) else []
        described = [
            f"{exception.get('type', 'exception')} in {document['name']}: {exception.get('message', '')}"
            for exception in exceptions
        ]
        if document.get("namespace") == "aws" and _is_conflict(exceptions):
            # The last one is what AWS answered; those before it are the SDK's words around it.
            found.conflicts[described[-1]] += 1
        else:
            found.errors.update(described)
    return found


def sentences(counter: Counter[str]) -> list[str]:
    """Return each sentence once, with how often it occurred."""
    return [sentence + (f" ({times} times)" if times > 1 else "") for sentence, times in sorted(counter.items())]


def _with_subsegments(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for document in documents:
        yield document
        yield from _with_subsegments(document.get("subsegments", []))


def _is_conflict(exceptions: list[dict[str, Any]]) -> bool:
    """Whether a call failed by a condition of its own, perhaps in a transaction that was fine otherwise."""
    texts = [f"{exception.get('type', '')} {exception.get('message', '')}" for exception in exceptions]
    if not any(CONFLICT in text or "TransactionConflict" in text for text in texts):
        return False
    # A cancelled transaction lists a reason for each of its parts, such as [None, ConditionalCheckFailed].
    reasons = [text.rpartition("[")[2].partition("]")[0] for text in texts if "reasons [" in text]
    return all(reason.strip() in CONFLICTS for listed in reasons for reason in listed.split(","))


def edges(session: boto3.Session, trace_id: str, stack: str) -> set[str]:
    """Return the edges of the trace's map, in the words of `topology.json`."""
    xray = session.client("xray", config=aws.PATIENT)
    pages = xray.get_paginator("get_trace_graph").paginate(TraceIds=[trace_id])
    services = {service["ReferenceId"]: service for page in pages for service in page["Services"]}
    return edges_between(services, stack)


def edges_between(services: Mapping[int, ServiceTypeDef], stack: str) -> set[str]:
    """Return the edges of a map whose services are given by their reference ids."""

    def shown(service: ServiceTypeDef) -> str:
        return f"{service['Name'].removeprefix(f'{stack}-')} ({service['Type']})"

    return {
        f"{shown(service)} -> {shown(services[edge['ReferenceId']])}"
        for service in services.values()
        for edge in service.get("Edges", [])
        if edge["ReferenceId"] in services
    }
