"""Holds the tables of the four services against each other, and names every order that breaks a law: charged without
stock, stock without payment, a customer who was notified of something else or of nothing, no end. Compares the sums of
the business metrics with the facts in the tables. It reads, and changes nothing.

    infra/audit                              every order that is older than an hour
    infra/audit --environment prod --age 15  older than fifteen minutes
    infra/audit --notices                    also orders of which there are two notices in the customers' queue

Younger orders may be on their way. Each table is read once, as a whole: that is a read unit for every 8 KB. Metrics are
compared where CloudWatch answers. `--notices` hides the queue's messages from their reader for as long as it looks.
Exit code 0: no order breaks a law; 1: some do, and each is printed; 2: the tables could not be read."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tools import aws, exit_code
from tools.audit import metrics, notices
from tools.audit.books import Books
from tools.audit.laws import violations

if TYPE_CHECKING:
    import boto3

    from tools.audit.laws import Violation


def main() -> int:
    """Audit as the command line says; return the exit code."""
    arguments = _arguments()
    return exit_code.of(lambda: run(arguments))


@aws.required()
def run(arguments: argparse.Namespace) -> int:
    """Read the tables, and print what is wrong."""
    session, stack, now = aws.session(), aws.stack_name(arguments), datetime.now(UTC)
    time = metrics.window(session, stack, now)
    # Before the tables: what is counted is recorded by then.
    counted = _counted(session, stack, time)
    books = Books.read(session, stack)
    found = violations(books, now - timedelta(minutes=arguments.age))
    if arguments.notices:
        found += notices.violations(session, stack)
    orders = len({violation.subject for violation in found})
    found += _metric_violations(metrics.differences(counted, books, time) if counted else [])
    for violation in found:
        print(violation)
    print(f"{len(books.orders)} orders, {orders} of them or of the products break a law", file=sys.stderr)
    return exit_code.FOUND_SOMETHING if found else exit_code.FINE


def _counted(session: boto3.Session, stack: str, time: metrics.Window) -> dict[str, int] | None:
    """Return what CloudWatch counted, if it says."""
    try:
        return metrics.sums(session, stack, time)
    except aws.ERRORS as error:
        print(f"not compared: the metrics with the tables, because CloudWatch does not say: {error}", file=sys.stderr)
        return None


def _metric_violations(differences: list[metrics.Difference]) -> list[Violation]:
    """Return the differences that should not be, and print the others."""
    for difference in differences:
        if difference.is_tolerated:
            print(f"note: metric {difference.metric}: {difference}", file=sys.stderr)
    return [difference.violation() for difference in differences if not difference.is_tolerated]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="infra/audit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    aws.add_stack_arguments(parser)
    parser.add_argument(
        "--age", type=float, default=60, help="how many minutes old an order has to be to be judged (%(default)g)"
    )
    parser.add_argument("--notices", action="store_true", help="look through the queue of the customers' notices too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
