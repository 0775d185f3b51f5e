"""A dead letter: an event that was not handled, the function that should have, and why it did not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools import arn

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from tools.arn import FunctionName


class NotADeadLetterError(Exception):
    """The message has neither of the two forms of a dead letter."""


@dataclass(frozen=True)
class DeadLetter:
    """An event that was given up."""

    function: FunctionName
    event: dict[str, Any]
    reason: str

    @classmethod
    def parse(cls, message: MessageTypeDef) -> DeadLetter:
        """Parse a message of either queue.

        Lambda sends the record of an on-failure destination, in whose `requestPayload` the event is
        (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html). EventBridge sends the event
        itself, with the target in the message attributes
        (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
        """
        body = _object(_json(message.get("Body", "")), "its body")
        if "requestPayload" in body:
            return cls._from_record(body)
        attributes = {
            name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()
        }
        if "TARGET_ARN" not in attributes:
            sentence = "it has neither a `requestPayload` nor the attribute `TARGET_ARN`"
            raise NotADeadLetterError(sentence)
        reason = attributes.get("ERROR_MESSAGE") or attributes.get("ERROR_CODE") or "no reason given"
        return cls(_function(attributes["TARGET_ARN"]), body, reason)

    @classmethod
    def _from_record(cls, record: dict[str, Any]) -> DeadLetter:
        context = _object(record.get("requestContext"), "its `requestContext`")
        response = record.get("responsePayload")
        error = response.get("errorMessage") if isinstance(response, dict) else None
        reason = error or context.get("condition") or "no reason given"
        event = _object(record["requestPayload"], "its `requestPayload`")
        return cls(_function(str(context.get("functionArn"))), event, str(reason))

    @property
    def trace_header(self) -> str | None:
        """The header of the order's own trace, which the event carries: the new attempt shows up there."""
        header = self._detail("metadata", "trace")
        return header if isinstance(header, str) and header else None

    def __str__(self) -> str:
        """What it is, for whom. A schedule's event is about no order."""
        order = self._detail("orderId")
        return f"{self.event.get('detail-type')}{f' of {order}' if order else ''} for {self.function.name}"

    def _detail(self, *path: str) -> object:
        value: object = self.event.get("detail")
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        sentence = f"its body is not JSON: {error}"
        raise NotADeadLetterError(sentence) from error


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        sentence = f"{what} is not a JSON object"
        raise NotADeadLetterError(sentence)
    return value


def _function(text: str) -> FunctionName:
    function = arn.function_name(text)
    if function is None:
        sentence = f"`{text}` is not the ARN of a Lambda function"
        raise NotADeadLetterError(sentence)
    return function
