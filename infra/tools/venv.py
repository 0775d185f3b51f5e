"""Python packages for the scripts of this folder, in virtual environments under target/, so that nothing has to be
installed by hand and nothing is installed outside of the project."""

import hashlib
import os
import pathlib
import subprocess
import sys

INFRA = pathlib.Path(__file__).resolve().parent.parent
ROOT = INFRA.parent


def make(name: str) -> pathlib.Path:
    """The folder of executables of the environment with the packages of tools/NAME.txt."""
    requirements = INFRA / "tools" / f"{name}.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    folder = ROOT / "target" / "venv" / name
    made = folder / "made-of"
    if not made.exists() or made.read_text() != wanted:
        print(f"installing what {requirements.relative_to(ROOT)} says into {folder.relative_to(ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements]
        subprocess.run(pip, check=True)
        made.write_text(wanted)
    return folder / "bin"


def enter(name: str) -> None:
    """Goes on in that environment, unless this is it."""
    python = make(name) / "python"
    if pathlib.Path(sys.prefix) != python.parent.parent:
        os.execv(python, [str(python), *sys.argv])
