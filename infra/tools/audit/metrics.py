"""Holds the business metrics in CloudWatch against the facts in the tables.

A fact is recorded first and counted then, so whoever reads the metrics before the tables may find fewer facts counted
than recorded, and never more. A process that dies in between loses a count; nothing counts a fact twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tools import aws
from tools.audit.laws import Violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

    from tools.audit.books import Books, Item

# What counts facts, and the service that does.
METRICS = {
    "OrdersCreated": "order-service",
    "PaymentsProcessed": "payment-service",
    "PaymentsFailed": "payment-service",
    "PaymentsRefunded": "payment-service",
    "Reservations": "inventory-service",
    "StockOuts": "inventory-service",
    "ReservationsReleased": "inventory-service",
    "NotificationsSent": "notification-service",
}
# The services count no order of the canary, and mark them so.
CANARY = "ord_canary-"
# CloudWatch keeps sums of hours for 455 days.
PERIOD = 3600
KEPT = timedelta(days=455)
# The timestamp of a metric is the start of the invocation that recorded the fact: at most this long before the fact.
LONGEST_INVOCATION = timedelta(minutes=1)
# A retry of that invocation may count instead: Lambda gives up on an event after an hour.
LONGEST_RETRY = timedelta(hours=1)
# What processes lose that die between recording and counting: one fact in a hundred when ten of a hundred calls fail.
TOLERATED_LOSS = 0.01


class Window(NamedTuple):
    """The time whose metrics are summed."""

    start: datetime
    end: datetime


class Difference(NamedTuple):
    """A metric whose sum is not the number of facts."""

    metric: str
    counted: int
    recorded: int

    @property
    def is_tolerated(self) -> bool:
        """Whether it is no more than what processes lose that die."""
        return 0 <= self.recorded - self.counted <= self.recorded * TOLERATED_LOSS

    def __str__(self) -> str:
        """Return what is wrong, in words."""
        numbers = f"{self.counted} counted, {self.recorded} recorded"
        if self.counted > self.recorded:
            return f"{numbers}: facts are counted more than once"
        if self.is_tolerated:
            return f"{numbers}: processes died before they counted"
        return f"{numbers}: more counts are missing than processes that died explain"

    def violation(self) -> Violation:
        """Return it as what is printed."""
        return Violation(f"metric {self.metric}", str(self))


def window(session: boto3.Session, stack: str, now: datetime) -> Window:
    """Return the time since the tables exist: metrics outlive a stack, and the next one may have its name."""
    table = session.client("dynamodb", config=aws.PATIENT).describe_table(TableName=f"{stack}-orders")["Table"]
    start = max(table["CreationDateTime"], now - KEPT)
    return Window(start.replace(minute=0, second=0, microsecond=0), now)


def sums(session: boto3.Session, stack: str, time: Window) -> dict[str, int]:
    """Return what CloudWatch counted of each metric."""
    cloudwatch = session.client("cloudwatch", config=aws.PATIENT)
    queries: list[MetricDataQueryTypeDef] = [
        {
            "Id": metric.lower(),
            "Label": metric,
            "MetricStat": {
                "Metric": {
                    "Namespace": stack,
                    "MetricName": metric,
                    "Dimensions": [{"Name": "Service", "Value": service}],
                },
                "Period": PERIOD,
                "Stat": "Sum",
            },
        }
        for metric, service in METRICS.items()
    ]
    found = dict.fromkeys(METRICS, 0.0)
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=time.start, EndTime=time.end
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            found[result["Label"]] += sum(result["Values"])
    return {metric: round(value) for metric, value in found.items()}


def differences(counted: Mapping[str, int], books: Books, time: Window) -> list[Difference]:
    """Return the metrics that differ from what was recorded, those at the window's edges taken for what fits."""
    found = []
    recorded: dict[str, list[datetime]] = {metric: [] for metric in METRICS}
    for metric, at in facts(books):
        recorded[metric].append(at)
    for metric, times in recorded.items():
        most = sum(at >= time.start - LONGEST_RETRY for at in times)
        least = sum(time.start + LONGEST_INVOCATION <= at <= time.end - LONGEST_RETRY for at in times)
        if counted[metric] > most:
            found.append(Difference(metric, counted[metric], most))
        elif counted[metric] < least:
            found.append(Difference(metric, counted[metric], least))
    return found


def facts(books: Books) -> Iterator[tuple[str, datetime]]:
    """Return everything that is counted: the metric, and when it became true."""
    for order_id, order in books.orders.items():
        if not order_id.startswith(CANARY):
            yield "OrdersCreated", _time(order, "createdAt")
    for order_id, payment in books.payments.items():
        if not order_id.startswith(CANARY):
            yield from _of_payment(payment)
    for order_id, reservation in books.reservations.items():
        if not order_id.startswith(CANARY):
            yield from _of_reservation(reservation)
    # A notification's own item is deleted after a while; the order's history may lack one that was late.
    sent = {order_id: _time(item, "sentAt") for order_id, item in books.notifications.items() if "sentAt" in item}
    in_history = {
        order_id: _time(order["notificationSent"], "at")
        for order_id, order in books.orders.items()
        if "notificationSent" in order
    }
    for order_id, at in (in_history | sent).items():
        if not order_id.startswith(CANARY):
            yield "NotificationsSent", at


def _of_payment(payment: Item) -> Iterator[tuple[str, datetime]]:
    decision = payment.get("decision")
    if decision == "charged":
        yield "PaymentsProcessed", _time(payment, "decidedAt")
    elif decision in {"declined", "limit_exceeded"}:
        yield "PaymentsFailed", _time(payment, "decidedAt")
    if "refundedAt" in payment:
        yield "PaymentsRefunded", _time(payment, "refundedAt")


def _of_reservation(reservation: Item) -> Iterator[tuple[str, datetime]]:
    decision = reservation.get("decision")
    if decision == "reserved":
        yield "Reservations", _time(reservation, "decidedAt")
    elif decision == "insufficient":
        yield "StockOuts", _time(reservation, "decidedAt")
    if "releasedAt" in reservation:
        yield "ReservationsReleased", _time(reservation, "releasedAt")


def _time(item: Item, attribute: str) -> datetime:
    return datetime.fromisoformat(item[attribute])
