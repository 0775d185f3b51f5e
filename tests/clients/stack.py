"""A `cargo local` of one's own, for the scripts beside this one."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NAME = "distributed-tracing-demo"


def template():
    """The project's template, as it may stand anywhere."""
    return (ROOT / "infra/template.yaml").read_text().replace("CodeUri: ..", f"CodeUri: {ROOT}")


@contextlib.contextmanager
def running(text):
    """Runs a template, and gives its API's URL and the environment in which AWS's clients talk to it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        path, ready = folder / "template.yaml", folder / "ready.json"
        path.write_text(text)
        command = ["cargo", "local", "--template", path, "--ready-file", ready, "--retry-delay", "0.1"]
        for port in ["--api-port", "--aws-port", "--xray-port"]:
            command += [port, "0"]
        with open(folder / "log", "w+") as log:
            local = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            try:
                while not ready.exists():
                    if local.poll() is not None:
                        log.seek(0)
                        raise SystemExit(log.read())
                    time.sleep(0.1)
                addresses = json.loads(ready.read_text())
                yield addresses["api"], os.environ | {
                    "AWS_ENDPOINT_URL": addresses["aws"], "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
                    "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
                }
            finally:
                local.send_signal(signal.SIGINT)
                local.wait()
