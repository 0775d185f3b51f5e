"""Unmodified clients against a running `cargo local`: boto3 and the AWS CLI.

Usage: check.py READY_FILE, the file that `--ready-file` wrote. Exits 1 and says what is wrong.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../infra/tools"))
from steps import until  # noqa: E402

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

READY = json.load(open(sys.argv[1]))
PREFIX = "distributed-tracing-demo"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": READY["aws"],
}
os.environ.update(CREDENTIALS)


def cli(*arguments, fails=False):
    command = [os.path.join(os.path.dirname(sys.executable), "aws"), *arguments, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode != 0) == fails, (arguments, done.stdout, done.stderr)
    return done.stderr if fails else json.loads(done.stdout or "null")


def order(body):
    request = urllib.request.Request(READY["api"] + "/orders/customer123", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        header = dict(field.split("=", 1) for field in answer.headers["X-Amzn-Trace-Id"].split(";"))
        return json.load(answer), header["Root"]


xray, events, dynamodb, sns, awslambda = map(
    boto3.client, ["xray", "events", "dynamodb", "sns", "lambda"]
)
placed, trace_id = order({"productId": "12345", "quantity": 1})

# X-Ray, through boto3 and through the CLI.
names = lambda services: {service["Name"] for service in services}
complete = lambda: "SNS" in names(xray.get_trace_graph(TraceIds=[trace_id])["Services"])
until("the whole trace", complete, 30)
now = time.time()
span = {"StartTime": now - 600, "EndTime": now + 1}
expression = f'annotation.order_id = "{placed["orderId"]}"'
pages = xray.get_paginator("get_trace_summaries").paginate(FilterExpression=expression, **span)
found = [summary["Id"] for page in pages for summary in page["TraceSummaries"]]
assert found == [trace_id], found
trace = xray.batch_get_traces(TraceIds=[trace_id])["Traces"][0]
assert any(json.loads(part["Document"]).get("origin") == "AWS::Events" for part in trace["Segments"])
graph = cli("xray", "get-service-graph", "--start-time", str(int(now - 600)), "--end-time", str(int(now + 1)))
assert f"{PREFIX}-orders" in names(graph["Services"]), names(graph["Services"])
assert cli("xray", "batch-get-traces", "--trace-ids", trace_id)["Traces"][0]["Id"] == trace_id
assert cli("xray", "get-trace-graph", "--trace-ids", trace_id)["Services"]
document = json.dumps({"id": "00000000000000aa", "trace_id": trace_id, "name": "x", "start_time": now})
refused = xray.put_trace_segments(TraceSegmentDocuments=[document])["UnprocessedTraceSegments"]
assert refused[0]["ErrorCode"] == "MissingEndTime", refused
try:
    xray.get_sampling_rules()
    sys.exit("an unknown operation is refused")
except ClientError as error:
    assert error.response["Error"]["Code"] == "UnknownOperationException", error.response

# EventBridge.
entry = {"Source": "me", "DetailType": "Ping", "Detail": "{}", "EventBusName": PREFIX}
answer = events.put_events(Entries=[entry, {**entry, "Detail": "oops"}])
assert answer["FailedEntryCount"] == 1 and answer["Entries"][1]["ErrorCode"] == "MalformedDetail", answer
event = {"id": "1", "account": "0", "source": "me", "time": "2026-11-22T12:00:00Z", "region": "r", "resources": [], "detail-type": "Ping", "detail": {}}
pattern = json.dumps({"source": [{"prefix": "m"}]})
assert cli("events", "test-event-pattern", "--event", json.dumps(event), "--event-pattern", pattern)["Result"] is True
assert "UnknownOperationException" in cli("events", "list-event-buses", fails=True)
rules = cli("events", "list-rules", "--event-bus-name", PREFIX)["Rules"]
assert len(rules) == 6 and all(rule["State"] == "ENABLED" for rule in rules), rules
rule = f"{PREFIX}-payment-order-created"
targets = cli("events", "list-targets-by-rule", "--event-bus-name", PREFIX, "--rule", rule)["Targets"]
assert targets[0]["Arn"].endswith(f":function:{PREFIX}-payment-service"), targets

# What people ask before they trust a deployment.
api = cli("apigateway", "get-rest-apis")["items"][0]
assert api["name"] == PREFIX, api
assert cli("apigateway", "get-stage", "--rest-api-id", api["id"], "--stage-name", "prod")["tracingEnabled"] is True
assert "NotFoundException" in cli("apigateway", "get-stage", "--rest-api-id", api["id"], "--stage-name", "x", fails=True)
function = cli("lambda", "get-function-configuration", "--function-name", f"{PREFIX}-payment-service")
assert function["TracingConfig"]["Mode"] == "Active" and function["Timeout"] == 10, function
asked = ["--policy-source-arn", function["Role"], "--action-names", "xray:PutTraceSegments", "dynamodb:DeleteTable"]
decisions = [result["EvalDecision"] for result in cli("iam", "simulate-principal-policy", *asked)["EvaluationResults"]]
assert decisions == ["allowed", "implicitDeny"], decisions

# DynamoDB, SNS, Lambda.
key = {"customerId": {"S": "customer123"}, "orderId": {"S": placed["orderId"]}}
item = dynamodb.get_item(TableName=f"{PREFIX}-orders", Key=key)["Item"]
assert item["amount"]["N"] in ("99.99", "99.990"), item
assert placed["orderId"] in str(cli("dynamodb", "scan", "--table-name", f"{PREFIX}-payments")["Items"])
topic = f"arn:aws:sns:us-east-1:000000000000:{PREFIX}-customers"
assert sns.publish(TopicArn=topic, Message="hello", Subject="hi")["MessageId"]
assert cli("sns", "publish", "--topic-arn", topic, "--message", "hello")["MessageId"]
answer = awslambda.invoke(FunctionName=f"{PREFIX}-payment-service", Payload=b"{}")
assert answer["FunctionError"] == "Unhandled", answer
assert "not understood" in json.load(answer["Payload"])["errorMessage"]
answer = awslambda.invoke(FunctionName=f"{PREFIX}-payment-service", Payload=b"{}", InvocationType="Event")
assert answer["StatusCode"] == 202, answer
print("boto3 and the AWS CLI are content")
