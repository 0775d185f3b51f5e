"""Looks through the queue of the customers' notices for orders that have more than one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tools import aws
from tools.audit.laws import Violation
from tools.held_queue import HeldQueue

if TYPE_CHECKING:
    import boto3

# How long a notice is hidden from its reader should this process die.
HOLD_SECONDS = 60


def violations(session: boto3.Session, stack: str) -> list[Violation]:
    """Return the orders whose customers were sent more than one notice, as far as nobody has read and deleted them."""
    sqs = session.client("sqs", config=aws.PATIENT)
    with HeldQueue(sqs, f"{stack}-customer-notices.fifo", HOLD_SECONDS) as queue:
        orders = Counter(message["MessageAttributes"]["orderId"]["StringValue"] for message in queue.messages())
    return [
        Violation(order_id, f"the customer was sent {count} notices")
        for order_id, count in sorted(orders.items())
        if count > 1
    ]
