"""A program that AWS's OpenTelemetry distribution traces. Prints what `tests/clients/sdks.py` asks X-Ray about."""

import contextlib
import json
import sys

import boto3
from botocore.exceptions import ClientError
from opentelemetry import trace

REQUEST = {
    "http.request.method": "POST",
    "http.response.status_code": 200,
    "url.scheme": "https",
    "server.address": "shop.example",
    "url.path": "/orders",
    "total": 2.5,
    "aws.xray.annotations": ["total"],
}


class OutOfStockError(Exception):
    """What goes wrong in the trace."""


def main(table: str) -> None:
    """Trace a request, which knows of another trace."""
    tracer = trace.get_tracer("shop")
    with tracer.start_as_current_span("earlier") as earlier:
        pass
    link = trace.Link(earlier.get_span_context(), {"why": "same basket"})
    with tracer.start_as_current_span("order", None, trace.SpanKind.SERVER, REQUEST, [link]) as span:
        dynamodb = boto3.client("dynamodb")
        with tracer.start_as_current_span("price"):
            dynamodb.scan(TableName=table)
        with contextlib.suppress(ClientError):
            dynamodb.scan(TableName="no-such-table")
        with contextlib.suppress(OutOfStockError), tracer.start_as_current_span("reserve"):
            message = "there is none left"
            raise OutOfStockError(message)
    ids = [f"{one.get_span_context().trace_id:032x}" for one in (span, earlier)]
    ids = [f"1-{digits[:8]}-{digits[8:]}" for digits in ids]
    print(json.dumps({"trace": ids[0], "linked": ids[1]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
