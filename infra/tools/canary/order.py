"""The canary's order, and how it gets into an API."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tools import aws
from tools.exit_code import CannotRunError

if TYPE_CHECKING:
    import boto3

# The services leave the orders of this customer out of the business' figures (with JWT, those of the user with this
# name), and mark them in the order's id.
CUSTOMER = "canary"
MARK = "ord_canary-"
UNAUTHORISED = {401, 403}
CREATED = 201
TRACE_HEADER = "X-Amzn-Trace-Id"


@dataclass(frozen=True)
class OrderApi:
    """Where orders are placed, and as whom."""

    url: str
    session: boto3.Session
    api_key: str | None = None
    role: str | None = None
    """The role whose session places the order, where `ApiAuth` is `AWS_IAM`."""
    token: str | None = None
    """The id token of the customer, where it is `JWT`."""
    product: str = field(default_factory=lambda: time.strftime("canary-%Y-%m-%d", time.gmtime()))
    """It changes daily: each comes with the stock that a new product has, should nobody put the old one's back."""

    @property
    def customer(self) -> str:
        """In whose name the order is placed."""
        return subject(self.token) if self.token else CUSTOMER

    @property
    def is_authorised(self) -> bool:
        """Whether requests come with anything that authorises them."""
        return bool(self.api_key or self.role or self.token)

    def place(self) -> tuple[int, str, str]:
        """Place an order; return the status, the body and the trace id of the answer.

        The client has begun and sampled the trace, so the order is traced whatever the sampling rules say; the answer
        names another trace where clients are not trusted to begin one.
        """
        trace_id = new_trace_id()
        body = json.dumps({"productId": self.product, "quantity": 1})
        status, answer, trace = self._send("POST", f"/orders/{self.customer}", body, trace=f"Root={trace_id};Sampled=1")
        root = re.search(r"Root=([^;]+)", trace)
        return status, answer, root[1] if root else trace_id

    def is_open(self) -> bool:
        """Whether a request without authorisation is let in.

        It asks for an order that does not exist, so nothing happens.
        """
        status, _, _ = self._send("GET", f"/orders/{self.customer}/none", authorised=False)
        return status not in UNAUTHORISED

    def is_open_to_others(self) -> bool:
        """Whether the credentials are good for another customer too: where somebody is known, they must not be."""
        status, _, _ = self._send("GET", f"/orders/{self.customer}-2/none")
        return bool(self.role or self.token) and status not in UNAUTHORISED

    def _send(
        self, method: str, path: str, body: str = "", *, trace: str = "Sampled=0", authorised: bool = True
    ) -> tuple[int, str, str]:
        url = self.url.rstrip("/") + path
        headers = {"Content-Type": "application/json", TRACE_HEADER: trace}
        if authorised and self.api_key:
            headers["x-api-key"] = self.api_key
        if authorised and self.token:
            headers["Authorization"] = self.token
        if authorised and self.role:
            headers = self._signed(self.role, method, url, headers, body)
        request = urllib.request.Request(url, body.encode() or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode(), answer.headers.get(TRACE_HEADER, "")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers.get(TRACE_HEADER, "")
        except OSError as error:
            message = f"`{url}` does not answer: {error}"
            raise CannotRunError(message) from error

    def _signed(self, role: str, method: str, url: str, headers: dict[str, str], body: str) -> dict[str, str]:
        request = AWSRequest(method, url, headers=headers, data=body)
        assumed = self.session.client("sts", config=aws.PATIENT).assume_role(RoleArn=role, RoleSessionName=CUSTOMER)
        issued = assumed["Credentials"]
        credentials = Credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
        SigV4Auth(credentials, "execute-api", self.session.region_name).add_auth(request)
        return dict(request.headers.items())


def subject(token: str) -> str:
    """Return whose id token this is. Whether it is valid is the API's to say."""
    try:
        claims = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        message = "the token is no id token: it has no `sub`"
        raise CannotRunError(message) from error


def new_trace_id() -> str:
    """Return an id as X-Ray makes them."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
