"""How a queue is looked through when SQS does what no emulator does on demand: a hold that ran out, a deleted message
that comes again, a missing permission. botocore's stub checks each request and answer with SQS's own model.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.stub import ANY, Stubber

from tools.held_queue import HeldQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/letters"


@pytest.fixture
def sqs() -> Iterator[Stubber]:
    client = boto3.client("sqs", region_name="eu-west-1", aws_access_key_id="any", aws_secret_access_key="any")  # noqa: S106
    with Stubber(client) as stub:
        stub.add_response("get_queue_url", {"QueueUrl": URL}, {"QueueName": "letters"})
        yield stub
        stub.assert_no_pending_responses()


def open_queue(stub: Stubber) -> HeldQueue:
    return HeldQueue(cast("SQSClient", stub.client), "letters", 120)


def counts(stub: Stubber, visible: int, hidden: int) -> None:
    attributes = {"ApproximateNumberOfMessages": visible, "ApproximateNumberOfMessagesNotVisible": hidden}
    answer = {"Attributes": {name: str(count) for name, count in attributes.items()}}
    stub.add_response("get_queue_attributes", answer, {"QueueUrl": URL, "AttributeNames": ANY})


def receives(stub: Stubber, *messages: tuple[str, str]) -> None:
    listed = [{"MessageId": message_id, "ReceiptHandle": receipt, "Body": "{}"} for message_id, receipt in messages]
    expected = {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 10,
        "WaitTimeSeconds": 1,
        "VisibilityTimeout": 120,
        "MessageAttributeNames": ["All"],
    }
    stub.add_response("receive_message", {"Messages": listed} if listed else {}, expected)


def releases(stub: Stubber, receipt: str) -> None:
    expected = {"QueueUrl": URL, "ReceiptHandle": receipt, "VisibilityTimeout": 0}
    stub.add_response("change_message_visibility", {}, expected)


def deletes(stub: Stubber, receipt: str) -> None:
    stub.add_response("delete_message", {}, {"QueueUrl": URL, "ReceiptHandle": receipt})


def test_everything_is_seen_once_and_released_at_the_end(sqs: Stubber) -> None:
    counts(sqs, visible=2, hidden=0)
    receives(sqs, ("a", "a1"))
    receives(sqs, ("b", "b1"))
    # It was held for too long: its new receipt counts.
    receives(sqs, ("a", "a2"))
    receives(sqs)
    releases(sqs, "a2")
    releases(sqs, "b1")
    with open_queue(sqs) as queue:
        assert [message["MessageId"] for message in queue.messages()] == ["a", "b"]
    assert (queue.unseen, queue.not_released) == (0, {})


def test_what_was_deleted_is_not_released(sqs: Stubber) -> None:
    counts(sqs, visible=2, hidden=0)
    receives(sqs, ("a", "a1"), ("b", "b1"))
    deletes(sqs, "a1")
    # Standard queues may deliver a message after its deletion.
    receives(sqs, ("a", "a2"))
    deletes(sqs, "a2")
    receives(sqs)
    releases(sqs, "b1")
    with open_queue(sqs) as queue:
        for message in queue.messages():
            if message["MessageId"] == "a":
                queue.delete(message)
    assert queue.seen == 2


def test_an_interrupted_run_releases_what_it_holds(sqs: Stubber) -> None:
    counts(sqs, visible=2, hidden=0)
    receives(sqs, ("a", "a1"), ("b", "b1"))
    releases(sqs, "a1")
    releases(sqs, "b1")

    def interrupted() -> None:
        with open_queue(sqs) as queue:
            next(queue.messages())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_what_another_client_holds_is_counted(sqs: Stubber) -> None:
    counts(sqs, visible=1, hidden=9)
    receives(sqs, ("a", "a1"))
    receives(sqs)
    releases(sqs, "a1")
    with open_queue(sqs) as queue:
        list(queue.messages())
    assert queue.unseen == 9


def test_missing_permissions_do_not_end_the_run(sqs: Stubber) -> None:
    sqs.add_client_error("get_queue_attributes", "AccessDenied")
    receives(sqs, ("a", "a1"))
    receives(sqs)
    sqs.add_client_error("change_message_visibility", "AccessDenied", "no")
    with open_queue(sqs) as queue:
        list(queue.messages())
    assert queue.size is None
    assert "AccessDenied" in str(queue.not_counted)
    assert queue.unseen == 0
    assert "AccessDenied" in queue.not_released["a"]
