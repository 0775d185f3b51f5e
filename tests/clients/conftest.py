"""What several test modules of this folder need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stack

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `check.py` know a `cargo local` that runs already."""
    parser.addoption("--local", metavar="READY_FILE", help="the file that `cargo local --ready-file` has written")


@pytest.fixture
def template() -> str:
    """Return the project's template; a module may have another."""
    return stack.template()


@pytest.fixture
def local(template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[stack.Stack]:
    """Run the template; boto3 and the tools talk to it."""
    with stack.running(template) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running
