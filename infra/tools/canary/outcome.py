"""What became of the canary's order: on the map, in the annotations, in the tables."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tools import aws
from tools.canary import trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from tools.canary.report import Report
    from tools.canary.trace import Findings

    Item = Mapping[str, AttributeValueTypeDef]


@dataclass(frozen=True)
class Patience:
    """How long to wait for the trace, and how often to look, in seconds."""

    timeout: float
    interval: float


@dataclass(frozen=True)
class Outcome:
    """What is known about an order that was placed."""

    edges: set[str]
    findings: Findings

    def differences(self, expected_edges: set[str]) -> list[str]:
        """Return a sentence for each way in which this is not what a confirmed order looks like in X-Ray."""
        found = [f"missing on the map: {edge}" for edge in sorted(expected_edges - self.edges)]
        found += [f"unexpected on the map: {edge}" for edge in sorted(self.edges - expected_edges)]
        found += notification_differences(self.findings.annotations)
        return found + trace.sentences(self.findings.errors)


def notification_differences(annotations: Mapping[str, set[str]]) -> list[str]:
    """Compare what the customer was notified of with a confirmation."""
    notified = annotations.get(trace.NOTIFICATION_TYPE, set())
    if notified == {"confirmed"}:
        return []
    if not notified:
        return ["the order was not confirmed: no notification is annotated in its trace"]
    return [f"the order was not confirmed: the customer was notified of `{'`, `'.join(sorted(notified))}`"]


def wait_for(
    session: boto3.Session, stack: str, trace_id: str, expected_edges: set[str], patience: Patience
) -> Outcome:
    """Look at the trace until it is complete, or until time is up."""
    deadline = time.monotonic() + patience.timeout
    while True:
        time.sleep(patience.interval)
        outcome = Outcome(trace.edges(session, trace_id, stack), trace.fetch(session, trace_id))
        complete = outcome.edges == expected_edges and outcome.findings.annotations.get(trace.NOTIFICATION_TYPE)
        if complete or time.monotonic() > deadline:
            return outcome


def check_tables(session: boto3.Session, stack: str, order_id: str, report: Report) -> Item:
    """Check that the services' tables agree: charged, reserved, notified. Return the reservation, if it can be read."""
    dynamodb = session.client("dynamodb", config=aws.PATIENT)

    def item(table: str, key: dict[str, str]) -> Item:
        """Return the item; an empty one where there is none."""
        typed_key: dict[str, AttributeValueTypeDef] = {name: {"S": value} for name, value in key.items()}
        return dynamodb.get_item(TableName=f"{stack}-{table}", Key=typed_key, ConsistentRead=True).get("Item", {})

    try:
        reservation = item("inventory", {"pk": f"order#{order_id}", "sk": "reservation"})
        differences = table_differences(
            payment=item("payments", {"orderId": order_id}),
            reservation=reservation,
            notification=item("notifications", {"orderId": order_id}),
        )
    except ClientError as error:
        if not aws.is_access_denied(error):
            raise
        report.unknown("what the tables say of the order: you lack dynamodb:GetItem")
        return {}
    report.all_differ(differences, "the tables say that the order was charged, reserved and confirmed")
    return reservation


def table_differences(payment: Item, reservation: Item, notification: Item) -> list[str]:
    """Compare what the tables say with a confirmed order."""

    def text(item: Item, attribute: str) -> str:
        return item.get(attribute, {}).get("S", "") or "missing"

    found = []
    if text(payment, "decision") != "charged":
        found.append(f"the payment is {text(payment, 'decision')}, not charged")
    if "refundedAt" in payment:
        found.append(f"the payment was refunded at {text(payment, 'refundedAt')}")
    if text(reservation, "decision") != "reserved":
        found.append(f"the reservation is {text(reservation, 'decision')}, not reserved")
    if text(notification, "outcome") != "confirmed":
        found.append(f"the notification is {text(notification, 'outcome')}, not confirmed")
    elif "sentAt" not in notification:
        found.append("the notification is confirmed, but was not sent")
    return found
