"""A cloud on loopback: https://pypi.org/project/ministack/, started for one rehearsal."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools.exit_code import CannotRunError
from tools.polling import wait_for
from tools.process import with_deployment_tools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_REHEARSED = """\
ministack refuses these, so Watch=false leaves out watch.yaml (what else is in it is deployed by itself below):
  AWS::XRay::SamplingRule and AWS::XRay::Group, alarms on metric math, saved queries, and, where they are asked for,
  the budget and the delivery of the bus's logs
and these of template.yaml, so every environment goes without: archive, web ACL
ministack accepts these and does nothing about them:
  retries, dead letters and on-failure destinations (one attempt only); the request validator; gateway responses;
  signatures at the API; TrafficShifting (no CodeDeploy); the bus's log
  X-Ray: every hop is a trace of its own; IAM: nothing is enforced
`cargo local` and its stories cover routes, retries, dead letters, traces and permissions."""

STOP_SECONDS = 10
LAST_WORDS = 4000


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Run ministack; yield the environment in which AWS's tools talk to it. boto3 talks to it meanwhile, too."""
    port = _free_port()
    environment = _environment(f"http://127.0.0.1:{port}")
    log = folder / "ministack.log"
    with log.open("w") as output:
        # The functions inherit this environment, so they find everything where it is.
        server = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=folder,
            stdout=output,
            stderr=output,
            env=environment | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "EDGE_PORT": str(port)},
        )
        try:
            with _environ(environment):
                wait_for("ministack", lambda: _answers(server))
                yield environment
        except Exception:
            print(f"\nministack's last words:\n{log.read_text()[-LAST_WORDS:]}", file=sys.stderr)
            raise
        finally:
            _stop(server)


def _answers(server: subprocess.Popen[bytes]) -> bool:
    if server.poll() is not None:
        message = f"ministack ended with exit code {server.returncode}"
        raise CannotRunError(message)
    try:
        boto3.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError):
        return False
    return True


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(endpoint: str) -> dict[str, str]:
    """Return the caller's environment without any setting that could lead to a real account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return with_deployment_tools(kept) | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@contextlib.contextmanager
def _environ(environment: dict[str, str]) -> Iterator[None]:
    """Exchange this process's environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
