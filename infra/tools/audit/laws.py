"""The laws that the books of the four services obey together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tools.audit.books import created_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tools.audit.books import Books, Item


class Violation(NamedTuple):
    """A law that is broken."""

    subject: str
    """The order, or the product and warehouse."""
    law: str
    """What is wrong, in words."""

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.subject}: {self.law}"


def violations(books: Books, until: datetime) -> list[Violation]:
    """Return the laws that orders placed before `until` break, and those of the stock."""
    found = [
        Violation(order_id, law)
        for order_id, order in sorted(books.orders.items())
        if created_at(order) <= until
        for law in _of_order(books, order_id, order)
    ]
    negative = [item for item in books.stock if item["available"] < 0]
    found += [Violation(f"{item['pk']} in {item['sk']}", "the stock is below zero") for item in negative]
    return found


def _of_order(books: Books, order_id: str, order: Item) -> Iterator[str]:
    payment, reservation = books.payments.get(order_id, {}), books.reservations.get(order_id, {})
    is_paid = payment.get("decision") == "charged" and "refundedAt" not in payment
    is_set_aside = reservation.get("decision") == "reserved" and "releasedAt" not in reservation
    if is_paid and not is_set_aside:
        yield f"the customer is charged, and no stock is set aside ({_state(reservation)})"
    if is_set_aside and not is_paid:
        yield f"stock is set aside, and the customer is not charged ({_state(payment)})"
    if payment.get("decision", "intended") == "intended":
        yield f"the payment is not decided ({_state(payment)})"
    if not reservation:
        yield "the reservation is not decided"
    notified = order.get("notificationSent")
    # The notification's own item is deleted after NotificationTtlDays; the order's history stays.
    notification = books.notifications.get(order_id, {})
    if notified is None and "sentAt" not in notification:
        yield "the customer is not notified"
    outcome = notification.get("outcome")
    if outcome is not None and (outcome == "confirmed") != is_paid:
        yield f"the customer is notified of `{outcome}`, which is not how the order ended"
    if "open" in order or notified is None:
        yield f"the order has not ended; it was published again {order.get('attempts', 0)} times"


def _state(item: Item) -> str:
    times = [name for name in ("cancelledAt", "refundedAt", "releasedAt") if name in item]
    return ", ".join([item.get("decision", "nothing is recorded"), *times])
