"""Steps of a script: said, run, waited for."""

import os
import subprocess
import sys
import time

import venv


def step(sentence):
    print(f"\n--- {sentence}", flush=True)


def run(*command, where=venv.INFRA, environment=None, quiet=False):
    """Runs a command; its output is shown as it comes, or only where it fails."""
    environment = environment or os.environ
    done = subprocess.run(command, cwd=where, env=environment, text=True, stderr=subprocess.STDOUT,
                          stdout=subprocess.PIPE if quiet else None)
    if done.returncode != 0:
        sys.exit(f"{done.stdout or ''}\n`{' '.join(map(str, command))}` failed with {done.returncode}")
    return done.stdout or ""


def with_tools(environment):
    """An environment in which SAM, cargo-lambda and cfn-lint are found."""
    path = f"{venv.make('deploy')}:{environment['PATH']}"
    return dict(environment) | {"SAM_CLI_TELEMETRY": "0", "PATH": path}


def until(what, look, patience=60):
    """Waits until `look` finds something."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    sys.exit(f"waited {patience} s in vain for {what}")
