"""Unmodified clients against a running `cargo local`: boto3 and the AWS CLI.

python3 tests/clients/check.py --local READY_FILE, the file that `cargo local --ready-file` has written.
"""

from __future__ import annotations

import launch

if __name__ == "__main__":
    launch.as_tests(__file__)

import json
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import stack
from botocore.exceptions import ClientError
from tools.polling import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

PREFIX = stack.NAME
TOPIC = f"arn:aws:sns:us-east-1:000000000000:{PREFIX}-customers.fifo"
AWS_CLI = Path(sys.executable).parent / "aws"


@pytest.fixture(scope="module", autouse=True)
def api(request: pytest.FixtureRequest) -> Iterator[str]:
    """Point the clients at the `cargo local` of the command line; return its API's URL."""
    file = request.config.getoption("--local")
    if not file:
        pytest.exit("say with --local which `cargo local` to ask", returncode=2)
    addresses = json.loads(Path(file).read_text())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in stack.environment(addresses).items():
            patch.setenv(name, value)
        yield addresses["api"]


@pytest.fixture(scope="module")
def order(api: str) -> dict[str, str]:
    """Place an order; return its id and its trace's, which is complete."""
    body = json.dumps({"productId": "12345", "quantity": 1}).encode()
    request = urllib.request.Request(f"{api}/orders/customer123", body)
    with urllib.request.urlopen(request, timeout=30) as answer:
        order_id = json.load(answer)["orderId"]
        trace_id = answer.headers["X-Amzn-Trace-Id"].split(";")[0].removeprefix("Root=")
    xray = boto3.client("xray")
    wait_for("the whole trace", lambda: "SNS" in names(xray.get_trace_graph(TraceIds=[trace_id])["Services"]), 30)
    return {"id": order_id, "trace": trace_id}


def names(services: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names of the nodes of a map."""
    return {service["Name"] for service in services}


def run_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the AWS CLI."""
    command = [str(AWS_CLI), *arguments, "--output", "json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def cli(*arguments: str) -> Any:  # noqa: ANN401, each operation answers in its own form
    """Return what the AWS CLI answers."""
    done = run_cli(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def cli_error(*arguments: str) -> str:
    """Return how the AWS CLI fails."""
    done = run_cli(*arguments)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_xray_finds_the_order_by_its_annotation(order: dict[str, str]) -> None:
    xray, now = boto3.client("xray"), datetime.now(UTC)
    pages = xray.get_paginator("get_trace_summaries").paginate(
        FilterExpression=f'annotation.order_id = "{order["id"]}"', StartTime=now - timedelta(minutes=10), EndTime=now
    )
    assert [summary["Id"] for page in pages for summary in page["TraceSummaries"]] == [order["trace"]]
    segments = xray.batch_get_traces(TraceIds=[order["trace"]])["Traces"][0]["Segments"]
    assert "AWS::Events" in {json.loads(segment["Document"]).get("origin") for segment in segments}


def test_xray_answers_the_cli(order: dict[str, str]) -> None:
    now = int(time.time())
    graph = cli("xray", "get-service-graph", "--start-time", str(now - 600), "--end-time", str(now + 1))
    assert f"{PREFIX}-orders" in names(graph["Services"])
    assert cli("xray", "batch-get-traces", "--trace-ids", order["trace"])["Traces"][0]["Id"] == order["trace"]
    assert cli("xray", "get-trace-graph", "--trace-ids", order["trace"])["Services"]


def test_xray_refuses_what_it_does_not_understand(order: dict[str, str]) -> None:
    xray = boto3.client("xray")
    document = {"id": "00000000000000aa", "trace_id": order["trace"], "name": "x", "start_time": time.time()}
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document)])
    assert answer["UnprocessedTraceSegments"][0]["ErrorCode"] == "MissingEndTime"
    with pytest.raises(ClientError, match="UnknownOperationException"):
        xray.put_resource_policy(PolicyName="p", PolicyDocument="{}")


def test_eventbridge_answers_for_each_entry() -> None:
    good: PutEventsRequestEntryTypeDef = {
        "Source": "me",
        "DetailType": "Ping",
        "Detail": "{}",
        "EventBusName": PREFIX,
    }
    bad: PutEventsRequestEntryTypeDef = {**good, "Detail": "oops"}
    answer = boto3.client("events").put_events(Entries=[good, bad])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][1]["ErrorCode"] == "MalformedDetail"


def test_eventbridge_tests_patterns() -> None:
    event = {
        "id": "1",
        "account": "0",
        "source": "me",
        "time": "2026-11-22T12:00:00Z",
        "region": "r",
        "resources": [],
        "detail-type": "Ping",
        "detail": {},
    }
    pattern = {"source": [{"prefix": "m"}]}
    arguments = ["--event", json.dumps(event), "--event-pattern", json.dumps(pattern)]
    assert cli("events", "test-event-pattern", *arguments)["Result"] is True
    assert PREFIX in [bus["Name"] for bus in cli("events", "list-event-buses")["EventBuses"]]
    assert "UnknownOperationException" in cli_error("events", "create-event-bus", "--name", "x")


def test_eventbridge_lists_rules_and_targets() -> None:
    rules = cli("events", "list-rules", "--event-bus-name", PREFIX)["Rules"]
    assert len(rules) == 9
    assert {rule["State"] for rule in rules} == {"ENABLED"}
    rule = f"{PREFIX}-payment-order-created"
    targets = cli("events", "list-targets-by-rule", "--event-bus-name", PREFIX, "--rule", rule)["Targets"]
    assert targets[0]["Arn"].endswith(f":function:{PREFIX}-payment-service")


def test_the_stage_is_traced() -> None:
    api = cli("apigateway", "get-rest-apis")["items"][0]
    assert api["name"] == PREFIX
    stage = ["apigateway", "get-stage", "--rest-api-id", api["id"], "--stage-name"]
    assert cli(*stage, "prod")["tracingEnabled"] is True
    assert "NotFoundException" in cli_error(*stage, "x")


def test_functions_and_their_roles_can_be_looked_at() -> None:
    function = cli("lambda", "get-function-configuration", "--function-name", f"{PREFIX}-payment-service")
    assert function["TracingConfig"]["Mode"] == "Active"
    assert function["Timeout"] == 10
    asked = [
        *("--policy-source-arn", function["Role"]),
        *("--action-names", "xray:PutTraceSegments", "dynamodb:DeleteTable"),
    ]
    results = cli("iam", "simulate-principal-policy", *asked)["EvaluationResults"]
    assert [result["EvalDecision"] for result in results] == ["allowed", "implicitDeny"]


def test_dynamodb_has_the_order_and_its_payment(order: dict[str, str]) -> None:
    item = boto3.client("dynamodb").get_item(
        TableName=f"{PREFIX}-orders", Key={"customerId": {"S": "customer123"}, "orderId": {"S": order["id"]}}
    )["Item"]
    assert float(item["amount"]["N"]) == 99.99
    assert order["id"] in str(cli("dynamodb", "scan", "--table-name", f"{PREFIX}-payments")["Items"])


def test_sns_publishes() -> None:
    sns = boto3.client("sns")
    answer = sns.publish(
        TopicArn=TOPIC, Message="hello", Subject="hi", MessageGroupId="order", MessageDeduplicationId="one"
    )
    assert answer["SequenceNumber"]
    ids = ["--message-group-id", "order", "--message-deduplication-id", "two"]
    assert cli("sns", "publish", "--topic-arn", TOPIC, "--message", "hello", *ids)["SequenceNumber"]


def test_lambda_invokes() -> None:
    functions, name = boto3.client("lambda"), f"{PREFIX}-payment-service"
    answer = functions.invoke(FunctionName=name, Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorMessage"]
    answer = functions.invoke(FunctionName=name, Payload=b"{}", InvocationType="Event")
    assert answer["StatusCode"] == 202


def test_lists_come_in_pages() -> None:
    events, functions, queues = boto3.client("events"), boto3.client("lambda"), boto3.client("sqs")
    rules = events.get_paginator("list_rules").paginate(EventBusName=PREFIX, PaginationConfig={"PageSize": 1})
    assert_one_each([page["Rules"] for page in rules], events.list_rules(EventBusName=PREFIX)["Rules"])
    paged = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1})
    assert_one_each([page["Functions"] for page in paged], functions.list_functions()["Functions"])
    urls = queues.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 1})
    assert_one_each([page["QueueUrls"] for page in urls], queues.list_queues()["QueueUrls"])
    for no_such_page in (
        lambda: events.list_rules(EventBusName=PREFIX, NextToken="no-such-page"),
        lambda: functions.list_functions(Marker="no-such-page"),
        lambda: queues.list_queues(NextToken="no-such-page", MaxResults=1),
    ):
        with pytest.raises(ClientError):
            no_such_page()


def assert_one_each(pages: Sequence[object], everything: Sequence[object]) -> None:
    assert len(everything) > 1
    assert pages == [[entry] for entry in everything]


def test_what_people_type_first() -> None:
    identity = boto3.client("sts").get_caller_identity()
    assert identity["Arn"] == f"arn:aws:iam::{identity['Account']}:root"
    names = {function["FunctionName"] for function in boto3.client("lambda").list_functions()["Functions"]}
    assert f"{PREFIX}-payment-service" in names
    function = boto3.client("lambda").get_function(FunctionName=f"{PREFIX}-payment-service")
    assert function["Configuration"]["TracingConfig"]["Mode"] == "Active"
    assert [topic["TopicArn"] for topic in boto3.client("sns").list_topics()["Topics"]] == [TOPIC]
    assert boto3.client("sqs").list_queues(QueueNamePrefix=PREFIX)["QueueUrls"]
    assert f"{PREFIX}-payments" in boto3.client("dynamodb").list_tables()["TableNames"]
    events = boto3.client("events")
    assert PREFIX in {bus["Name"] for bus in events.list_event_buses()["EventBuses"]}
    rule = events.list_rules(EventBusName=PREFIX)["Rules"][0]["Name"]
    assert events.describe_rule(Name=rule, EventBusName=PREFIX)["State"] == "ENABLED"
    assert events.list_targets_by_rule(Rule=rule, EventBusName=PREFIX)["Targets"]
