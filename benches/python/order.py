"""The order function as one would write it with AWS's own SDKs for Python: it stores an order, then publishes it."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()
TABLE = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])
EVENTS = boto3.client("events")
BUS = os.environ["EVENT_BUS_NAME"]
PRICE = Decimal(os.environ["UNIT_PRICE"])
MOST = 100


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Take an order."""
    with xray_recorder.in_subsegment("process_order") as subsegment:
        wanted = json.loads(event["body"] or "{}")
        quantity = int(wanted.get("quantity", 1))
        if not 1 <= quantity <= MOST:
            return answer(422, {"title": "the quantity is not valid"})
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        order = {
            "customerId": event["pathParameters"]["customerId"],
            "orderId": f"ord_{uuid.uuid4().hex}",
            "productId": wanted.get("productId", "default-product"),
            "quantity": quantity,
            "amount": PRICE * quantity,
            "currency": os.environ["CURRENCY"],
            "status": "created",
            "timestamp": now,
        }
        subsegment.put_annotation("order_id", order["orderId"])
        subsegment.put_annotation("customer_id", order["customerId"])
        TABLE.put_item(Item=order, ConditionExpression="attribute_not_exists(orderId)")
        detail = json.dumps(order | {"amount": float(order["amount"])})
        entry = {"EventBusName": BUS, "Source": "order.service", "DetailType": "Order Created", "Detail": detail}
        published = EVENTS.put_events(Entries=[entry])
        if published["FailedEntryCount"]:
            return answer(503, {"title": "the order is not published"})
        print(json.dumps({"level": "INFO", "message": "order created", "order_id": order["orderId"]}))
        return answer(201, order | {"amount": float(order["amount"])})


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """Return what API Gateway makes a response of."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
