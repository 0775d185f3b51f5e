"""What the canary concludes from a trace and from the tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tools.canary.outcome import Outcome, table_differences
from tools.canary.trace import Findings, edges_between, findings, sentences

if TYPE_CHECKING:
    from tools.canary.outcome import Item

CHARGED: Item = {"decision": {"S": "charged"}}
RESERVED: Item = {"decision": {"S": "reserved"}}
CONFIRMED: Item = {"outcome": {"S": "confirmed"}, "sentAt": {"S": "2026-01-01T00:00:00.000Z"}}


def call(*exceptions: tuple[str, str]) -> dict[str, Any]:
    """Return a subsegment of a call to DynamoDB that failed."""
    listed = [{"type": kind, "message": message} for kind, message in exceptions]
    return {"name": "DynamoDB", "namespace": "aws", "fault": True, "cause": {"exceptions": listed}}


def document(*subsegments: dict[str, Any], **fields: object) -> dict[str, Any]:
    return {"name": "payment-service", "subsegments": list(subsegments), **fields}


def test_annotations_and_exceptions_are_found_at_any_depth() -> None:
    inner = {"name": "send", "annotations": {"notification_type": "confirmed", "cold_start": True}}
    failed = call(("SdkError", "no such table"))
    found = findings([document(document(inner, failed), failed)])
    assert found.annotations == {"notification_type": {"confirmed"}, "cold_start": {"True"}}
    assert sentences(found.errors) == ["SdkError in DynamoDB: no such table (2 times)"]
    assert not found.conflicts


def test_a_cause_that_is_another_segments_id_is_no_exception() -> None:
    assert not findings([document(cause="53995c3f42cd8ad8")]).errors


@pytest.mark.parametrize(
    ("exceptions", "conflict"),
    [
        ([("SdkError", "service error"), ("SdkError", "ConditionalCheckFailedException: The request failed")], True),
        ([("ConditionalCheckFailedException", "The conditional request failed")], True),
        ([("SdkError", "cancelled, specific reasons [None, ConditionalCheckFailed]")], True),
        ([("SdkError", "cancelled, specific reasons [TransactionConflict, None]")], True),
        ([("SdkError", "cancelled, specific reasons [ConditionalCheckFailed, ValidationError]")], False),
        ([("SdkError", "cancelled, specific reasons [ThrottlingError, None]")], False),
        ([("SdkError", "ResourceNotFoundException: no such table")], False),
    ],
)
def test_a_refused_condition_is_no_error(exceptions: list[tuple[str, str]], *, conflict: bool) -> None:
    found = findings([document(call(*exceptions))])
    assert bool(found.conflicts) == conflict
    assert bool(found.errors) != conflict


def test_a_handler_that_fails_on_a_refused_condition_is_an_error() -> None:
    failed = {**call(("SdkError", "ConditionalCheckFailedException")), "name": "process_payment", "namespace": ""}
    assert findings([failed]).errors


@pytest.mark.parametrize(
    ("edges", "annotations", "errors", "expected"),
    [
        ({"a -> b"}, {"confirmed"}, [], []),
        (
            {"a -> c"},
            {"confirmed"},
            [],
            ["missing on the map: a -> b", "unexpected on the map: a -> c"],
        ),
        (
            {"a -> b"},
            {"out_of_stock"},
            [],
            ["the order was not confirmed: the customer was notified of `out_of_stock`"],
        ),
        (
            {"a -> b"},
            {"confirmed", "payment_failed"},
            [],
            ["the order was not confirmed: the customer was notified of `confirmed`, `payment_failed`"],
        ),
        (
            {"a -> b"},
            set(),
            ["SdkError in SNS: gone"],
            [
                "the order was not confirmed: no notification is annotated in its trace",
                "SdkError in SNS: gone",
            ],
        ),
    ],
)
def test_a_trace_is_compared_with_a_confirmed_order(
    edges: set[str], annotations: set[str], errors: list[str], expected: list[str]
) -> None:
    found = Findings({"notification_type": annotations}, Counter(errors))
    assert Outcome(edges, found).differences({"a -> b"}) == expected


@pytest.mark.parametrize(
    ("payment", "reservation", "notification", "expected"),
    [
        (CHARGED, RESERVED, CONFIRMED, []),
        (
            {},
            {},
            {},
            [
                "the payment is missing, not charged",
                "the reservation is missing, not reserved",
                "the notification is missing, not confirmed",
            ],
        ),
        (
            {**CHARGED, "refundedAt": {"S": "2026-01-01T00:00:01.000Z"}},
            {"decision": {"S": "insufficient"}},
            {"outcome": {"S": "out_of_stock"}},
            [
                "the payment was refunded at 2026-01-01T00:00:01.000Z",
                "the reservation is insufficient, not reserved",
                "the notification is out_of_stock, not confirmed",
            ],
        ),
        (
            CHARGED,
            RESERVED,
            {"outcome": {"S": "confirmed"}},
            ["the notification is confirmed, but was not sent"],
        ),
    ],
)
def test_the_tables_are_compared_with_a_confirmed_order(
    payment: Item, reservation: Item, notification: Item, expected: list[str]
) -> None:
    assert table_differences(payment, reservation, notification) == expected


def test_the_map_is_shown_in_the_words_of_the_topology() -> None:
    services: dict[int, Any] = {
        0: {"Name": "shop-orders", "Type": "AWS::DynamoDB::Table", "Edges": []},
        1: {
            "Name": "shop-order-service",
            "Type": "AWS::Lambda::Function",
            "Edges": [{"ReferenceId": 0}, {"ReferenceId": 7}],
        },
    }
    expected = {"order-service (AWS::Lambda::Function) -> orders (AWS::DynamoDB::Table)"}
    assert edges_between(services, "shop") == expected
