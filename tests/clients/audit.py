"""`infra/audit` on a stack whose order ended well, and after somebody took its reservation away."""

from __future__ import annotations

import launch

if __name__ == "__main__":
    launch.as_tests(__file__)


import boto3
import stack
from tools import exit_code
from tools.polling import wait_for

# How many seconds the order may take.
PATIENCE = 30


def audit(*arguments: str, exits_with: int) -> str:
    """Run it; return what it prints."""
    return stack.run_tool("audit", *arguments, exits_with=exits_with)


def notify_again(order_id: str) -> None:
    """Send a notice as the notification service does, under another id for deduplication."""
    boto3.client("sns").publish(
        TopicArn=f"arn:aws:sns:us-east-1:000000000000:{stack.NAME}-customers.fifo",
        Message="again",
        MessageGroupId=order_id,
        MessageDeduplicationId="another",
        MessageAttributes={"orderId": {"DataType": "String", "StringValue": order_id}},
    )


def test_an_order_that_breaks_a_law_is_named(local: stack.Stack) -> None:
    order_id, _ = stack.place_order(local)
    dynamodb = boto3.client("dynamodb")
    key = {"customerId": {"S": "customer123"}, "orderId": {"S": order_id}}
    orders = f"{stack.NAME}-orders"
    wait_for(
        "the end of the order",
        lambda: "open" not in dynamodb.get_item(TableName=orders, Key=key).get("Item", {"open": {}}),
        PATIENCE,
    )
    printed = audit("--age", "0", "--notices", exits_with=exit_code.FINE)
    assert "1 orders, 0 of them" in printed
    assert "not compared: the metrics with the tables, because CloudWatch does not say" in printed

    notify_again(order_id)
    printed = audit("--age", "0", "--notices", exits_with=exit_code.FOUND_SOMETHING)
    assert f"{order_id}: the customer was sent 2 notices" in printed
    # They are where they were.
    assert printed == audit("--age", "0", "--notices", exits_with=exit_code.FOUND_SOMETHING)

    reservation = {"pk": {"S": f"order#{order_id}"}, "sk": {"S": "reservation"}}
    dynamodb.delete_item(TableName=f"{stack.NAME}-inventory", Key=reservation)
    printed = audit("--age", "0", exits_with=exit_code.FOUND_SOMETHING)
    assert f"{order_id}: the customer is charged, and no stock is set aside (nothing is recorded)" in printed
    assert f"{order_id}: the reservation is not decided" in printed
    assert "1 orders, 0 of them" in audit(exits_with=exit_code.FINE), "it is too young to be judged"
    assert "Requested resource not found" in audit("--environment", "none", exits_with=exit_code.CANNOT_RUN)
