"""What the built functions are for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tools import build
from tools.exit_code import CannotRunError, FindingError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + (3).to_bytes(2, "little")


def built(folder: Path, content: bytes) -> Path:
    binary = folder / "OrderService" / "bootstrap"
    binary.parent.mkdir()
    binary.write_bytes(content)
    return binary


@pytest.mark.parametrize(("machine", "name"), [(62, "x86_64"), (183, "arm64"), (243, "the ELF machine 243")])
def test_the_elf_header_says_the_architecture(tmp_path: Path, machine: int, name: str) -> None:
    binary = built(tmp_path, HEAD + machine.to_bytes(2, "little") + bytes(44))
    assert build.architecture(binary) == name


@pytest.mark.parametrize("content", [b"", HEAD, b"#!/bin/sh\nexec something else\n"])
def test_what_lambda_cannot_run_is_refused(tmp_path: Path, content: bytes) -> None:
    binary = built(tmp_path, content)
    with pytest.raises(FindingError, match=re.escape(f"`{binary}` is not a Linux executable")):
        build.architecture(binary)


def test_a_build_for_another_architecture_is_refused(tmp_path: Path) -> None:
    built(tmp_path, HEAD + (62).to_bytes(2, "little"))
    build.check(tmp_path, "x86_64")
    with pytest.raises(FindingError, match="is for x86_64, but FunctionArchitecture is arm64"):
        build.check(tmp_path, "arm64")


def test_a_missing_build_is_not_a_fine_one(tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match="there is no function"):
        build.check(tmp_path, "x86_64")
