"""What the exit codes of the tools mean, and the errors behind them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FINE = 0
FOUND_SOMETHING = 1
CANNOT_RUN = 2
INTERRUPTED = 130


class CannotRunError(Exception):
    """The tool could not do its work: nothing can be said about what it should look at."""


class FindingError(Exception):
    """What the tool looked at is not as it should be."""


def of(work: Callable[[], int]) -> int:
    """Do `work` and return its exit code; turn its errors into a sentence on standard error and their exit code."""
    try:
        return work()
    except FindingError as error:
        print(f"found: {error}", file=sys.stderr)
        return FOUND_SOMETHING
    except (CannotRunError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return CANNOT_RUN
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
