"""Rehearses a deployment without an account: builds, validates, deploys with the real `sam deploy` to ministack (a
cloud on loopback), places orders, deploys again, deploys a second environment beside it, updates one function with
`cargo lambda deploy`, redrives a dead letter, updates the stack to each choice that the cloud knows and names the
others, removes everything and looks whether anything is left. What it needs is installed under target/venv.

    infra/rehearse                 everything
    infra/rehearse --validate      the templates alone, without a build
    infra/rehearse --built         everything but the build: what `sam build` has left is deployed

Exit code 0: everything is as expected; 1: something is not, or a command failed; 2: it could not be rehearsed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from tools import aws, build, exit_code
from tools.canary.configuration import ALIAS
from tools.exit_code import FindingError
from tools.paths import INFRA, ROOT
from tools.process import announce, run
from tools.rehearsal import choices, cloudformation, loopback_cloud, orders, sam
from tools.rehearsal.deployed import expect_no_log_role, outputs, remove, remove_completely, show_arrived

if TYPE_CHECKING:
    from collections.abc import Mapping

# The two environments of samconfig.toml; `default` is called demo. Their stacks are named as everything in them.
DEMO, PROD = "distributed-tracing-demo", "distributed-tracing-prod"
WATCH = f"{DEMO}-watch"
PAYMENT_SERVICE = f"{DEMO}-payment-service"
# What an update of a function's code must not change.
SETTINGS = ("MemorySize", "Timeout", "Runtime", "Role", "Environment", "TracingConfig", "Handler")


def main() -> int:
    """Rehearse as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="infra/rehearse", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--validate", action="store_true", help="validate the templates and do nothing else")
    parser.add_argument("--built", action="store_true", help="deploy what `sam build` has left, and build nothing")
    arguments = parser.parse_args()
    return exit_code.of(lambda: _validate() if arguments.validate else _everything(built=arguments.built))


def _validate() -> int:
    sam.validate()
    return exit_code.FINE


@aws.required()
def _everything(*, built: bool) -> int:
    sam.validate()
    if not built:
        sam.build()
    announce("the architecture of what was built")
    build.run("default", None)
    with tempfile.TemporaryDirectory() as folder, loopback_cloud.running(Path(folder)) as environment:
        rehearse(environment, built=built)
    print("\nrehearsal: 1 passed, 0 failed")
    return exit_code.FINE


def rehearse(environment: Mapping[str, str], *, built: bool) -> None:
    """Go from the first deployment to the last removal."""
    announce("sam deploy to ministack")
    print(loopback_cloud.NOT_REHEARSED)
    sam.deploy(environment)
    print("\n".join(f"{name}: {value}" for name, value in sorted(outputs(DEMO).items())))
    show_arrived(DEMO)
    expect_no_log_role()
    url = orders.api_url(environment, DEMO)
    announce("orders through its API Gateway")
    orders.expect_handled(DEMO, orders.place(url))
    orders.expect_handled(DEMO, orders.place(url, paymentMethod="card_declined"), paid=False)
    announce("watch.yaml")
    deploy_watch()
    announce("sam deploy again")
    printed = sam.deploy(environment)
    if "No changes to deploy" not in printed:
        message = f"a second `sam deploy` of the same template changes something:\n{printed}"
        raise FindingError(message)
    print("no changes")
    announce("sam deploy --config-env prod: a second environment beside it")
    deploy_prod(environment)
    announce("cargo lambda deploy: one function")
    update_one_function(environment, built=built)
    orders.expect_handled(DEMO, orders.place(url))
    announce("redrive")
    redrive_dead_letter()
    announce("sam deploy with the other choices")
    choices.deploy(environment, DEMO)
    announce("what ministack refuses")
    choices.name_refused()
    announce("delete the stack")
    remove_completely(DEMO)


def deploy_watch() -> None:
    """Deploy what ministack takes of watch.yaml, and look at the dashboard."""
    template, left_out = cloudformation.without_refused(cloudformation.read(INFRA / "watch.yaml"))
    defaults = cloudformation.defaults(cloudformation.read(INFRA / "template.yaml")) | {
        "AlarmEmail": "nobody@example.com"
    }
    values = {name: defaults[name] for name in template["Parameters"] if name in defaults}
    client = boto3.client("cloudformation")
    client.create_stack(
        StackName=WATCH,
        TemplateBody=cloudformation.body(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
    )
    client.get_waiter("stack_create_complete").wait(StackName=WATCH, WaiterConfig={"Delay": 1})
    dashboard = json.loads(boto3.client("cloudwatch").get_dashboard(DashboardName=DEMO)["DashboardBody"])
    resources = client.describe_stack_resources(StackName=WATCH)["StackResources"]
    names = sorted(resource["LogicalResourceId"] for resource in resources)
    print(f"made: {', '.join(names)}; the dashboard has {len(dashboard['widgets'])} widgets")
    print(f"left out: {', '.join(left_out)}")
    remove(WATCH)


def deploy_prod(environment: Mapping[str, str]) -> None:
    """Deploy the second environment, place an order there, and remove it.

    It has an API key, which ministack knows, instead of signatures, which it does not, and the rest of what is switched
    off by default. Of what samconfig switches on, ministack knows no archives.
    """
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    changes = {"ApiAuth": "API_KEY", "CorsOrigin": "https://shop.example", "KmsKeyArn": key, "TableProtection": "false"}
    changes |= {"ArchiveRetentionDays": "0"}
    # The first environment goes without.
    changes |= {"ManageApiLogRole": "true"}
    sam.deploy(environment, "prod", **changes)
    api_key = boto3.client("apigateway").get_api_key(apiKey=outputs(PROD)["ApiKeyId"], includeValue=True)["value"]
    url = orders.api_url(environment, PROD)
    orders.expect_refusal(url, "the API key")
    orders.expect_handled(PROD, orders.place(url, headers={"x-api-key": api_key}))
    remove_completely(PROD)


def update_one_function(environment: Mapping[str, str], *, built: bool) -> None:
    """Replace the code of one function, and see that its settings stay and that the new version is invoked."""
    before, code = _function()
    binary: tuple[str | Path, ...] = ("--binary-name", "payment-service")
    if built:
        binary = ("--binary-path", build.BUILD / "PaymentService/bootstrap")
    else:
        release = ("cargo", "lambda", "build", "--release", "-p", "payment-service")
        run(*release, folder=ROOT, environment=environment, quiet=True)
    deploy = ("cargo", "lambda", "deploy", "--alias", ALIAS, *binary, PAYMENT_SERVICE)
    run(*deploy, folder=ROOT, environment=environment)
    after, new_code = _function()
    print(f"code {code[:12]} -> {new_code[:12]}")
    client = boto3.client("lambda")
    invoked = client.get_function_configuration(FunctionName=PAYMENT_SERVICE, Qualifier=ALIAS)
    print(f"`{ALIAS}` invokes version {invoked['Version']}")
    if invoked["CodeSha256"] != new_code:
        message = f"`cargo lambda deploy` left `{ALIAS}` of `{PAYMENT_SERVICE}` at the old code"
        raise FindingError(message)
    if changed := {name: (before[name], after[name]) for name in SETTINGS if before[name] != after[name]}:
        message = f"`cargo lambda deploy` changed more than the code of `{PAYMENT_SERVICE}`: {changed}"
        raise FindingError(message)


def _function() -> tuple[dict[str, Any], str]:
    function = boto3.client("lambda").get_function_configuration(FunctionName=PAYMENT_SERVICE)
    return {name: function.get(name) for name in SETTINGS}, function["CodeSha256"]


def redrive_dead_letter() -> None:
    """Redrive a dead letter that is written here as Lambda would: ministack drops on-failure destinations."""
    event = json.loads((ROOT / "tests/events/order-created.json").read_text())
    order_id = event["detail"]["orderId"] = "ord_00000000000070008000000000000001"
    arn = boto3.client("lambda").get_function_configuration(FunctionName=PAYMENT_SERVICE)["FunctionArn"]
    record = {
        "version": "1.0",
        "requestContext": {"functionArn": f"{arn}:{ALIAS}", "condition": "RetriesExhausted"},
        "requestPayload": event,
        "responsePayload": {"errorMessage": "rehearsed"},
    }
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{DEMO}-failed-invocations")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(record))
    printed = run(sys.executable, INFRA / "redrive", quiet=True)
    expected = (f"redriven   Order Created of {order_id} for {PAYMENT_SERVICE}", "1 redriven, 0 waiting")
    if not all(sentence in printed for sentence in expected):
        message = f"`infra/redrive` did not redrive the dead letter:\n{printed}"
        raise FindingError(message)
    print(printed.strip())
    orders.item(DEMO, "payments", orderId=order_id)


if __name__ == "__main__":
    sys.exit(main())
