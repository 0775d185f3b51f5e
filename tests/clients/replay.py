"""A replay from beginning to end: an order is archived, and `infra/replay` brings its events again."""

from __future__ import annotations

import launch

if __name__ == "__main__":
    launch.as_tests(__file__)


import boto3
import pytest
import stack
from tools import exit_code

PATIENCE = 30


@pytest.fixture
def template() -> str:
    """Return the project's template, with an archive."""
    archive = "  ArchiveRetentionDays:\n    Type: Number\n    Default: "
    assert f"{archive}0" in stack.template()
    return stack.template().replace(f"{archive}0", f"{archive}1")


def replay(*arguments: str, exits_with: int = exit_code.FINE) -> str:
    """Run it; return what it prints."""
    return stack.run_tool("replay", *arguments, exits_with=exits_with)


def test_the_events_of_an_order_come_again_for_one_rule(local: stack.Stack) -> None:
    order_id, _ = stack.place_order(local)
    sqs, events = boto3.client("sqs"), boto3.client("events")
    stack.wait_until_notified(order_id, PATIENCE)
    printed = replay("--from", "1h", "--dry-run")
    assert "for all rules" in printed
    assert not events.list_replays()["Replays"]
    printed = replay("--from", "1h", "--rule", "notification-payment-outcome", "--name", "again")
    assert printed.splitlines()[-1].startswith("COMPLETED  up to "), printed
    assert "for notification-payment-outcome" in printed
    (filter_arn,) = events.describe_replay(ReplayName="again")["Destination"]["FilterArns"]
    assert filter_arn.endswith(f"{stack.NAME}-notification-payment-outcome")

    # The customer's queue still has the one message.
    url = sqs.get_queue_url(QueueName=f"{stack.NAME}-customer-notices.fifo")["QueueUrl"]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    assert len(received["Messages"]) == 1
    # What has ended cannot be cancelled, and what is not there cannot be replayed.
    assert "COMPLETED" in replay("--follow", "again")
    replay("--cancel", "again", exits_with=exit_code.CANNOT_RUN)
    replay("--from", "1h", "--name", "again", exits_with=exit_code.CANNOT_RUN)
    assert "has no rule" in replay("--from", "1h", "--rule", "nothing", exits_with=exit_code.CANNOT_RUN)
    missing = replay("--environment", "prod", "--from", "1h", exits_with=exit_code.CANNOT_RUN)
    assert "there is no archive `distributed-tracing-prod` here" in missing
