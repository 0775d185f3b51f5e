"""The canary against `cargo local`: content with the template as it is, and naming what is wrong with broken ones."""

from __future__ import annotations

import launch

if __name__ == "__main__":
    launch.as_tests(__file__)

import subprocess
from dataclasses import dataclass

import boto3
import pytest
import stack
from stack import NAME
from tools import exit_code
from tools.paths import ROOT

INVENTORY = f"arn:aws:dynamodb:us-east-1:000000000000:table/{NAME}-inventory"


@dataclass(frozen=True)
class Case:
    """A template that is broken in one way, and what the canary has to say about it."""

    broken: str
    before: str = ""
    after: str = ""
    differences: tuple[str, ...] = ()

    def template(self) -> str:
        """Return the template, broken."""
        template = stack.template()
        assert self.before in template, f"the template has no {self.before!r} any more"
        return template.replace(self.before, self.after, 1) if self.before else template


def in_function(service: str, added: str) -> tuple[str, str]:
    """Add a property to a service's function."""
    code = f"CodeUri: {ROOT}/{service}\n"
    return code, f"{code}      {added}\n"


CASES = [
    Case("nothing"),
    Case(
        "tracing is off on one function",
        *in_function("payment-service", "Tracing: PassThrough"),
        (
            "payment-service has tracing mode PassThrough",
            "missing on the map: payment-service (AWS::Lambda) -> payment-service (AWS::Lambda::Function)",
        ),
    ),
    Case(
        "a role that may not write to X-Ray, as SAM makes it for a function without tracing",
        *in_function("inventory-service", "Tracing: Disabled"),
        (
            "inventory-service has tracing mode PassThrough",
            "local-InventoryServiceRole of inventory-service lacks xray:PutTraceSegments (AWSXRayDaemonWriteAccess)",
        ),
    ),
    Case(
        "tracing is off on the stage",
        "TracingEnabled: true",
        "TracingEnabled: false",
        ("the API's stage is not traced", f"missing on the map: {NAME}/prod (client) -> {NAME}/prod"),
    ),
    Case(
        "a wrong detail-type in a rule",
        "detail-type: [Order Created]",
        "detail-type: [Order created]",
        (
            "no enabled rule sends `Order Created` to payment-service",
            f"rule {NAME}-payment-order-created matches no event that the services publish",
            "missing on the map: Events (AWS::Events) -> payment-service (AWS::Lambda)",
            "the payment is missing, not charged",
        ),
    ),
    Case(
        "a disabled rule",
        "RuleName: !Sub ${ProjectName}-${Environment}-inventory-order-created\n",
        "RuleName: !Sub ${ProjectName}-${Environment}-inventory-order-created\n            State: DISABLED\n",
        (
            f"rule {NAME}-inventory-order-created is disabled",
            "no enabled rule sends `Order Created` to inventory-service",
        ),
    ),
    Case(
        "a missing permission",
        "[dynamodb:Query, dynamodb:PutItem, dynamodb:UpdateItem]",
        "[dynamodb:Query, dynamodb:UpdateItem]",
        (
            f"is not authorized to perform: dynamodb:PutItem on resource: {INVENTORY}",
            "missing on the map: inventory-service (AWS::Lambda::Function) -> Events (AWS::Events)",
            "the order was not confirmed: no notification is annotated in its trace",
            "the reservation is missing, not reserved",
        ),
    ),
    Case(
        "no stock, so that the order is on its map but not confirmed",
        *("  InitialStock:\n    Type: Number\n    Default: 100", "  InitialStock:\n    Type: Number\n    Default: 0"),
        (
            "the order was not confirmed: the customer was notified of `out_of_stock`",
            "the reservation is insufficient, not reserved",
        ),
    ),
]


def canary(local: stack.Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    command = [str(ROOT / "infra/canary"), "--url", local.url, "--interval", "0.2", *arguments]
    return subprocess.run(
        command,
        env=local.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.broken)
def test_the_canary_names_what_is_broken(case: Case) -> None:
    with stack.running(case.template()) as local:
        done = canary(local, "--timeout", "8" if case.differences else "20")
    for sentence in case.differences:
        assert sentence in done.stdout
    assert done.returncode == (exit_code.FOUND_SOMETHING if case.differences else exit_code.FINE), done.stdout


def with_parameter(template: str, name: str, before: str, after: str) -> str:
    """Give a parameter another default."""
    declared = f"  {name}:\n    Type: String\n    Default: {before}\n"
    assert declared in template, name
    return template.replace(declared, declared.replace(before, after))


def test_the_canary_orders_as_a_session_and_puts_its_product_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with stack.running(with_parameter(stack.template(), "ApiAuth", "NONE", "AWS_IAM")) as local:
        done = canary(local, "--iam")
        assert done.returncode == exit_code.FINE, done.stdout
        assert "is back in the stock of" in done.stdout
        # Without it, the API does not let the canary in.
        refused = canary(local, "--timeout", "1")
        assert "the order was answered with 403" in refused.stdout
        for name, value in local.environment.items():
            monkeypatch.setenv(name, value)
        items = boto3.client("dynamodb").scan(TableName=f"{NAME}-inventory")["Items"]
        levels = [item["available"]["N"] for item in items if item["pk"]["S"].startswith("product#")]
        assert levels == ["100"]


def test_the_canary_orders_with_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    template = with_parameter(stack.template(), "ApiAuth", "NONE", "JWT")
    template = with_parameter(template, "UserPoolId", '""', "us-east-1_local")
    with stack.running(with_parameter(template, "UserPoolClientId", '""', "shop")) as local:
        for name, value in local.environment.items():
            monkeypatch.setenv(name, value)
        for user, exits_with in [("canary", exit_code.FINE), ("somebody", exit_code.FOUND_SOMETHING)]:
            signed_in = boto3.client("cognito-idp").initiate_auth(
                AuthFlow="USER_PASSWORD_AUTH", ClientId="shop", AuthParameters={"USERNAME": user, "PASSWORD": "any"}
            )
            done = canary(local, "--token", signed_in["AuthenticationResult"]["IdToken"])
            assert done.returncode == exits_with, done.stdout
            counts = "the order counts in the business metrics" in done.stdout
            assert counts == (user != "canary"), done.stdout
