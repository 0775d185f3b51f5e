"""Places one order, whatever happens to the requests: it sends an Idempotency-Key, and after a lost connection, a 429
or a 5xx the same request again with the same key. Then it prints what becomes of the order until it has ended.

    infra/place-order                                                      at `cargo local`
    infra/place-order --url https://….execute-api.eu-west-1.amazonaws.com/prod --quantity 2
    infra/place-order --payment-method card_declined

Exit code 0: the order is confirmed; 1: it ended otherwise or was refused; 2: nobody knows."""

from __future__ import annotations

import argparse
import sys
import uuid

from tools import exit_code
from tools.place_order.client import Client


def main() -> int:
    """Order as the command line says; return the exit code."""
    arguments = _arguments()
    return exit_code.of(lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Place the order, and follow it to its end."""
    wanted = {
        "productId": arguments.product,
        "quantity": arguments.quantity,
        "paymentMethod": arguments.payment_method,
    }
    order = {name: value for name, value in wanted.items() if value is not None}
    client = Client(arguments.url.rstrip("/"), arguments.api_key, arguments.timeout)
    print(f"Idempotency-Key: {arguments.key}")
    placed = client.place(arguments.customer, order, arguments.key)
    print(f"order {placed['orderId']} of {placed['amount']} {placed['currency']}: {placed['status']}")
    ending = client.follow(arguments.customer, placed["orderId"])
    return exit_code.FINE if ending == "confirmed" else exit_code.FOUND_SOMETHING


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="infra/place-order", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:3000", help="where the API is (%(default)s)")
    parser.add_argument("--api-key", help="the key, where ApiAuth is API_KEY")
    parser.add_argument("--customer", default="customer123", help="who orders (%(default)s)")
    parser.add_argument("--product", help="what is ordered")
    parser.add_argument("--quantity", type=int, help="how many pieces")
    parser.add_argument("--payment-method", help="how it is paid")
    parser.add_argument("--key", default=str(uuid.uuid4()), help="the Idempotency-Key (a new one)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds until nobody knows (%(default)g)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
