"""Orders through the API of a stack on loopback, and what becomes of them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import boto3

from tools.exit_code import FindingError
from tools.polling import wait_for
from tools.rehearsal.deployed import outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.type_defs import TableAttributeValueTypeDef

    Item = dict[str, TableAttributeValueTypeDef]

CREATED, REFUSALS = 201, (401, 403)


def api_url(environment: Mapping[str, str], stack: str) -> str:
    """Return where ministack answers for the stack's API."""
    api_id = outputs(stack)["APIGatewayURL"].split("//")[1].split(".")[0]
    return f"{environment['AWS_ENDPOINT_URL']}/restapis/{api_id}/prod/_user_request_"


def place(url: str, headers: Mapping[str, str] | None = None, **fields: str) -> str:
    """Place an order; return its id."""
    body = json.dumps({"productId": "rehearsal", **fields}).encode()
    all_headers = {"Content-Type": "application/json"} | dict(headers or {})
    request = urllib.request.Request(f"{url}/orders/rehearsal", body, all_headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        if answer.status != CREATED:
            message = f"an order was answered with {answer.status}, not {CREATED}"
            raise FindingError(message)
        return str(json.load(answer)["orderId"])


def expect_refusal(url: str, without: str) -> None:
    """See that nobody orders `without` what the API demands."""
    try:
        order_id = place(url)
    except urllib.error.HTTPError as refusal:
        if refusal.code not in REFUSALS:
            message = f"without {without} the answer is {refusal.code}, none of {REFUSALS}"
            raise FindingError(message) from refusal
        print(f"without {without}: {refusal.code}")
        return
    message = f"order `{order_id}` was accepted without {without}"
    raise FindingError(message)


def item(stack: str, table: str, **key: str) -> Item:
    """Wait for an item."""
    resource = boto3.resource("dynamodb").Table(f"{stack}-{table}")
    return wait_for(f"{key} in {stack}-{table}", lambda: resource.get_item(Key=dict(key)).get("Item"))


def expect_handled(stack: str, order_id: str, *, paid: bool = True) -> None:
    """Wait until an order was paid or not, its goods decided, and its customer notified, as the tables say."""
    # The outcome first: it follows from the payment's last state, which an earlier look may miss.
    outcome = wait_for("the notification", lambda: item(stack, "notifications", orderId=order_id).get("outcome"))
    payment = item(stack, "payments", orderId=order_id)
    reservation = item(stack, "inventory", pk=f"order#{order_id}", sk="reservation")
    expected = ("charged", "confirmed") if paid else ("declined", "payment_failed")
    found = str(payment["decision"]), str(outcome)
    if found != expected:
        message = f"`{order_id}` came to {' and '.join(found)}, not to {' and '.join(expected)}"
        raise FindingError(message)
    print(f"{stack}: {order_id}: payment {found[0]}, stock {reservation['decision']!s}, notification {found[1]}")
