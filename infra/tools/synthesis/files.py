"""The files of a synthesis. What changes has another name, so that CloudFormation sees the change."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from typing import TYPE_CHECKING

from tools.exit_code import CannotRunError
from tools.synthesis.transform import Template, source, transform

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUCKET = "ArtifactBucket"
# The oldest time that a zip can hold: equal code makes equal zips.
EPOCH = (1980, 1, 1, 0, 0, 0)
EXECUTABLE = 0o100755 << 16


def write(build: Path, output: Path, parameters: Mapping[str, str]) -> list[Path]:
    """Write everything into an emptied folder; return the files."""
    template = source()
    functions = [name for name, made in template["Resources"].items() if made["Type"] == "AWS::Serverless::Function"]
    binaries = {name: build / name / "bootstrap" for name in functions}
    if missing := [str(path) for path in binaries.values() if not path.is_file()]:
        message = f"there is no `{missing[0]}`; `sam build` makes it"
        raise CannotRunError(message)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    watch = _write(output, "watch", "json", _json(source("watch.yaml")))
    zips = {name: _write(output, name, "zip", _zipped(binaries[name])) for name in functions}

    _set_defaults(template, parameters)
    url = {"Fn::Sub": f"https://${{{BUCKET}}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{watch.name}"}
    made = transform(template, parameters, lambda name: {"Bucket": {"Ref": BUCKET}, "Key": zips[name].name}, url)
    # Only now: the transform would put the parameter's default in its place.
    made["Parameters"][BUCKET] = {
        "Type": "String",
        "Default": "",
        "Description": "The bucket with the files beside this one. The CDK needs none: it has a bucket of its own.",
    }
    path = output / "template.json"
    path.write_bytes(_json(made))
    return [path, watch, *zips.values()]


def _set_defaults(template: Template, parameters: Mapping[str, str]) -> None:
    for name, value in parameters.items():
        if name not in template["Parameters"]:
            message = f"template.yaml has no parameter `{name}`"
            raise CannotRunError(message)
        template["Parameters"][name]["Default"] = value


def _json(template: Template) -> bytes:
    return json.dumps(template, indent=1).encode()


def _zipped(binary: Path) -> bytes:
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.external_attr = EXECUTABLE
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(entry, binary.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _write(folder: Path, name: str, suffix: str, content: bytes) -> Path:
    path = folder / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
    path.write_bytes(content)
    return path
