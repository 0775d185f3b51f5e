"""What `sam deploy` hands to CloudFormation, and what CloudFormation makes of it.

`transform` runs SAM's own transform, the library that AWS runs, on template.yaml with the given parameters.
`stack` then resolves conditions and intrinsic functions, so that a test can ask what would exist, and how."""

import copy
import logging
import pathlib
import re
from typing import Any

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

# It warns of its own metrics.
logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
INFRA = pathlib.Path(__file__).resolve().parent.parent
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "test",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()
# Parts of a template, and the values of its parameters.
Tree = dict[str, Any]
Parameters = dict[str, str]


def source(name: str = "template.yaml") -> Tree:
    """A template as it is written, its intrinsic functions in their long form."""
    return yaml_parse((INFRA / name).read_text())


def transform(
    parameters: Parameters | None = None, template: Tree | None = None, code: str = "s3://artifacts/code"
) -> Tree:
    """The template after SAM's transform, which sees the parameters' values but no condition."""
    template = copy.deepcopy(template or source())
    for resource in template["Resources"].values():
        # As `sam deploy` does when it has uploaded them.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code
        if resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = "https://s3.amazonaws.com/artifacts/watch.yaml"
    session = boto3.Session(region_name=PSEUDO["AWS::Region"])
    translator = Translator({}, Parser(), boto_session=session)
    return translator.translate(template, parameters or {}, get_managed_policy_map=dict)


def stack(parameters: Parameters | None = None) -> Tree:
    """The resources that template.yaml makes with these parameters, resolved, by logical id."""
    return Resolver(transform(parameters), parameters or {}).resources()


def watch(parameters: Parameters | None = None) -> Tree:
    """The resources of watch.yaml, with the parameters that template.yaml hands to it."""
    handed = stack(parameters)["Watcher"]["Properties"]["Parameters"]
    return Resolver(source("watch.yaml"), {name: str(value) for name, value in handed.items()}).resources()


class Resolver:
    """Resolves intrinsic functions as CloudFormation does. What is known only after creation stays a text that names
    the resource and the attribute."""

    def __init__(self, template: Tree, parameters: Parameters) -> None:
        self.template = template
        self.values = dict(PSEUDO)
        for name, declared in template["Parameters"].items():
            value = str(parameters[name] if name in parameters else declared["Default"])
            self.values[name] = value.split(",") if declared["Type"] == "CommaDelimitedList" else value

    def resources(self) -> Tree:
        return {
            name: self.resolve(resource)
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def condition(self, name: str) -> object:
        return self.resolve(self.template["Conditions"][name])

    def resolve(self, value: object) -> Any:  # noqa: ANN401 (whatever stands in a template)
        if isinstance(value, list):
            resolved = [self.resolve(item) for item in value]
            return [item for item in resolved if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self.call(name, argument)
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def call(self, name: str, argument: Any) -> Any:  # noqa: ANN401, C901, PLR0911 (one case for each function)
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
