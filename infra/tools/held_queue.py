"""A queue that is looked through: each message is seen once, and is visible again afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from tools import aws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10
LONG_POLL_SECONDS = 1


class HeldQueue:
    """Holds the messages that it has shown, so that no message comes twice; releases them on exit."""

    def __init__(self, sqs: SQSClient, name: str, hold_seconds: int) -> None:
        """Open the queue of that name. SQS hides what is received for `hold_seconds`, should this process die."""
        self.sqs = sqs
        self.name = name
        self.hold_seconds = hold_seconds
        self.url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        self.not_counted: str | None = None
        """Why the messages could not be counted."""
        self.size = self._count()
        """About how many messages there were at first, if they could be counted."""
        self.seen = 0
        self._held: dict[str, str] = {}
        self._deleted: set[str] = set()
        self.not_released: dict[str, str] = {}
        """Why a message could not be released, by its id."""

    def __enter__(self) -> Self:
        """Nothing is held yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release what is held, also when the run is interrupted."""
        for message_id, receipt in self._held.items():
            try:
                self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=0)
            except aws.ERRORS as refusal:
                self.not_released[message_id] = str(refusal)
        self._held.clear()

    def messages(self) -> Iterator[MessageTypeDef]:
        """Receive messages until there are none that were not seen."""
        while batch := self._receive():
            new = []
            for message in batch:
                message_id = message["MessageId"]
                known = message_id in self._held
                # A message that was held for too long comes again, with a receipt that replaces the old one.
                self._held[message_id] = message["ReceiptHandle"]
                if message_id in self._deleted:
                    # Standard queues deliver at least once, rarely after a deletion too.
                    self.delete(message)
                elif not known:
                    new.append(message)
            for message in new:
                self.seen += 1
                yield message

    def delete(self, message: MessageTypeDef) -> None:
        """Delete a message that was shown."""
        message_id = message["MessageId"]
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=self._held[message_id])
        del self._held[message_id]
        self._deleted.add(message_id)

    @property
    def unseen(self) -> int:
        """About how many messages were there and not seen: somebody else has received them and holds them."""
        return max(0, (self.size or 0) - self.seen)

    def _receive(self) -> list[MessageTypeDef]:
        answer = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=LONG_POLL_SECONDS,
            VisibilityTimeout=self.hold_seconds,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _count(self) -> int | None:
        """Count the messages, those that another client holds included."""
        try:
            answer = self.sqs.get_queue_attributes(
                QueueUrl=self.url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )
        except aws.ERRORS as error:
            self.not_counted = str(error)
            return None
        return sum(int(count) for count in answer["Attributes"].values())
