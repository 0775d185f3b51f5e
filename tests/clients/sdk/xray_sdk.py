"""A program that AWS's X-Ray SDK for Python traces. Prints what `tests/clients/sdks.py` asks X-Ray about."""

import contextlib
import json
import sys
import time

import boto3
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.core.sampling.connector import ServiceConnector
from botocore.exceptions import ClientError


class OutOfStockError(Exception):
    """What goes wrong in the trace."""


def rule_of(service: str) -> str:
    """Return the sampling rule that decides about a service, as soon as the SDK has fetched the rules."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        # Without X-Ray's rules, the SDK decides by its own one, which has no name.
        decision = xray_recorder.sampler.should_trace({"service": service})
        if isinstance(decision, str):
            return decision
        time.sleep(0.05)
    sys.exit("the SDK did not get X-Ray's sampling rules")


def target_of(rule: str) -> dict[str, object]:
    """Report how a rule was used, as the SDK does every ten seconds; return what it is to do from now on."""
    connector, daemon = ServiceConnector(), DaemonConfig()
    connector.setup_xray_client(daemon.tcp_ip, daemon.tcp_port, None)
    used = [one for one in connector.fetch_sampling_rules() if one.name == rule]
    targets, _ = connector.fetch_sampling_target(used)
    return targets[rule]


def main(sampled: str, unsampled: str, table: str) -> None:
    """Trace a request of the service `sampled`, and one of `unsampled` that no rule samples."""
    patch(("boto3",))
    xray_recorder.configure(service=sampled)
    rule = rule_of(sampled)
    dynamodb = boto3.client("dynamodb")
    with xray_recorder.in_segment() as segment:
        segment.set_user("somebody")
        segment.put_http_meta("url", "https://shop.example/orders")
        segment.put_http_meta("method", "POST")
        segment.put_http_meta("status", 200)
        with xray_recorder.in_subsegment("price") as price:
            price.put_annotation("total", 2.5)
            price.put_annotation("gift", value=True)
            price.put_metadata("items", [{"sku": 1}], "shop")
            dynamodb.scan(TableName=table)
        with contextlib.suppress(ClientError):
            dynamodb.scan(TableName="no-such-table")
        boto3.client("sqs").list_queues()
        with contextlib.suppress(OutOfStockError), xray_recorder.in_subsegment("reserve"):
            message = "there is none left"
            raise OutOfStockError(message)
    with xray_recorder.in_segment(unsampled) as not_recorded:
        pass
    print(
        json.dumps(
            {
                "rule": rule,
                "target": target_of(rule),
                "trace": segment.trace_id,
                "unsampled": not_recorded.sampled,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
