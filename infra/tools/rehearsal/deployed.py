"""What there is of a stack: its settings as they arrived, and what is left of it after its removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from tools.exit_code import FindingError

if TYPE_CHECKING:
    from collections.abc import Callable

NEEDED = {"stage tracing", "active tracing", "method throttle", "rule's dead letters", "queue's policy"}
# How many things a stack has at least, by the look of `remains`.
FEWEST_THINGS = 20


def outputs(stack: str) -> dict[str, str]:
    """Return the stack's outputs."""
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def show_arrived(stack: str) -> None:
    """Show which settings of the template ministack has kept: what it drops is rehearsed nowhere."""
    kept: list[str] = []
    dropped: list[str] = []
    for name, check in _settings(stack).items():
        try:
            (kept if check() else dropped).append(name)
        except (ClientError, KeyError):
            dropped.append(name)
    print(f"arrived as the template says: {', '.join(kept)}")
    print(f"dropped by ministack: {', '.join(dropped) or 'nothing'}")
    if lost := NEEDED - set(kept):
        message = f"the template or ministack has lost {', '.join(sorted(lost))} of `{stack}`"
        raise FindingError(message)


def _settings(stack: str) -> dict[str, Callable[[], object]]:
    gateway, functions, sqs = boto3.client("apigateway"), boto3.client("lambda"), boto3.client("sqs")
    tables, events = boto3.client("dynamodb"), boto3.client("events")
    notifications, payment = f"{stack}-notifications", f"{stack}-payment-service"
    api_id = next(item["id"] for item in gateway.get_rest_apis()["items"] if item["name"] == stack)
    stage = gateway.get_stage(restApiId=api_id, stageName="prod")
    methods = stage.get("methodSettings", {}).get("*/*", {})
    function = functions.get_function_configuration(FunctionName=payment)
    rule = f"{stack}-payment-order-created"
    target = events.list_targets_by_rule(Rule=rule, EventBusName=stack)["Targets"][0]
    url = sqs.get_queue_url(QueueName=f"{stack}-failed-invocations")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    table = tables.describe_table(TableName=notifications)["Table"]

    def on_failure() -> str:
        config = functions.get_function_event_invoke_config(FunctionName=payment)
        return config["DestinationConfig"]["OnFailure"]["Destination"]

    def expires() -> bool:
        description = tables.describe_time_to_live(TableName=notifications)["TimeToLiveDescription"]
        return description.get("AttributeName") == "expiresAt"

    def recovers() -> bool:
        backups = tables.describe_continuous_backups(TableName=notifications)["ContinuousBackupsDescription"]
        return backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"

    return {
        "stage tracing": lambda: stage.get("tracingEnabled"),
        "access log": lambda: stage.get("accessLogSettings"),
        "method throttle": lambda: methods.get("throttlingRateLimit") == 20.0,  # noqa: PLR2004, the template's default
        "method metrics": lambda: methods.get("metricsEnabled"),
        "request validator": lambda: gateway.get_request_validators(restApiId=api_id)["items"],
        "request model": lambda: gateway.get_models(restApiId=api_id)["items"],
        "active tracing": lambda: function["TracingConfig"]["Mode"] == "Active",
        "log group": lambda: function.get("LoggingConfig", {}).get("LogGroup") == f"/aws/lambda/{payment}",
        "on-failure destination": on_failure,
        "rule's retries": lambda: target.get("RetryPolicy"),
        "rule's dead letters": lambda: target.get("DeadLetterConfig"),
        "queue's policy": lambda: queue.get("Policy"),
        "queue's encryption": lambda: queue.get("SqsManagedSseEnabled") == "true",
        "queue's retention": lambda: queue.get("MessageRetentionPeriod") == "1209600",
        "time to live": expires,
        "point-in-time recovery": recovers,
        "deletion protection off": lambda: table.get("DeletionProtectionEnabled") is False,
    }


def remove(stack: str) -> None:
    """Delete a stack, and wait until it is gone.

    Not with `sam delete`: that wants to remove the nested template from S3 and refuses its URL on loopback.
    """
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def remove_completely(stack: str) -> None:
    """Delete a stack, and see that nothing of it is left."""
    before = remains(stack)
    remove(stack)
    left = remains(stack)
    if len(before) < len(left) + FEWEST_THINGS:
        message = f"the look for what is left of `{stack}` sees too little: {before}"
        raise FindingError(message)
    # API Gateway's role for logs outlives the stack on purpose: other APIs come to depend on it.
    if unexpected := [thing for thing in left if "ApiLogRole" not in thing]:
        message = f"left behind by `{stack}`: {', '.join(unexpected)}"
        raise FindingError(message)
    kept = ", ".join([*left, "the bucket of `sam deploy --resolve-s3`"])
    print(f"{stack} is gone; left on purpose: {kept}")


def expect_no_log_role() -> None:
    """See that a stack with ManageApiLogRole=false leaves the account's role for API Gateway's logs alone."""
    if role := boto3.client("apigateway").get_account().get("cloudwatchRoleArn"):
        message = f"ManageApiLogRole is false, and the account's role for API Gateway's logs is `{role}`"
        raise FindingError(message)
    print("ManageApiLogRole=false: the account has no role for API Gateway's logs")


def remains(stack: str) -> list[str]:
    """Return everything of a stack that is still there, by the name that it shares."""
    named = {
        "lambda": [item["FunctionName"] for item in boto3.client("lambda").list_functions()["Functions"]],
        "events": [item["Name"] for item in boto3.client("events").list_event_buses()["EventBuses"]],
        "dynamodb": boto3.client("dynamodb").list_tables()["TableNames"],
        "sqs": boto3.client("sqs").list_queues().get("QueueUrls", []),
        "sns": [item["TopicArn"] for item in boto3.client("sns").list_topics()["Topics"]],
        "apigateway": [item["name"] for item in boto3.client("apigateway").get_rest_apis()["items"]],
        "logs": [item["logGroupName"] for item in boto3.client("logs").describe_log_groups()["logGroups"]],
        "iam": [item["RoleName"] for item in boto3.client("iam").list_roles()["Roles"]],
    }
    return [f"{service} {name}" for service, names in named.items() for name in names if stack in name]
