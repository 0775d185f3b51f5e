"""What the tables of the four services say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tools import aws

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import boto3

Item = dict[str, Any]


@dataclass(frozen=True)
class Books:
    """The items of the tables, by order."""

    orders: Mapping[str, Item] = field(default_factory=dict)
    payments: Mapping[str, Item] = field(default_factory=dict)
    reservations: Mapping[str, Item] = field(default_factory=dict)
    notifications: Mapping[str, Item] = field(default_factory=dict)
    stock: Iterable[Item] = ()
    """What each warehouse has of each product."""

    @classmethod
    def read(cls, session: boto3.Session, stack: str) -> Books:
        """Read the tables of a stack.

        The orders come first: what the others say of them is at least as new.
        """

        def scan(table: str) -> Iterator[Item]:
            return _scan(session, f"{stack}-{table}")

        # Beside the orders are idempotency keys, and the places of orders that were withdrawn.
        orders = _by_order(item for item in scan("orders") if "createdAt" in item)
        inventory = list(scan("inventory"))
        return cls(
            orders=orders,
            payments=_by_order(scan("payments")),
            reservations=_by_order(item for item in inventory if item["sk"] == "reservation"),
            notifications=_by_order(scan("notifications")),
            stock=[item for item in inventory if item["pk"].startswith("product#")],
        )


def created_at(order: Item) -> datetime:
    """When an order was placed."""
    return datetime.fromisoformat(order["createdAt"])


def _scan(session: boto3.Session, table: str) -> Iterator[Item]:
    resource = session.resource("dynamodb", config=aws.PATIENT)
    pages = resource.meta.client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def _by_order(items: Iterable[Item]) -> dict[str, Item]:
    return {item["orderId"]: item for item in items}
