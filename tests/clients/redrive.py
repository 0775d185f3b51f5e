"""Dead letters from beginning to end: a table is gone, an event is given up, the table comes back, and `infra/redrive`
invokes the function again, in the order's own trace.
"""

from __future__ import annotations

import launch

if __name__ == "__main__":
    launch.as_tests(__file__)

import subprocess

import boto3
import stack
from tools import exit_code
from tools.paths import ROOT
from tools.polling import wait_for
from traces import Document, documents

# How many seconds each step may take.
PATIENCE = 30
PAYMENTS, PAYMENT_SERVICE = f"{stack.NAME}-payments", f"{stack.NAME}-payment-service"
ATTEMPTS = 3


def redrive(*arguments: str, exits_with: int = exit_code.FINE) -> str:
    """Run it; return what it prints."""
    return stack.run_tool("redrive", *arguments, exits_with=exits_with)


def payment_attempts(trace_id: str) -> list[Document]:
    """Return the segments of the payment service's invocations."""
    return [one for one in documents(trace_id) if one["name"] == PAYMENT_SERVICE and "Function" in one["origin"]]


def test_a_dead_letter_is_redriven_into_its_orders_trace(local: stack.Stack) -> None:
    dynamodb = boto3.client("dynamodb")
    table = dynamodb.describe_table(TableName=PAYMENTS)["Table"]
    dynamodb.delete_table(TableName=PAYMENTS)
    order_id, trace_id = stack.place_order(local)
    letter = f"Order Created of {order_id} for {PAYMENT_SERVICE}"

    def given_up() -> bool:
        printed = subprocess.run([ROOT / "infra/redrive", "--dry-run"], capture_output=True, text=True, check=False)
        return letter in printed.stdout

    wait_for("the dead letter", given_up, PATIENCE)
    # Neither a dry run nor a run for another function hides it from the run after it.
    for arguments in (["--dry-run"], ["--function", "inventory-service"]):
        printed = redrive(*arguments, exits_with=exit_code.FOUND_SOMETHING)
        assert f"waiting    {letter}: " in printed
        assert "0 redriven, 1 waiting, 0 failed, 0 not seen" in printed

    dynamodb.create_table(
        BillingMode="PAY_PER_REQUEST",
        TableName=table["TableName"],
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
    )
    printed = redrive()
    assert f"redriven   {letter}" in printed
    assert "1 redriven, 0 waiting, 0 failed, 0 not seen" in printed

    key = {"orderId": {"S": order_id}}
    payment = wait_for("the payment", lambda: dynamodb.get_item(TableName=PAYMENTS, Key=key).get("Item"), PATIENCE)
    assert payment["decision"]["S"] == "charged"
    stack.wait_until_notified(order_id, PATIENCE)
    # The attempts that failed, and the one that succeeded, are in one trace.
    wait_for("all attempts", lambda: len(payment_attempts(trace_id)) == ATTEMPTS + 1, PATIENCE)
    faults = [attempt.get("fault", False) for attempt in payment_attempts(trace_id)]
    assert sorted(faults) == [False, *[True] * ATTEMPTS]
    assert "0 redriven, 0 waiting, 0 failed, 0 not seen" in redrive()
