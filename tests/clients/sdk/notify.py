"""The notification service in Python, as far as a test needs it: it knows nothing of tracing."""

from __future__ import annotations

import os
from typing import Any

import boto3

dynamodb, sns = boto3.client("dynamodb"), boto3.client("sns")


class NotNotifiedError(Exception):
    """What Lambda reports of a payment that failed."""


def handler(event: dict[str, Any], _context: object) -> None:
    """Record that a payment succeeded, and notify the customer; fail if it did not."""
    kind, order_id = event["detail-type"], event["detail"]["orderId"]
    print(f"{kind} of {order_id}")
    if kind == "Payment Failed":
        raise NotNotifiedError(order_id)
    if kind != "Payment Processed":
        return
    dynamodb.update_item(
        TableName=os.environ["NOTIFICATIONS_TABLE"],
        Key={"orderId": {"S": order_id}},
        UpdateExpression="SET sentAt = :time",
        ExpressionAttributeValues={":time": {"S": event["time"]}},
    )
    sns.publish(
        TopicArn=os.environ["TOPIC_ARN"],
        Message=f"Order {order_id} is paid.",
        MessageGroupId=order_id,
        MessageDeduplicationId=event["id"],
    )
