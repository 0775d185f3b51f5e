"""The option of `check.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a test know a `cargo local` that runs already."""
    parser.addoption("--local", metavar="READY_FILE", help="the file that `cargo local --ready-file` has written")
