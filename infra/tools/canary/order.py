"""The canary's order, and how it gets into an API."""

from __future__ import annotations

import json
import re
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tools.exit_code import CannotRunError

if TYPE_CHECKING:
    import boto3

CUSTOMER = "canary"
UNAUTHORISED = {401, 403}
CREATED = 201
TRACE_HEADER = "X-Amzn-Trace-Id"


@dataclass(frozen=True)
class OrderApi:
    """Where orders are placed, and as whom."""

    url: str
    session: boto3.Session
    api_key: str | None = None
    signed: bool = False
    """Whether requests are signed, as `ApiAuth=AWS_IAM` demands."""

    def place(self) -> tuple[int, str, str]:
        """Place an order; return the status, the body and the trace id of the answer.

        The client has begun and sampled the trace, so the order is traced whatever the sampling rules say; the answer
        names another trace where clients are not trusted to begin one. The product changes daily: each comes with the
        stock that a new product has, so the canary never runs out of it.
        """
        trace_id = new_trace_id()
        product = time.strftime("canary-%Y-%m-%d", time.gmtime())
        body = json.dumps({"productId": product, "quantity": 1})
        status, answer, trace = self._send("POST", f"/orders/{CUSTOMER}", body, trace=f"Root={trace_id};Sampled=1")
        root = re.search(r"Root=([^;]+)", trace)
        return status, answer, root[1] if root else trace_id

    def is_open(self) -> bool:
        """Whether a request without authorisation is let in.

        It asks for an order that does not exist, so nothing happens.
        """
        status, _, _ = self._send("GET", f"/orders/{CUSTOMER}/none", authorised=False)
        return status not in UNAUTHORISED

    def _send(
        self, method: str, path: str, body: str = "", *, trace: str = "Sampled=0", authorised: bool = True
    ) -> tuple[int, str, str]:
        url = self.url.rstrip("/") + path
        headers = {"Content-Type": "application/json", TRACE_HEADER: trace}
        if authorised and self.api_key:
            headers["x-api-key"] = self.api_key
        if authorised and self.signed:
            headers = self._signed(method, url, headers, body)
        request = urllib.request.Request(url, body.encode() or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode(), answer.headers.get(TRACE_HEADER, "")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers.get(TRACE_HEADER, "")
        except OSError as error:
            message = f"`{url}` does not answer: {error}"
            raise CannotRunError(message) from error

    def _signed(self, method: str, url: str, headers: dict[str, str], body: str) -> dict[str, str]:
        credentials = self.session.get_credentials()
        if credentials is None:
            message = "there are no AWS credentials to sign the request with"
            raise CannotRunError(message)
        request = AWSRequest(method, url, headers=headers, data=body)
        SigV4Auth(credentials, "execute-api", self.session.region_name).add_auth(request)
        return dict(request.headers.items())


def new_trace_id() -> str:
    """Return an id as X-Ray makes them."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
