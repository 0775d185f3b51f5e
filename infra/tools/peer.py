"""Deploys the project's template with functions that are built already to ministack, an emulator of AWS, prints where
it answers, and goes on until its standard input ends. `cargo measure` compares `cargo local` with it.

    python -m tools.peer FOLDER        the folder of the services' executables"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tools import exit_code
from tools.paths import INFRA
from tools.process import run
from tools.rehearsal import loopback_cloud, sam
from tools.rehearsal.orders import api_url

STACK = "distributed-tracing-demo"


def main() -> int:
    """Deploy, print, wait."""
    binaries = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name, loopback_cloud.running(Path(name)) as environment:
        folder = Path(name)
        _built(binaries, folder)
        settings = INFRA / "samconfig.toml"
        deploy = ("sam", "deploy", "--template-file", folder / "template.yaml", "--config-file", settings)
        parameters = sam.overrides(settings.read_text(), "default") | {"Watch": "false"}
        overrides = [f"{key}={value}" for key, value in parameters.items()]
        run(*deploy, "--parameter-overrides", *overrides, environment=environment, quiet=True)
        where = {
            "api": api_url(environment, STACK),
            "aws": environment["AWS_ENDPOINT_URL"],
            "name": f"ministack {importlib.metadata.version('ministack')}",
        }
        print(json.dumps(where), flush=True)
        sys.stdin.read()
    return exit_code.FINE


def _built(binaries: Path, folder: Path) -> None:
    """Write into `folder` what `sam build` would leave there."""
    template = (INFRA / "template.yaml").read_text()
    for service in sam.SERVICES:
        code = folder / f"{service}-service"
        code.mkdir()
        shutil.copy2(binaries / f"{service}-service", code / "bootstrap")
        template = template.replace(f"CodeUri: ../{service}-service", f"CodeUri: {service}-service")
    (folder / "template.yaml").write_text(template)
    shutil.copy2(INFRA / "watch.yaml", folder)


if __name__ == "__main__":
    sys.exit(exit_code.of(main))
