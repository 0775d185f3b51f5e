"""Which events a replay asks for, and what its end means."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from tools import exit_code
from tools.exit_code import CannotRunError
from tools.replay import run as replays
from tools.replay.window import Window, moment, shown

GOES_ON = "note       the replay goes on; `infra/replay --follow r` looks again"
NOW = datetime(2026, 11, 26, 12, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", "2026-11-26T11:58:30Z"),
        ("2h", "2026-11-26T10:00:00Z"),
        ("3d", "2026-11-23T12:00:00Z"),
        ("2026-11-26T12:00:00Z", "2026-11-26T12:00:00Z"),
        ("2026-11-26T12:00:00+02:00", "2026-11-26T10:00:00Z"),
    ],
)
def test_moments(text: str, time: str) -> None:
    assert shown(moment(text, NOW)) == time


@pytest.mark.parametrize("text", ["", "2", "2w", "yesterday", "2026-11-26T12:00:00", "2026-11-26"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a time with its zone"):
        moment(text, NOW)


def test_a_window_begins_with_a_whole_second_and_ends_after_it() -> None:
    window = Window.parse("1h", None, NOW)
    # The event of a moment within that second has the second as its time.
    assert window.start == datetime(2026, 11, 26, 11, 0, 0, tzinfo=UTC)
    assert window.end == NOW
    assert window.may_be_incomplete(NOW)
    assert not Window.parse("2h", "11m", NOW).may_be_incomplete(NOW)
    with pytest.raises(ValueError, match="before it begins"):
        Window.parse("1h", "2h", NOW)


class Replay:
    """Stands for EventBridge: a replay that is in one state after the other."""

    def __init__(self, *states: str) -> None:
        """Be in these states, one at each look."""
        self.states = list(states)

    def describe_replay(self, **_: str) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        last = {} if state == "STARTING" else {"EventLastReplayedTime": NOW}
        return {"State": state, **last, **({"StateReason": "no rule"} if state == "FAILED" else {})}


@pytest.mark.parametrize(
    ("states", "code", "last_line"),
    [
        (["STARTING", "RUNNING", "RUNNING", "COMPLETED"], exit_code.FINE, "COMPLETED  up to 2026-11-26T12:00:00Z"),
        (["CANCELLING", "CANCELLED"], exit_code.FOUND_SOMETHING, "CANCELLED  up to 2026-11-26T12:00:00Z"),
        (["FAILED"], exit_code.FOUND_SOMETHING, "FAILED     up to 2026-11-26T12:00:00Z: no rule"),
        (["RUNNING"], exit_code.FOUND_SOMETHING, GOES_ON),
    ],
)
def test_the_end_of_a_replay(states: list[str], code: int, last_line: str, capsys: pytest.CaptureFixture[str]) -> None:
    time = iter(range(100))
    events = cast("Any", Replay(*states))
    patience = replays.Patience(10, clock=lambda: next(time), sleep=lambda _: None)
    assert replays.follow(events, "r", patience) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == last_line
    assert len(lines) == len(set(lines)), "a line says something new"


class NoArchive:
    """Stands for EventBridge without an archive."""

    def describe_archive(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "x"}}, "DescribeArchive")


def test_a_stack_without_an_archive_is_named() -> None:
    with pytest.raises(CannotRunError, match="ArchiveRetentionDays"):
        replays.Archive.find(cast("Any", NoArchive()), "shop-demo")
