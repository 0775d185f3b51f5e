"""Virtual environments under `target/venv`, made on first use.

Nothing has to be installed by hand, and nothing is installed outside of the project. The packages and their hashes
stand in `tools/requirements/NAME.txt`. This module runs before any of them is there, so it imports the standard library
alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

from tools.exit_code import CANNOT_RUN
from tools.paths import INFRA, ROOT, VIRTUAL_ENVIRONMENTS

if TYPE_CHECKING:
    from pathlib import Path

OLDEST_PYTHON = (3, 11)


def launch(environment: str, module: str) -> NoReturn:
    """Run `main()` of `module` in the virtual environment `environment`, and exit with what it returns."""
    enter(environment)
    sys.exit(importlib.import_module(module).main())


def enter(name: str) -> None:
    """Start this script again in the virtual environment `name`, unless it runs there already."""
    bin_folder = make(name)
    if sys.prefix != str(bin_folder.parent):
        python = str(bin_folder / "python")
        os.execv(python, [python, *sys.argv])  # noqa: S606, without a shell on purpose


def make(name: str) -> Path:
    """Make the virtual environment `name` where it is missing or out of date; return its folder of executables."""
    if sys.version_info < OLDEST_PYTHON:
        _give_up(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; `{sys.executable}` is older")
    requirements = INFRA / "tools" / "requirements" / f"{name}.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    folder = VIRTUAL_ENVIRONMENTS / name
    stamp = folder / "made-of"
    VIRTUAL_ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    # Two tools that start at once must not write into the same folder.
    with (VIRTUAL_ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(requirements, folder)
            stamp.write_text(wanted)
    return folder / "bin"


def _install(requirements: Path, folder: Path) -> None:
    shown = requirements.relative_to(ROOT)
    print(f"installing {shown} into {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
    # The file lists everything that is needed, so pip has nothing to resolve.
    pip = [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([*pip, "-r", str(requirements)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        _give_up(
            f"could not install {shown}: {error}\nhint: this needs a network, and Python's venv module (python3-venv)"
        )


def _give_up(sentence: str) -> NoReturn:
    print(f"error: {sentence}", file=sys.stderr)
    sys.exit(CANNOT_RUN)
