"""The time that replayed events are from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# An event may reach the archive so much later
# (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html).
ARCHIVE_DELAY = timedelta(minutes=10)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Window:
    """From when until when."""

    start: datetime
    end: datetime

    @classmethod
    def parse(cls, start: str, end: str | None, now: datetime) -> Window:
        """Parse the two ends; the second one is `now` where it is missing. An event's time is in whole seconds."""
        window = cls(moment(start, now).replace(microsecond=0), moment(end, now) if end else now)
        if window.start >= window.end:
            sentence = f"the window ends at {shown(window.end)}, before it begins at {shown(window.start)}"
            raise ValueError(sentence)
        return window

    def may_be_incomplete(self, now: datetime) -> bool:
        """Whether events of this window may not be in the archive yet."""
        return self.end > now - ARCHIVE_DELAY

    def __str__(self) -> str:
        """Such as `2026-11-26T12:00:00Z to 2026-11-26T12:30:00Z`."""
        return f"{shown(self.start)} to {shown(self.end)}"


def moment(text: str, now: datetime) -> datetime:
    """Return what `90m`, `2h` or `3d` (ago) or a date and time with its zone stands for."""
    if ago := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        sentence = f"`{text}` is neither a time with its zone, as 2026-11-26T12:00:00Z, nor an age, as 90m or 2h"
        raise ValueError(sentence)
    return parsed


def shown(time: datetime) -> str:
    """Return a time as the tool prints it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
