"""SAM and the linters, as somebody who deploys runs them."""

from __future__ import annotations

import os
import time
import tomllib
from typing import TYPE_CHECKING

from tools import virtual_environment
from tools.paths import INFRA
from tools.process import announce, run, with_deployment_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICES = ("order", "payment", "inventory", "notification")


def validate() -> None:
    """Lint the two templates."""
    environment, checkov = with_deployment_tools(os.environ), virtual_environment.make("checkov")
    for template in ("template.yaml", "watch.yaml"):
        announce(f"sam validate --lint, checkov: {template}")
        run("sam", "validate", "--lint", "-t", template, environment=environment)
        run(checkov / "checkov", "--config-file", ".checkov.yaml", "-f", template)
    announce("cfn-lint with AWS's serverless rules")
    run("cfn-lint", environment=environment)


def build() -> None:
    """Build the four functions for release."""
    announce("sam build, which runs cargo-lambda")
    started = time.monotonic()
    run("sam", "build", environment=with_deployment_tools(os.environ))
    print(f"built in {time.monotonic() - started:.0f} s")
    for service in SERVICES:
        binary = INFRA / f".aws-sam/build/{service.capitalize()}Service/bootstrap"
        print(f"{service}-service: {binary.stat().st_size / 1e6:.1f} MB")


def deploy(environment: Mapping[str, str], config: str = "default", **changes: str) -> str:
    """Deploy with samconfig.toml, some of its parameters changed; return what `sam deploy` printed."""
    parameters = overrides((INFRA / "samconfig.toml").read_text(), config) | {"Watch": "false"} | changes
    return run(
        "sam",
        "deploy",
        "--config-env",
        config,
        "--no-confirm-changeset",
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in parameters.items()),
        environment=environment,
        quiet=True,
    )


def overrides(samconfig: str, config: str) -> dict[str, str]:
    """Return the `parameter_overrides` of one of the environments of a samconfig.toml."""
    listed: list[str] = tomllib.loads(samconfig)[config]["deploy"]["parameters"]["parameter_overrides"]
    return pairs(listed)


def pairs(listed: list[str]) -> dict[str, str]:
    """Return the parameters of texts such as `FunctionArchitecture=arm64`."""
    parts = (item.partition("=") for item in listed)
    return {name: value for name, _, value in parts}
