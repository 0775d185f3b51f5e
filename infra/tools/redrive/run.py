"""One run over the two queues."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from tools import aws, exit_code
from tools.held_queue import HeldQueue
from tools.redrive.dead_letter import DeadLetter, NotADeadLetterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

QUEUES = ("undelivered-events", "failed-invocations")
# How long a message is hidden from others when this process dies; SQS allows 12 hours at most.
SHORTEST_HOLD, LONGEST_HOLD = 120, 43_200


class Fate(Enum):
    """What became of a message; the value is how the summary calls it."""

    REDRIVEN = "redriven"
    WAITING = "waiting"
    FAILED = "failed"
    NOT_SEEN = "not seen"


@dataclass
class Summary:
    """How many messages came to what."""

    counts: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))

    def add(self, fate: Fate, count: int = 1) -> None:
        """Count messages."""
        self.counts[fate] += count

    def __str__(self) -> str:
        """Such as `2 redriven, 0 waiting, 0 failed, 0 not seen`."""
        return ", ".join(f"{count} {fate.value}" for fate, count in self.counts.items())

    @property
    def exit_code(self) -> int:
        """Fine if no dead letter is left."""
        left = sum(self.counts.values()) - self.counts[Fate.REDRIVEN]
        return exit_code.FOUND_SOMETHING if left else exit_code.FINE


@dataclass(frozen=True)
class Selection:
    """Which messages are to be redriven."""

    stack: str
    services: tuple[str, ...]
    """The services that dead letters of this stack can be addressed to."""
    only: str | None = None
    """The one service to redrive for, if not for all."""
    dry_run: bool = False

    def refusal(self, letter: DeadLetter) -> str | None:
        """Say why a letter's function must not be invoked: a message may name any function."""
        if letter.function.name in {f"{self.stack}-{service}" for service in self.services}:
            return None
        return f"`{letter.function.name}` is no function of the stack `{self.stack}` that consumes events"

    def includes(self, letter: DeadLetter) -> bool:
        """Whether a letter is redriven in this run."""
        wanted = self.only is None or letter.function.name == f"{self.stack}-{self.only}"
        return wanted and not self.dry_run


class Pacer:
    """Lets no more than so many through each second."""

    def __init__(
        self, rate: float, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`rate` is per second."""
        self._pause = 1 / rate
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Return when it is the next one's turn."""
        if (early := self._next - self._clock()) > 0:
            self._sleep(early)
        self._next = max(self._next, self._clock()) + self._pause


class Redrive:
    """Invokes functions with dead letters, and deletes what Lambda has accepted."""

    def __init__(
        self, sqs: SQSClient, functions: LambdaClient, selection: Selection, *, rate: float, limit: int
    ) -> None:
        """At most `rate` invocations a second, and at most `limit` messages in all."""
        self._sqs = sqs
        self._functions = functions
        self._selection = selection
        self._pacer = Pacer(rate)
        self._limit = limit
        self._hold_seconds = hold_seconds(rate, limit)
        self._trace_header: str | None = None
        self.summary = Summary()
        # The client has no parameter for it.
        functions.meta.events.register("before-call.lambda.Invoke", self._add_trace_header)

    def run(self) -> None:
        """Look through both queues."""
        for suffix in QUEUES:
            with HeldQueue(self._sqs, f"{self._selection.stack}-{suffix}", self._hold_seconds) as queue:
                limited = self._look_through(queue)
            for message_id, reason in queue.not_released.items():
                print(f"note       message {message_id} stays hidden for up to {self._hold_seconds} s: {reason}")
            if queue.not_counted:
                print(f"note       {queue.name}: what other clients hold is not counted: {queue.not_counted}")
            if limited:
                print(f"note       stopped after {self._limit} messages; --limit says how many")
                return
            if queue.unseen:
                self.summary.add(Fate.NOT_SEEN, queue.unseen)
                print(f"not seen   about {queue.unseen} messages of {queue.name}: another client holds them, try later")

    def _look_through(self, queue: HeldQueue) -> bool:
        """Handle the queue's messages; return whether the limit stopped it."""
        for message in queue.messages():
            self.summary.add(self._handle(queue, message))
            if sum(self.summary.counts.values()) >= self._limit:
                return True
        return False

    def _handle(self, queue: HeldQueue, message: MessageTypeDef) -> Fate:
        try:
            letter = DeadLetter.parse(message)
        except NotADeadLetterError as error:
            print(f"failed     message {message['MessageId']} of {queue.name} is not a dead letter: {error}")
            return Fate.FAILED
        if refusal := self._selection.refusal(letter):
            print(f"failed     {letter}: {refusal}")
            return Fate.FAILED
        if not self._selection.includes(letter):
            print(f"waiting    {letter}: {letter.reason}")
            return Fate.WAITING
        self._pacer.wait()
        try:
            self._invoke(letter)
        except aws.ERRORS as error:
            print(f"failed     {letter}: {error}")
            return Fate.FAILED
        try:
            queue.delete(message)
        except aws.ERRORS as error:
            print(f"failed     {letter}: it was redriven, but is still in the queue: {error}")
            return Fate.FAILED
        print(f"redriven   {letter}")
        return Fate.REDRIVEN

    def _invoke(self, letter: DeadLetter) -> None:
        self._trace_header = letter.trace_header
        name, qualifier = letter.function
        self._functions.invoke(
            FunctionName=f"{name}:{qualifier}" if qualifier else name,
            InvocationType="Event",
            Payload=json.dumps(letter.event).encode(),
        )

    def _add_trace_header(self, params: dict[str, Any], **_: object) -> None:
        if self._trace_header:
            params["headers"]["X-Amzn-Trace-Id"] = self._trace_header


def hold_seconds(rate: float, limit: int) -> int:
    """How long messages are hidden, so that none comes a second time within a run that takes its full time."""
    return max(SHORTEST_HOLD, min(LONGEST_HOLD, int(limit / rate) + SHORTEST_HOLD // 2))
