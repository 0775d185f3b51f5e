"""Checks that the functions in .aws-sam/build were built for the architecture that they will run on, which neither
`sam build` nor `sam deploy` looks at: Lambda would fail at the first call with *exec format error*.

    infra/check-build                                                   for `sam deploy`
    infra/check-build --config-env prod --parameter-overrides FunctionArchitecture=arm64

Exit code 0: they were; 1: one was not; 2: there is no build."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tools import exit_code
from tools.exit_code import CannotRunError, FindingError
from tools.paths import INFRA
from tools.rehearsal import cloudformation, sam

if TYPE_CHECKING:
    from pathlib import Path

BUILD = INFRA / ".aws-sam/build"
PARAMETER = "FunctionArchitecture"
# The head of an ELF file: the magic, then at 18 the machine in two bytes, least significant first on both of these.
MAGIC, MACHINE = b"\x7fELF", slice(18, 20)
MACHINES = {62: "x86_64", 183: "arm64"}


def main() -> int:
    """Check the build as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="infra/check-build", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config-env", default="default", help="the environment of samconfig.toml (%(default)s)")
    parser.add_argument("--parameter-overrides", nargs="*", metavar="NAME=VALUE", help="as given to `sam deploy`")
    arguments = parser.parse_args()
    return exit_code.of(lambda: run(arguments.config_env, arguments.parameter_overrides))


def run(config: str, given: list[str] | None) -> int:
    """Check the build against what will be deployed. What is given replaces samconfig's list, as it does for SAM."""
    overrides = sam.pairs(given) if given else sam.overrides((INFRA / "samconfig.toml").read_text(), config)
    check(BUILD, (cloudformation.defaults(cloudformation.read(INFRA / "template.yaml")) | overrides)[PARAMETER])
    return exit_code.FINE


def check(build: Path, wanted: str) -> None:
    """See that each function of a build is for the wanted architecture."""
    binaries = sorted(build.glob("*/bootstrap"))
    if not binaries:
        message = f"there is no function in `{build}`; `sam build` in `{INFRA}` makes it"
        raise CannotRunError(message)
    for binary in binaries:
        if (found := architecture(binary)) != wanted:
            message = f"`{binary}` is for {found}, but {PARAMETER} is {wanted}: give both commands the same"
            raise FindingError(message)
    print(f"{len(binaries)} functions are built for {wanted}")


def architecture(binary: Path) -> str:
    """Return Lambda's name of the architecture that a binary is for."""
    with binary.open("rb") as file:
        head = file.read(MACHINE.stop)
    if len(head) < MACHINE.stop or not head.startswith(MAGIC):
        message = f"`{binary}` is not a Linux executable (ELF)"
        raise FindingError(message)
    machine = int.from_bytes(head[MACHINE], "little")
    return MACHINES.get(machine, f"the ELF machine {machine}")


if __name__ == "__main__":
    sys.exit(main())
