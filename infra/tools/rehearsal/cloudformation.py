"""CloudFormation templates as data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Template = dict[str, Any]
LONGER_THAN_THEIR_TAGS = {"Ref", "Condition"}
REFUSED = ("AWS::XRay::", "AWS::Budgets::", "AWS::Logs::Delivery", "AWS::Logs::QueryDefinition")
REFERENCE_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")


class _Loader(yaml.SafeLoader):
    """Reads a template's short intrinsics: `!Sub x` is `{"Fn::Sub": "x"}`."""


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> Template:
    if isinstance(node, yaml.ScalarNode):
        value: object = loader.construct_scalar(node)
        if name == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type] # the third kind of node
    return {name if name in LONGER_THAN_THEIR_TAGS else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def read(path: Path) -> Template:
    """Read a template, its intrinsics in their long form, as JSON has them."""
    template: Template = yaml.load(path.read_text(), _Loader)  # noqa: S506, a safe loader
    return template


def defaults(template: Template) -> dict[str, str]:
    """Return the parameters that have a default."""
    parameters = template["Parameters"].items()
    return {name: str(parameter["Default"]) for name, parameter in parameters if "Default" in parameter}


def is_refused(resource: Template) -> bool:
    """Whether ministack refuses a stack that has such a resource."""
    kind = resource["Type"]
    return kind.startswith(REFUSED) or (kind == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"])


def without_refused(template: Template) -> tuple[Template, list[str]]:
    """Return the template without what ministack refuses and what refers to that, and the names of what is left out."""
    resources, outputs = template["Resources"], template.get("Outputs", {})
    left_out = {name for name, resource in resources.items() if is_refused(resource)}
    while more := {
        name for name, resource in resources.items() if name not in left_out and left_out & refers_to(resource)
    }:
        left_out |= more
    kept = {name: resource for name, resource in resources.items() if name not in left_out}
    kept_outputs = {name: output for name, output in outputs.items() if not left_out & refers_to(output)}
    return template | {"Resources": kept, "Outputs": kept_outputs}, sorted(left_out)


def refers_to(value: object) -> set[str]:
    """Return the logical ids that a part of a template refers to."""
    return set(_references(value))


def _references(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            match name, item:
                case "Ref", str():
                    yield item
                case "DependsOn", str() | list():
                    yield from [item] if isinstance(item, str) else item
                case "Fn::GetAtt", [str() as logical_id, *_]:
                    yield logical_id
                case "Fn::Sub", str() | [str(), *_]:
                    yield from REFERENCE_IN_TEXT.findall(item if isinstance(item, str) else item[0])
                    yield from _references(item)
                case _:
                    yield from _references(item)


def body(template: Template) -> str:
    """Return the template as CloudFormation takes it."""
    return json.dumps(template, separators=(",", ":"), default=str)
