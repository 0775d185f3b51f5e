"""SAM's own transform, the library that AWS runs."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tools.paths import INFRA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# It warns of its own metrics.
logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
REGION = "us-east-1"

Template = dict[str, Any]


def source(name: str = "template.yaml") -> Template:
    """A template as it is written, its intrinsic functions in their long form."""
    template: Template = yaml_parse((INFRA / name).read_text())
    return template


def transform(
    template: Template, parameters: Mapping[str, str], code: Callable[[str], object], nested: object
) -> Template:
    """The template after SAM's transform, which sees the parameters' values but no condition. `code` says where a
    function's code is, `nested` where the nested template is.
    """
    template = copy.deepcopy(template)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code(name)
        if resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = nested
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    transformed: Template = translator.translate(template, dict(parameters), get_managed_policy_map=dict)
    return transformed
