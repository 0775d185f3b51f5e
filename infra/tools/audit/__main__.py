"""Holds the tables of the four services against each other, and names every order that breaks a law: charged without
stock, stock without payment, a customer who was notified of something else or of nothing, no end. It reads, and changes
nothing.

    infra/audit                              every order that is older than an hour
    infra/audit --environment prod --age 15  older than fifteen minutes

Younger orders may be on their way. Each table is read once, as a whole: that is a read unit for every 8 KB.
Exit code 0: no order breaks a law; 1: some do, and each is printed; 2: the tables could not be read."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta

from tools import aws, exit_code
from tools.audit.books import Books
from tools.audit.laws import violations


def main() -> int:
    """Audit as the command line says; return the exit code."""
    arguments = _arguments()
    return exit_code.of(lambda: run(arguments))


@aws.required()
def run(arguments: argparse.Namespace) -> int:
    """Read the tables, and print what is wrong."""
    books = Books.read(aws.session(), aws.stack_name(arguments))
    found = violations(books, datetime.now(UTC) - timedelta(minutes=arguments.age))
    for violation in found:
        print(violation)
    orders = len({violation.subject for violation in found})
    print(f"{len(books.orders)} orders, {orders} of them or of the products break a law", file=sys.stderr)
    return exit_code.FOUND_SOMETHING if found else exit_code.FINE


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="infra/audit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    aws.add_stack_arguments(parser)
    parser.add_argument(
        "--age", type=float, default=60, help="how many minutes old an order has to be to be judged (%(default)g)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
