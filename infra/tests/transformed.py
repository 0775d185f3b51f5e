"""What `sam deploy` hands to CloudFormation, and what CloudFormation makes of it.

`transform` runs SAM's own transform on template.yaml with the given parameters.
`stack` then resolves conditions and intrinsic functions, so that a test can ask what would exist, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tools.paths import INFRA
from tools.synthesis import transform as sam
from tools.synthesis.transform import Template, source

__all__ = ["INFRA", "Parameters", "Template", "source", "stack", "transform", "watch"]

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "test",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()

Parameters = Mapping[str, str]


def transform(parameters: Parameters | None = None, template: Template | None = None) -> Template:
    """The template after SAM's transform, with what `sam deploy` puts in place of local paths."""
    nested = "https://s3.amazonaws.com/artifacts/watch.yaml"
    return sam.transform(template or source(), parameters or {}, lambda _: "s3://artifacts/code", nested)


def stack(parameters: Parameters | None = None) -> Template:
    """The resources that template.yaml makes with these parameters, resolved, by logical id."""
    return Resolver(transform(parameters), parameters or {}).resources()


def watch(parameters: Parameters | None = None) -> Template:
    """The resources of watch.yaml, with the parameters that template.yaml hands to it."""
    handed = stack(parameters)["Watcher"]["Properties"]["Parameters"]
    return Resolver(source("watch.yaml"), {name: str(value) for name, value in handed.items()}).resources()


class Resolver:
    """Resolves intrinsic functions as CloudFormation does. What is known only after creation stays a text that names
    the resource and the attribute."""

    def __init__(self, template: Template, parameters: Parameters) -> None:
        """Give the template's parameters these values, or else their defaults."""
        self.template = template
        self.values: dict[str, str | list[str]] = dict(PSEUDO)
        for name, declared in template["Parameters"].items():
            value = str(parameters[name] if name in parameters else declared["Default"])
            self.values[name] = value.split(",") if declared["Type"] == "CommaDelimitedList" else value

    def resources(self) -> Template:
        """Return the resources whose conditions hold, by logical id."""
        return {
            name: self.resolve(resource)
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        return bool(self.resolve(self.template["Conditions"][name]))

    def resolve(self, value: Any) -> Any:  # noqa: ANN401, any part of a template
        """Return a part of the template without intrinsic functions."""
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self.call(name, argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def call(self, name: str, argument: Any) -> Any:  # noqa: ANN401, C901, PLR0911, a line for each function
        """Return what an intrinsic function makes of its argument."""
        match name:
            case "Ref":
                return NO_VALUE if argument == "AWS::NoValue" else self.values.get(argument, argument)
            case "Condition":
                return self.condition(argument)
            case "Fn::If":
                return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])
            case "Fn::GetAtt":
                return argument if isinstance(argument, str) else ".".join(argument)
            case "Fn::Sub":
                text, own = argument if isinstance(argument, list) else (argument, {})
                values = self.values | {key: self.resolve(item) for key, item in own.items()}
                return re.sub(r"\$\{([^!}][^}]*)\}", lambda match: str(values.get(match[1], match[1])), text)
            case "Fn::Join":
                return argument[0].join(str(item) for item in self.resolve(argument[1]))
            case "Fn::Select":
                return self.resolve(argument[1])[int(argument[0])]
            case "Fn::FindInMap":
                first, second, third = (self.resolve(item) for item in argument)
                return self.template["Mappings"][first][second][third]
            case "Fn::Equals":
                left, right = (str(self.resolve(item)) for item in argument)
                return left == right
            case "Fn::Not":
                return not self.resolve(argument[0])
            case "Fn::And":
                return all(self.resolve(item) for item in argument)
            case "Fn::Or":
                return any(self.resolve(item) for item in argument)
        msg = f"`{name}` is not resolved here"
        raise ValueError(msg)
