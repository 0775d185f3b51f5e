"""One replay from its start to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tools import aws, exit_code
from tools.exit_code import CannotRunError
from tools.replay.window import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_events import EventBridgeClient

    from tools.replay.window import Window

ENDED = {"COMPLETED", "CANCELLED", "FAILED"}


@dataclass(frozen=True)
class Archive:
    """The archive of a stack's bus."""

    arn: str
    bus_arn: str
    event_count: int

    @classmethod
    def find(cls, events: EventBridgeClient, stack: str) -> Archive:
        """Return the one that the template makes."""
        try:
            found = events.describe_archive(ArchiveName=stack)
        except ClientError as error:
            if aws.code(error) != "ResourceNotFoundException":
                raise
            message = f"there is no archive `{stack}` here\nhint: the parameter ArchiveRetentionDays makes one"
            raise CannotRunError(message) from error
        return cls(found["ArchiveArn"], found["EventSourceArn"], found.get("EventCount", 0))


def rule_arns(events: EventBridgeClient, stack: str, names: list[str]) -> list[str]:
    """Return the ARNs of the stack's rules of these names, with or without the stack's own name before them."""
    arns = []
    for name in names:
        full_name = name if name.startswith(f"{stack}-") else f"{stack}-{name}"
        try:
            arns.append(events.describe_rule(Name=full_name, EventBusName=stack)["Arn"])
        except ClientError as error:
            if aws.code(error) != "ResourceNotFoundException":
                raise
            message = f"the bus `{stack}` has no rule `{full_name}`"
            raise CannotRunError(message) from error
    return arns


def start(events: EventBridgeClient, archive: Archive, name: str, window: Window, rules: list[str]) -> None:
    """Start a replay for these rules, or for all where there is none."""
    events.start_replay(
        ReplayName=name,
        EventSourceArn=archive.arn,
        EventStartTime=window.start,
        EventEndTime=window.end,
        Destination={"Arn": archive.bus_arn, "FilterArns": rules} if rules else {"Arn": archive.bus_arn},
    )


@dataclass(frozen=True)
class Patience:
    """How long to wait for the end of a replay, and how often to look, in seconds."""

    timeout: float
    interval: float = 5
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def follow(events: EventBridgeClient, name: str, patience: Patience) -> int:
    """Print how far a replay is until it has ended; return the exit code."""
    deadline = patience.clock() + patience.timeout
    printed = ""
    while True:
        replay = events.describe_replay(ReplayName=name)
        state = replay["State"]
        line = progress(state, replay.get("EventLastReplayedTime"), replay.get("StateReason"))
        if line != printed:
            print(line, flush=True)
            printed = line
        if state in ENDED:
            return exit_code.FINE if state == "COMPLETED" else exit_code.FOUND_SOMETHING
        if patience.clock() >= deadline:
            print(f"note       the replay goes on; `infra/replay --follow {name}` looks again", flush=True)
            return exit_code.FOUND_SOMETHING
        patience.sleep(patience.interval)


def progress(state: str, last: datetime | None, reason: str | None) -> str:
    """Return such as `RUNNING    up to 2026-11-26T12:03:00Z`."""
    line = f"{state:10} up to {shown(last)}" if last else f"{state:10} no event yet"
    return f"{line}: {reason}" if reason else line
