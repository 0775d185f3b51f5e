"""A `cargo local` of one's own, for the tests beside this one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import boto3
from tools.paths import ROOT
from tools.polling import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "distributed-tracing-demo"


class Stack(NamedTuple):
    """A stack that runs."""

    url: str
    """Where its API answers."""
    environment: dict[str, str]
    """The environment in which AWS's clients talk to it."""
    otlp: str | None
    """Where it takes OpenTelemetry's spans, if it was started with a port for them."""


def environment(addresses: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which AWS's clients talk to a stack with these addresses."""
    return dict(os.environ) | {
        "AWS_ENDPOINT_URL": addresses["aws"],
        "AWS_XRAY_DAEMON_ADDRESS": addresses["xray"],
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def template() -> str:
    """Return the project's template, as it may stand anywhere."""
    return (ROOT / "infra/template.yaml").read_text().replace("CodeUri: ..", f"CodeUri: {ROOT}")


@contextlib.contextmanager
def running(text: str, *options: str) -> Iterator[Stack]:
    """Run a template, with more options of `cargo local`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, ready = folder / "template.yaml", folder / "ready.json"
        path.write_text(text)
        command = ["cargo", "local", "--template", str(path), "--ready-file", str(ready), "--retry-delay", "0.1"]
        for port in ("--api-port", "--aws-port", "--xray-port"):
            command += [port, "0"]
        command += options
        log = folder / "log"
        with log.open("w") as output:
            local = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        try:
            while not ready.exists():
                if local.poll() is not None:
                    message = f"`cargo local` ended before it was ready:\n{log.read_text()}"
                    raise RuntimeError(message)
                time.sleep(0.1)
            addresses = json.loads(ready.read_text())
            yield Stack(addresses["api"], environment(addresses), addresses.get("otlp"))
        finally:
            local.send_signal(signal.SIGINT)
            local.wait()


def place_order(local: Stack, order: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Place an order of `customer123`; return its id and its trace's."""
    request = urllib.request.Request(f"{local.url}/orders/customer123", json.dumps(order or {}).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        trace_id = answer.headers["X-Amzn-Trace-Id"].split(";")[0].removeprefix("Root=")
        return json.load(answer)["orderId"], trace_id


def wait_until_notified(order_id: str, patience: float) -> None:
    """Wait at most `patience` seconds until the order's customer is notified."""
    dynamodb, table = boto3.client("dynamodb"), f"{NAME}-notifications"
    key = {"orderId": {"S": order_id}}

    def sent() -> bool:
        return "sentAt" in dynamodb.get_item(TableName=table, Key=key).get("Item", {})

    wait_for("the notification", sent, patience)


def run_tool(name: str, *arguments: str, exits_with: int) -> str:
    """Run a tool of `infra`; return what it prints."""
    command = [str(ROOT / "infra" / name), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    assert done.returncode == exits_with, done.stdout
    return done.stdout
