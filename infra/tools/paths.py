"""Where things are in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
VIRTUAL_ENVIRONMENTS = ROOT / "target" / "venv"
