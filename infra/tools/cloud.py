"""A cloud on loopback: https://pypi.org/project/ministack/, what it does not do, and what is in it."""

import contextlib
import os
import socket
import subprocess
import sys

import boto3
import venv
from botocore.exceptions import BotoCoreError, ClientError
from steps import until, with_tools

NOT_REHEARSED = """\
What ministack refuses, so that Watch=false leaves out watch.yaml (its rest is deployed by itself below):
  AWS::XRay::SamplingRule and AWS::XRay::Group, composite alarms, alarms on metric math
What it accepts and does not do:
  retries, dead letters and on-failure destinations (one attempt only); the request validator
  X-Ray: every hop is a trace of its own; IAM: nothing is enforced
`cargo local` and its stories cover routes, retries, dead letters, traces and permissions."""


@contextlib.contextmanager
def running(folder):
    """A ministack of our own, and the environment in which AWS's tools and clients talk to it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    # Of the caller's settings none that could lead to a real account.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = with_tools(environment) | {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }
    log = (folder / "ministack.log").open("w+")
    command = [venv.make("cloud") / "python", "-m", "ministack"]
    # The functions inherit this environment, so they find everything where it is.
    server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log,
                              env=environment | {"GATEWAY_PORT": str(port), "EDGE_PORT": str(port)})
    os.environ.update(environment)

    def answers():
        if server.poll() is not None:
            log.seek(0)
            sys.exit(f"ministack ended:\n{log.read()[-4000:]}")
        try:
            return boto3.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError):
            return None

    try:
        until("ministack", answers)
        yield environment
    except SystemExit:
        log.seek(0)
        print(f"\nministack's last words:\n{log.read()[-3000:]}", file=sys.stderr)
        raise
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def arrived(stack):
    """Shows which settings of the template ministack has kept: what it drops is rehearsed nowhere."""
    gateway, functions = boto3.client("apigateway"), boto3.client("lambda")
    tables, sqs, events = boto3.client("dynamodb"), boto3.client("sqs"), boto3.client("events")
    api_id = next(item["id"] for item in gateway.get_rest_apis()["items"] if item["name"] == stack)
    stage = gateway.get_stage(restApiId=api_id, stageName="prod")
    methods = stage.get("methodSettings", {}).get("*/*", {})
    function = functions.get_function_configuration(FunctionName=f"{stack}-payment-service")
    rule = f"{stack}-payment-order-created"
    target = events.list_targets_by_rule(Rule=rule, EventBusName=stack)["Targets"][0]
    queue = sqs.get_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName=f"{stack}-failed-invocations")["QueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    table = tables.describe_table(TableName=f"{stack}-notifications")["Table"]
    checks = {
        "stage tracing": lambda: stage.get("tracingEnabled"),
        "access log": lambda: stage.get("accessLogSettings"),
        "method throttle": lambda: methods.get("throttlingRateLimit") == 20.0,
        "method metrics": lambda: methods.get("metricsEnabled"),
        "request validator": lambda: gateway.get_request_validators(restApiId=api_id)["items"],
        "request model": lambda: gateway.get_models(restApiId=api_id)["items"],
        "active tracing": lambda: function["TracingConfig"]["Mode"] == "Active",
        "log group": lambda: function.get("LoggingConfig", {}).get("LogGroup") == f"/aws/lambda/{stack}-payment-service",
        "on-failure destination": lambda: functions.get_function_event_invoke_config(
            FunctionName=f"{stack}-payment-service")["DestinationConfig"]["OnFailure"]["Destination"],
        "rule's retries": lambda: target.get("RetryPolicy"),
        "rule's dead letters": lambda: target.get("DeadLetterConfig"),
        "queue's policy": lambda: queue.get("Policy"),
        "queue's encryption": lambda: queue.get("SqsManagedSseEnabled") == "true",
        "queue's retention": lambda: queue.get("MessageRetentionPeriod") == "1209600",
        "time to live": lambda: tables.describe_time_to_live(TableName=f"{stack}-notifications")[
            "TimeToLiveDescription"].get("AttributeName") == "expiresAt",
        "point-in-time recovery": lambda: tables.describe_continuous_backups(TableName=f"{stack}-notifications")[
            "ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED",
        "deletion protection off": lambda: table.get("DeletionProtectionEnabled") is False,
    }
    kept, dropped = [], []
    for name, check in checks.items():
        try:
            (kept if check() else dropped).append(name)
        except (ClientError, KeyError):
            dropped.append(name)
    print(f"arrived as the template says: {', '.join(kept)}")
    needed = {"stage tracing", "active tracing", "method throttle", "rule's dead letters", "queue's policy"} - set(kept)
    assert not needed, f"the template or ministack has lost {needed}"
    print(f"dropped by ministack: {', '.join(dropped) or 'nothing'}")


def remains(stack):
    """Everything of a stack that is still there, by the name that it shares."""
    def names(service, operation, items, name):
        answer = getattr(boto3.client(service), operation)()
        found = [item if name is None else item[name] for item in answer.get(items, [])]
        return [f"{service} {found_name}" for found_name in found if stack in found_name]

    return [
        *names("lambda", "list_functions", "Functions", "FunctionName"),
        *names("events", "list_event_buses", "EventBuses", "Name"),
        *names("dynamodb", "list_tables", "TableNames", None),
        *names("sqs", "list_queues", "QueueUrls", None),
        *names("sns", "list_topics", "Topics", "TopicArn"),
        *names("apigateway", "get_rest_apis", "items", "name"),
        *names("logs", "describe_log_groups", "logGroups", "logGroupName"),
        *names("iam", "list_roles", "Roles", "RoleName"),
    ]
