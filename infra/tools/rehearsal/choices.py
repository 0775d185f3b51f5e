"""The choices that samconfig.toml does not begin with: updates of a stack that runs, as an operator makes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from tools import aws
from tools.exit_code import FindingError
from tools.rehearsal import orders, sam

if TYPE_CHECKING:
    from collections.abc import Mapping

# Who may order. ministack looks at no signature, so the service itself has to refuse callers that it does not know.
DEMANDS = {
    "a signature": {"ApiAuth": "AWS_IAM"},
    "a token": {"ApiAuth": "JWT", "UserPoolId": "us-east-1_AbCdEf123", "UserPoolClientId": "4abc2def"},
}
# What can be chosen together. Nobody has to say ManageApiLogRole=false: it is the default, and rehearsed so.
OTHERS = {"TracesExporter": "otlp-udp", "NotificationTopic": "STANDARD", "BusLogLevel": "INFO"}
OTHERS |= {"TrafficShifting": "Canary10Percent5Minutes", "FunctionTimeout": "15"}
# What each of these choices is made of, and ministack does not know.
REFUSED = {
    "ArchiveRetentionDays": "AWS::Events::Archive",
    "WafAclArn": "AWS::WAFv2::WebACLAssociation",
    "TrafficShifting (accepted, and done without)": "AWS::CodeDeploy::DeploymentGroup",
    "MonthlyBudget": "AWS::Budgets::Budget",
    "BusLogLevel (the delivery of the log)": "AWS::Logs::DeliverySource",
    "Watch (sampling rules)": "AWS::XRay::SamplingRule",
    "Watch and XRayInsights (the group)": "AWS::XRay::Group",
    "Watch (saved queries)": "AWS::Logs::QueryDefinition",
}
UNKNOWN = "Unrecognized resource types"


def deploy(environment: Mapping[str, str], stack: str) -> None:
    """Update a stack to each choice, and see what came of it."""
    sam.deploy(environment, **OTHERS)
    orders.expect_handled(stack, orders.place(orders.api_url(environment, stack)))
    function = boto3.client("lambda").get_function_configuration(FunctionName=f"{stack}-notification-service")
    variables = function["Environment"]["Variables"]
    found = variables["TRACES_EXPORTER"], variables["TOPIC_ARN"].rsplit(":", 1)[-1], function["Timeout"]
    if found != (OTHERS["TracesExporter"], f"{stack}-customers", int(OTHERS["FunctionTimeout"])):
        message = f"the notification service does not have the choices {OTHERS}: {found}"
        raise FindingError(message)
    print(f"with {', '.join(f'{name}={value}' for name, value in OTHERS.items())}: {found}")
    # The last ones: ministack does not forget that a token was demanded.
    for demand, changes in DEMANDS.items():
        sam.deploy(environment, **changes)
        # An update may replace the API.
        orders.expect_refusal(orders.api_url(environment, stack), demand)


def name_refused() -> None:
    """Name the choices that cannot be rehearsed, and notice when one can."""
    client = boto3.client("cloudformation", config=aws.PATIENT)
    for choice, kind in REFUSED.items():
        body = json.dumps({"Resources": {"Any": {"Type": kind, "Properties": {}}}})
        try:
            client.create_stack(StackName="refused", TemplateBody=body)
        except ClientError as refusal:
            if UNKNOWN in str(refusal):
                print(f"not rehearsed: {choice}, because ministack has no {kind}")
                continue
            raise
        message = f"ministack knows {kind} now: rehearse {choice}"
        raise FindingError(message)
