"""Running other programs, step by step."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tools import virtual_environment
from tools.exit_code import FindingError
from tools.paths import INFRA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def announce(step: str) -> None:
    """Print the heading of a step."""
    print(f"\n--- {step}", flush=True)


def run(
    *command: str | Path, folder: Path = INFRA, environment: Mapping[str, str] | None = None, quiet: bool = False
) -> str:
    """Run a command. Its output is shown as it comes; where `quiet`, it is returned, and shown only after a failure."""
    arguments = [str(argument) for argument in command]
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=os.environ if environment is None else environment,
        text=True,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE if quiet else None,
        check=False,
    )
    output = done.stdout or ""
    if done.returncode != 0:
        message = f"`{' '.join(arguments)}` failed with exit code {done.returncode}"
        raise FindingError(f"{message}\n{output}" if output else message)
    return output


def with_deployment_tools(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with SAM, cargo-lambda and cfn-lint on its path."""
    path = f"{virtual_environment.make('deploy')}{os.pathsep}{environment['PATH']}"
    return dict(environment) | {"SAM_CLI_TELEMETRY": "0", "PATH": path}
