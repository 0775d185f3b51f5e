"""Templates and configurations that the rehearsal reads."""

import json
from pathlib import Path

import pytest

from tools.paths import INFRA
from tools.rehearsal import cloudformation, sam

TEMPLATE = """\
Parameters:
  Name: { Type: String, Default: shop }
  Rate: { Type: Number, Default: 0.05 }
  Mail: { Type: String }
Resources:
  Topic: { Type: AWS::SNS::Topic, Condition: HasMail }
  Group: { Type: AWS::XRay::Group, Properties: { GroupName: !Sub "${Name}-${Topic.TopicName}" } }
  Plain: { Type: AWS::CloudWatch::Alarm, Properties: { AlarmActions: [!Ref Topic] } }
  Rate5xx: { Type: AWS::CloudWatch::Alarm, Properties: { Metrics: [] } }
  Budget: { Type: AWS::Budgets::Budget, Condition: HasBudget, Properties: { Budget: { BudgetName: !Ref Name } } }
  Source: { Type: AWS::Logs::DeliverySource, Properties: { Name: !Ref Name } }
  Page:
    Type: AWS::CloudWatch::Dashboard
    Properties: { DashboardBody: !Sub ["${Url}", { Url: !GetAtt Group.GroupARN }] }
  Link: { Type: AWS::SSM::Parameter, DependsOn: [Page], Properties: { Value: x } }
Outputs:
  Where: { Value: !Ref Topic }
  Insights: { Value: !GetAtt Group.GroupARN }
"""


@pytest.fixture
def template(tmp_path: Path) -> cloudformation.Template:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return cloudformation.read(path)


def test_intrinsics_have_their_long_form(template: cloudformation.Template) -> None:
    resources = template["Resources"]
    assert resources["Group"]["Properties"]["GroupName"] == {"Fn::Sub": "${Name}-${Topic.TopicName}"}
    assert resources["Plain"]["Properties"]["AlarmActions"] == [{"Ref": "Topic"}]
    assert template["Outputs"]["Insights"]["Value"] == {"Fn::GetAtt": ["Group", "GroupARN"]}


def test_what_is_refused_takes_along_what_refers_to_it(template: cloudformation.Template) -> None:
    rest, left_out = cloudformation.without_refused(template)
    assert left_out == ["Budget", "Group", "Link", "Page", "Rate5xx", "Source"]
    assert sorted(rest["Resources"]) == ["Plain", "Topic"]
    assert sorted(rest["Outputs"]) == ["Where"]
    assert json.loads(cloudformation.body(rest)) == rest


def test_references_are_found_in_every_form() -> None:
    value = {
        "a": [{"Ref": "A"}, {"Fn::Sub": ["${B.Arn} ${!No}", {"c": {"Fn::GetAtt": ["C", "Arn"]}}]}],
        "DependsOn": "D",
    }
    assert cloudformation.refers_to(value) == {"A", "B", "C", "D"}


def test_defaults_are_texts(template: cloudformation.Template) -> None:
    assert cloudformation.defaults(template) == {"Name": "shop", "Rate": "0.05"}


def test_the_projects_own_templates_can_be_read() -> None:
    watch, left_out = cloudformation.without_refused(cloudformation.read(INFRA / "watch.yaml"))
    assert "Dashboard" in {resource["Type"].rsplit("::", 1)[-1] for resource in watch["Resources"].values()}
    assert left_out
    # Each of its parameters has a value: in itself, in template.yaml, or in the rehearsal.
    template = cloudformation.read(INFRA / "template.yaml")
    known = cloudformation.defaults(watch).keys() | cloudformation.defaults(template).keys()
    assert watch["Parameters"].keys() <= known


def test_samconfigs_parameters_are_read() -> None:
    samconfig = '[prod.deploy.parameters]\nparameter_overrides = ["Environment=prod", "Filter=a=b"]\n'
    assert sam.overrides(samconfig, "prod") == {"Environment": "prod", "Filter": "a=b"}
