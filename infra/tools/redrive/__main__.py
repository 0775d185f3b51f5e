"""Invokes the functions of a stack again with the events of its two dead-letter queues: what EventBridge could not
deliver, and what a function did not handle in three attempts. Mend the cause first. Every service recognises an event
that it has handled already, so redriving one too many does no harm.

    infra/redrive --dry-run                  shows what waits there, and why
    infra/redrive                            invokes, and deletes what Lambda has accepted
    infra/redrive --environment prod --function payment-service --rate 2

Only functions of the stack that consume events are invoked. What is not redriven is visible again after the run.
Exit code 0: no dead letter is left; 1: some are, and each is printed; 2: the queues could not be read.
SQS's own redrive does not do this: it only moves messages back to an SQS queue."""

from __future__ import annotations

import argparse
import sys

from tools import aws, exit_code
from tools.redrive.run import Redrive, Selection
from tools.topology import Topology


def main() -> int:
    """Redrive as the command line says; return the exit code."""
    topology = Topology.read()
    arguments = _arguments(topology.consumers)
    return exit_code.of(lambda: run(arguments, topology))


@aws.required()
def run(arguments: argparse.Namespace, topology: Topology) -> int:
    """Look through the queues, and print the summary however that ends."""
    session = aws.session()
    selection = Selection(
        stack=aws.stack_name(arguments),
        services=tuple(topology.consumers),
        only=arguments.function,
        dry_run=arguments.dry_run,
    )
    redrive = Redrive(
        session.client("sqs", config=aws.PATIENT),
        session.client("lambda", config=aws.PATIENT),
        selection,
        rate=arguments.rate,
        limit=arguments.limit,
    )
    try:
        redrive.run()
    finally:
        print(redrive.summary, flush=True)
    return redrive.summary.exit_code


def _arguments(services: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="infra/redrive", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    aws.add_stack_arguments(parser)
    parser.add_argument("--function", choices=services, help="redrive for this service alone")
    parser.add_argument("--dry-run", action="store_true", help="show everything, and redrive nothing")
    parser.add_argument("--rate", type=_number, default=10.0, help="invocations a second, at most (%(default)s)")
    parser.add_argument("--limit", type=_whole_number, default=1000, help="stop after so many messages (%(default)s)")
    return parser.parse_args()


def _whole_number(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        message = f"`{text}` is not a whole number above 0"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not number > 0:
        message = f"`{text}` is not a number above 0"
        raise argparse.ArgumentTypeError(message)
    return number


if __name__ == "__main__":
    sys.exit(main())
