"""Starts the test modules of this folder as scripts: `python3 tests/clients/canary.py` needs nothing but Python."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra"))

from tools import virtual_environment


def as_tests(file: str) -> None:
    """Run the tests of a file with pytest, in the virtual environment `development`, and exit."""
    virtual_environment.enter("development")
    import pytest  # noqa: PLC0415, it is there only now

    sys.exit(pytest.main([file, *sys.argv[1:]]))
