"""AWS's own SDKs against `cargo local`: the X-Ray SDKs for Python and Node, the OpenTelemetry distribution for Python,
a function on the Lambda runtime for Python, and `cargo lambda`. What they trace is in `sdk/`.
"""

from __future__ import annotations

import launch

if __name__ == "__main__":
    launch.as_tests(__file__)

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import stack
from tools import virtual_environment
from tools.polling import wait_for
from traces import Document, documents, nodes, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_xray.type_defs import SamplingRuleTypeDef

SDK = Path(__file__).parent / "sdk"
ORDERS = f"{stack.NAME}-orders"
# How many seconds a trace may take; Python and OpenTelemetry take some to start.
PATIENCE = 60
# What starts a program under OpenTelemetry, as AWS's layer for Lambda does.
OTEL = {
    "OTEL_PYTHON_DISTRO": "aws_distro",
    "OTEL_PYTHON_CONFIGURATOR": "aws_configurator",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}


@pytest.fixture(scope="module")
def python() -> Path:
    """Return the folder of the Python that has AWS's SDKs."""
    return virtual_environment.make("clients")


@pytest.fixture(scope="module")
def shop() -> Iterator[stack.Stack]:
    """Run the template with a sampling rule that samples all of some services, and one that samples none of others."""
    with stack.running(stack.template(), "--otlp-port", "0") as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        for name, rate in (("always", 1), ("never", 0)):
            rule: SamplingRuleTypeDef = {
                "RuleName": name,
                "ServiceName": f"{name}-*",
                "FixedRate": rate,
                "ReservoirSize": 0,
                "Priority": 10,
                "Version": 1,
                "ServiceType": "*",
                "Host": "*",
                "HTTPMethod": "*",
                "URLPath": "*",
                "ResourceARN": "*",
            }
            boto3.client("xray").create_sampling_rule(SamplingRule=rule)
        yield running


def run(local: stack.Stack, *command: str | Path, **variables: str) -> Document:
    """Run a program against a stack; return the JSON that it prints."""
    environment = local.environment | variables
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    printed: Document = json.loads(done.stdout)
    return printed


def segment_of(service: str, trace_id: str, last: str) -> Document:
    """Return the segment that a service has sent, once it has a part of the name `last`."""

    def look() -> Document | None:
        sent = [one for one in documents(trace_id) if one["name"] == service and not one.get("inferred")]
        return next((one for one in sent if last in {part["name"] for part in parts(one)}), None)

    return wait_for(f"`{last}` in {trace_id}", look, PATIENCE)


def check_request(segment: Document) -> None:
    """Check what the programs of `sdk` have in common: two calls of DynamoDB, one of which fails, and an exception."""
    good, bad = [part for part in parts(segment) if part["name"] == "DynamoDB"]
    for call, table, status in ((good, ORDERS, 200), (bad, "no-such-table", 400)):
        assert call["namespace"] == "aws"
        assert call["aws"]["operation"] == "Scan"
        assert call["aws"]["table_name"] == table
        assert call["aws"]["region"] == "us-east-1"
        assert call["aws"]["request_id"]
        assert call["http"]["response"]["status"] == status
    assert "error" not in good
    assert bad["error"] is True
    assert "ResourceNotFoundException" in bad["cause"]["exceptions"][0]["type"]
    reserve = next(part for part in parts(segment) if part["name"] == "reserve")
    assert reserve["fault"] is True
    exception = reserve["cause"]["exceptions"][0]
    assert exception["message"] == "there is none left"
    assert exception["stack"][0]["line"] > 0


def check_map(service: str, trace_id: str) -> None:
    """Check the map of the programs of `sdk`."""
    map_ = nodes(trace_id)
    assert map_[service, "client"] == {service}
    assert map_[service, None] >= {ORDERS, "no-such-table"}
    assert map_.keys() >= {(ORDERS, "AWS::DynamoDB::Table"), ("no-such-table", "AWS::DynamoDB::Table")}


def check_traced_by_xray(service: str, printed: Mapping[str, Any]) -> Document:
    """Check what AWS's X-Ray SDKs have in common; return the segment."""
    segment = segment_of(service, printed["trace"], "reserve")
    check_request(segment)
    check_map(service, printed["trace"])
    assert segment["user"] == "somebody"
    assert segment["http"]["request"]["method"] == "POST"
    annotated = next(part for part in parts(segment) if "annotations" in part)
    assert annotated["annotations"] == {"total": 2.5, "gift": True}
    assert annotated["metadata"] == {"shop": {"items": [{"sku": 1}]}}
    return segment


def test_the_x_ray_sdk_for_python(shop: stack.Stack, python: Path) -> None:
    program = (python / "python", SDK / "xray_sdk.py")
    printed = run(shop, *program, "always-python", "never-python", ORDERS)
    # The daemon's port has the sampling rules, and takes reports of how they were used.
    assert printed["rule"] == "always"
    assert printed["target"]["rate"] == 1
    assert printed["unsampled"] is False
    segment = check_traced_by_xray("always-python", printed)
    assert segment["aws"]["xray"]["sampling_rule_name"] == "always"
    assert segment["service"]["runtime"] == "CPython"
    assert nodes(printed["trace"])["SQS", "AWS::SQS"] == set()
    [summary] = boto3.client("xray").get_trace_summaries(
        StartTime=segment["start_time"] - 60,
        EndTime=segment["end_time"] + 60,
        FilterExpression='user = "somebody" AND annotation.gift = true AND service("always-python") { fault = false }',
    )["TraceSummaries"]
    assert summary["Id"] == printed["trace"]
    assert summary["Http"]["HttpURL"] == "https://shop.example/orders"


def test_the_x_ray_sdk_for_node(shop: stack.Stack) -> None:
    assert (SDK / "node_modules").exists(), "run `npm ci` in tests/clients/sdk"
    printed = run(shop, "node", SDK / "xray-sdk.js", "always-node", "never-node", ORDERS)
    segment = check_traced_by_xray("always-node", printed)
    assert segment["aws"]["xray"]["rule_name"] == "always"
    assert segment["http"]["response"]["status"] == 200
    assert documents(printed["untraced"]) == []


def check_otel(service: str, printed: Mapping[str, Any]) -> Document:
    """Check a request that AWS's OpenTelemetry distribution has traced."""
    segment = segment_of(service, printed["trace"], "reserve")
    check_request(segment)
    check_map(service, printed["trace"])
    assert segment["annotations"] == {"total": 2.5}
    request = {"method": "POST", "url": "https://shop.example/orders"}
    assert segment["http"] == {"request": request, "response": {"status": 200, "content_length": 0}}
    assert segment["aws"]["xray"]["sdk"] == "opentelemetry for python"
    [link] = segment["links"]
    assert link["trace_id"] == printed["linked"]
    assert link["attributes"] == {"why": "same basket"}
    return segment


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_opentelemetry_over_http(shop: stack.Stack, python: Path, compression: str) -> None:
    service, daemon = f"always-{compression}", shop.environment["AWS_XRAY_DAEMON_ADDRESS"]
    assert shop.otlp
    variables = OTEL | {
        "OTEL_SERVICE_NAME": service,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
        "OTEL_EXPORTER_OTLP_ENDPOINT": shop.otlp,
        # The rules come from the daemon's port.
        "OTEL_TRACES_SAMPLER": "xray",
        "OTEL_TRACES_SAMPLER_ARG": f"endpoint=http://{daemon}",
    }
    program = (python / "opentelemetry-instrument", python / "python", SDK / "otel.py", ORDERS)
    printed = run(shop, *program, **variables)
    segment = check_otel(service, printed)
    assert segment["metadata"]["default"]["aws.xray.sampling_rule"] == "always"


def test_opentelemetry_over_udp(shop: stack.Stack, python: Path) -> None:
    # With this variable the distribution takes itself to be in Lambda, and sends its spans to the daemon's port.
    variables = OTEL | {"OTEL_SERVICE_NAME": "udp", "AWS_LAMBDA_FUNCTION_NAME": "any"}
    program = (python / "opentelemetry-instrument", python / "python", SDK / "otel.py", ORDERS)
    check_otel("udp", run(shop, *program, **variables))


# How a function in Python is started: with the X-Ray SDK, and with OpenTelemetry as AWS's layer does it.
BOOTSTRAPS = {
    "xray": "exec {python}/python -m awslambdaric notify_xray.handler",
    "otel": """
export PATH={python}:$PATH _HANDLER=notify.handler
export OTEL_SERVICE_NAME=$AWS_LAMBDA_FUNCTION_NAME OTEL_PROPAGATORS=baggage,xray-lambda,tracecontext
export OTEL_RESOURCE_ATTRIBUTES=cloud.provider=aws,cloud.platform=aws_lambda,faas.name=$AWS_LAMBDA_FUNCTION_NAME
{variables}
exec {python}/opentelemetry-instrument {python}/python -m awslambdaric notify.handler
""",
}


@pytest.fixture(params=list(BOOTSTRAPS))
def function(request: pytest.FixtureRequest, tmp_path: Path, python: Path) -> Iterator[stack.Stack]:
    """Run the template with a function in Python in place of the notification service."""
    variables = "\n".join(f"export {name}={value}" for name, value in OTEL.items())
    bootstrap = tmp_path / "bootstrap"
    command = BOOTSTRAPS[request.param].format(python=python, variables=variables)
    bootstrap.write_text(f"#!/bin/sh\nexport PYTHONPATH={SDK}\n{command}\n")
    bootstrap.chmod(0o755)
    options = ("--bootstrap", f"NotificationService={bootstrap}")
    with stack.running(stack.template(), *options) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


def logs(local: stack.Stack, trace_id: str) -> list[dict[str, str]]:
    """Return the lines of the notification service in a trace."""
    with urllib.request.urlopen(f"{local.environment['AWS_ENDPOINT_URL']}/console/traces/{trace_id}") as answer:
        lines: list[dict[str, str]] = json.load(answer)["logs"]
    return [line for line in lines if line["function"].endswith("notification-service")]


def test_a_function_in_python(function: stack.Stack) -> None:
    name = f"{stack.NAME}-notification-service"
    topic, table = f"{stack.NAME}-customers.fifo", f"{stack.NAME}-notifications"
    order_id, trace_id = stack.place_order(function)

    def notified() -> set[str] | None:
        called = {callee for (caller, _), callees in nodes(trace_id).items() if caller == name for callee in callees}
        return called if any(callee.endswith(topic) or callee == "SNS" for callee in called) else None

    # The calls are on the order's own map, with the names and types that the services in Rust have there.
    assert table in wait_for("the call of SNS", notified, PATIENCE)
    map_ = nodes(trace_id)
    assert (table, "AWS::DynamoDB::Table") in map_
    assert {kind for called, kind in map_ if called.endswith(topic) or called == "SNS"} == {"AWS::SNS"}
    messages = {f"{event} of {order_id}" for event in ("Payment Processed", "Inventory Updated")}

    def printed() -> list[dict[str, str]] | None:
        lines = [line for line in logs(function, trace_id) if line["message"] in messages]
        return lines if {line["message"] for line in lines} == messages else None

    lines = wait_for("the lines of both events", printed, PATIENCE)
    assert len({line["request_id"] for line in lines}) == 2, "each line belongs to the invocation that printed it"


def test_an_exception_in_python(function: stack.Stack) -> None:
    order_id, trace_id = stack.place_order(function, {"paymentMethod": "card_declined"})

    def given_up() -> list[dict[str, str]] | None:
        lines = logs(function, trace_id)
        return lines if any("gave up after 3 attempts" in line["message"] for line in lines) else None

    lines = wait_for("the last attempt", given_up, PATIENCE)
    failed = [line for line in lines if line["message"].startswith("[ERROR] NotNotifiedError: ")]
    assert len(failed) == 3
    attempts = {line["request_id"] for line in lines if line["message"] == f"Payment Failed of {order_id}"}
    assert attempts == {line["request_id"] for line in failed}, "traceback and line belong to one invocation"
    segments = [one for one in documents(trace_id) if one["name"].endswith("notification-service")]
    faults = [one for one in segments if one.get("fault") and one.get("origin") == "AWS::Lambda::Function"]
    assert len(faults) == 3


def test_cargo_lambda_invokes(shop: stack.Stack) -> None:
    cargo_lambda = virtual_environment.make("deploy") / "cargo-lambda"
    port = shop.environment["AWS_ENDPOINT_URL"].rpartition(":")[2]

    def invoke(service: str, payload: str) -> Any:  # noqa: ANN401, whatever the function answers
        command = (cargo_lambda, "lambda", "invoke", "--invoke-port", port)
        return run(shop, *command, f"{stack.NAME}-{service}", "--data-ascii", payload)

    assert invoke("order-service", '{"source": "aws.events"}') is None
    assert invoke("payment-service", "{}")["errorType"] == "PaymentError"
