"""Waiting for a state."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from tools.exit_code import FindingError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], patience: float = 60, interval: float = 0.2) -> T:
    """Call `look` every `interval` seconds until it finds something true; give up after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(interval)
    message = f"{what} did not appear within {patience:g} s"
    raise FindingError(message)
