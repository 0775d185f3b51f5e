"""Which books break which laws."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tools.audit.books import Books
from tools.audit.laws import Violation, violations

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORDER = {"orderId": "ord_1", "createdAt": "2026-11-22T11:00:00.000Z", "notificationSent": {"at": "later"}}
CHARGED: dict[str, Any] = {"decision": "charged"}
RESERVED: dict[str, Any] = {"decision": "reserved"}
CONFIRMED: dict[str, Any] = {"outcome": "confirmed", "sentAt": "later"}


def laws(
    order: dict[str, Any],
    payment: dict[str, Any] | None = CHARGED,
    reservation: dict[str, Any] | None = RESERVED,
    notification: dict[str, Any] | None = CONFIRMED,
) -> list[str]:
    def of(item: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
        return {} if item is None else {"ord_1": item}

    books = Books(of(order), of(payment), of(reservation), of(notification))
    return [violation.law for violation in violations(books, NOON)]


@pytest.mark.parametrize(
    ("payment", "reservation", "outcome"),
    [
        (CHARGED, RESERVED, "confirmed"),
        ({"decision": "declined"}, {**RESERVED, "releasedAt": "later"}, "payment_failed"),
        ({"decision": "limit_exceeded"}, {"decision": "void"}, "payment_failed"),
        ({**CHARGED, "refundedAt": "later"}, {"decision": "insufficient"}, "out_of_stock"),
        ({"decision": "void"}, {"decision": "insufficient"}, "out_of_stock"),
    ],
)
def test_orders_that_ended_break_no_law(payment: dict[str, Any], reservation: dict[str, Any], outcome: str) -> None:
    assert laws(ORDER, payment, reservation, {**CONFIRMED, "outcome": outcome}) == []
    assert laws(ORDER, payment, reservation, None) == [], "the notification is forgotten after a while"


@pytest.mark.parametrize(
    ("payment", "reservation", "law"),
    [
        (CHARGED, {"decision": "insufficient"}, "the customer is charged, and no stock is set aside (insufficient)"),
        (CHARGED, {**RESERVED, "releasedAt": "x"}, "charged, and no stock is set aside (reserved, releasedAt)"),
        ({"decision": "declined"}, RESERVED, "stock is set aside, and the customer is not charged (declined)"),
        ({"decision": "intended", "cancelledAt": "x"}, RESERVED, "the payment is not decided (intended, cancelledAt)"),
        (None, RESERVED, "the payment is not decided (nothing is recorded)"),
        (CHARGED, None, "the reservation is not decided"),
    ],
)
def test_money_and_stock_that_differ_are_named(
    payment: dict[str, Any] | None, reservation: dict[str, Any] | None, law: str
) -> None:
    found = laws(ORDER, payment, reservation)
    assert any(law in sentence for sentence in found), found


def test_a_customer_who_is_told_nothing_or_something_else() -> None:
    untold = {name: value for name, value in ORDER.items() if name != "notificationSent"}
    assert "the customer is not notified" in laws(untold, notification={"outcome": "confirmed"})
    refused = {"outcome": "payment_failed", "sentAt": "x"}
    assert laws(ORDER, notification=refused) == [
        "the customer is notified of `payment_failed`, which is not how the order ended"
    ]


def test_an_order_without_an_end_is_named_once_it_is_old() -> None:
    is_open = {**ORDER, "open": "open", "attempts": 3}
    assert laws(is_open) == ["the order has not ended; it was published again 3 times"]
    assert laws({**is_open, "createdAt": "2026-11-22T12:00:01.000Z"}) == []


def test_stock_below_zero_is_named() -> None:
    books = Books(stock=[{"pk": "product#p", "sk": "midwest", "available": -1}, {"available": 0}])
    assert violations(books, NOON) == [Violation("product#p in midwest", "the stock is below zero")]
