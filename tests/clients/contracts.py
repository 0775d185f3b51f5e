"""What the services answer and publish, held to docs/openapi.yaml and docs/asyncapi.yaml."""

from __future__ import annotations

import json
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra"), str(ROOT / "infra/tests")]

if __name__ == "__main__":
    from tools import virtual_environment

    # It has a validator of JSON schemas, and a reader of YAML.
    virtual_environment.enter("deploy")

import contract
import stack
from jsonschema import Draft202012Validator
from tools.polling import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT = "shop"
# What needs two requests in the same millisecond.
NOT_PROVOKED = {"409"}
# Nothing is recorded of these.
REFUSED_BY_GATEWAY = {401, 429}
ALWAYS_PUBLISHED = {
    "Order Created",
    "Payment Processed",
    "Payment Failed",
    "Inventory Updated",
    "Inventory Insufficient",
    "Notification Sent",
}
CARD_DECLINED, TOO_MANY = {"paymentMethod": "card_declined"}, {"quantity": 1000}


class Api:
    """The API of a stack with a user pool, every answer of which is held to the contract."""

    def __init__(self, local: stack.Stack, check: unittest.TestCase) -> None:
        """Sign in as two customers."""
        self.local, self.check = local, check
        self.document = contract.load("openapi.yaml")
        self.operations = {
            operation["operationId"]: operation for _, _, operation in contract.operations(self.document)
        }
        self.seen: set[tuple[str, str]] = set()
        self.traces: list[str] = []
        self.token, self.others_token = self.sign_in("me"), self.sign_in("somebody-else")

    def aws(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> Any:  # noqa: ANN401, any answer
        """Send a request to the port of the AWS APIs."""
        url = self.local.environment["AWS_ENDPOINT_URL"] + path
        request = urllib.request.Request(url, json.dumps(body).encode() if body else None, dict(headers), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def sign_in(self, user: str) -> str:
        """Return a user's id token."""
        parameters = {"USERNAME": user, "PASSWORD": "any"}
        body = {"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT, "AuthParameters": parameters}
        target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
        return str(self.aws("POST", "/", body, target)["AuthenticationResult"]["IdToken"])

    def set_faults(self, *faults: str) -> None:
        """Make calls of AWS fail."""
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=any/20261126/us-east-1/local/aws4_request"}
        self.aws("PUT", "/console/faults", {"faults": list(faults)}, signed)

    def call(
        self, operation: str, path: str, body: str | None = None, token: str | None = None, **headers: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Send a request; return status, body and headers."""
        method = "POST" if operation == "placeOrder" else "GET"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = token or self.token
        url = self.local.url + path
        request = urllib.request.Request(url, body.encode() if body else None, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text, received = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            status, text, received = error.code, error.read(), error.headers
        if status not in REFUSED_BY_GATEWAY:
            self.traces.append(received["X-Amzn-Trace-Id"].split(";")[0].removeprefix("Root="))
        parsed = json.loads(text) if text else None
        self.hold(operation, str(status), parsed, received)
        return status, parsed, received

    def hold(self, operation: str, status: str, body: object, headers: Mapping[str, str]) -> None:
        """Compare an answer with what is promised."""
        responses = self.operations[operation]["responses"]
        self.check.assertIn(status, responses, operation)
        self.seen.add((operation, status))
        response = contract.deref(self.document, responses[status])
        for name, listed in response.get("headers", {}).items():
            if contract.deref(self.document, listed).get("required"):
                self.check.assertIn(name, headers, f"{operation} {status}")
        kinds = response.get("content", {})
        if not kinds:
            self.check.assertIsNone(body)
            return
        schema = contract.strict(kinds[headers["Content-Type"]]["schema"] | {"components": self.document["components"]})
        self.check.assertEqual(errors(schema, body), [], f"{operation} {status}: {body}")


def errors(schema: object, value: object) -> list[str]:
    """Return what is wrong with a value."""
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def template() -> str:
    """Return the project's template with a user pool, and without a limit that is met before the stock is."""
    text = stack.template()
    for name, before, after in [
        ("ApiAuth", "NONE", "JWT"),
        ("UserPoolId", '""', "us-east-1_local"),
        ("UserPoolClientId", '""', CLIENT),
        # With the limit, payment's refusal races the shortage: inventory may cancel before it ever looks.
        ("PaymentLimit", '"5000.00"', '"999999.00"'),
    ]:
        declared = f"  {name}:\n    Type: String\n    Default: "
        assert f"{declared}{before}\n" in text, name
        text = text.replace(f"{declared}{before}\n", f"{declared}{after}\n")
    return text


class Contracts(unittest.TestCase):
    def test_the_services_keep_them(self) -> None:
        with stack.running(template()) as local:
            api = Api(local, self)
            self.place_orders(api)
            self.look_at_orders(api)
            self.provoke_refusals(api)
            promised = {(name, status) for name, one in api.operations.items() for status in one["responses"]}
            missing = {(name, status) for name, status in promised - api.seen if status not in NOT_PROVOKED}
            self.assertEqual(missing, set(), "promised and never seen")
            self.hold_events(api)

    def place_orders(self, api: Api) -> None:
        for body in [{}, {"productId": "12345", "quantity": 2}, CARD_DECLINED, TOO_MANY]:
            status, order, headers = api.call("placeOrder", "/orders/me", json.dumps(body))
            self.assertEqual(status, 201, order)
            self.await_the_end(api, headers["Location"])

    def await_the_end(self, api: Api, location: str) -> None:
        def ended() -> bool:
            _, order, _ = api.call("lookUpOrder", location)
            return any(entry["event"] == "Notification Sent" for entry in order["history"])

        wait_for("the end of an order", ended, 30)

    def look_at_orders(self, api: Api) -> None:
        _, page, _ = api.call("listOrders", "/orders/me?limit=2")
        _, rest, _ = api.call("listOrders", page["links"]["next"])
        self.assertEqual(len(page["orders"]) + len(rest["orders"]), 4)
        path = page["orders"][0]["links"]["self"]
        _, _, headers = api.call("lookUpOrder", path)
        self.assertEqual(api.call("lookUpOrder", path, If_None_Match=headers["ETag"])[0], 304)

    def provoke_refusals(self, api: Api) -> None:
        nobody, nothing = "/orders/not%20an%20id", "/orders/me/ord_nothing"
        for operation, path, body, status in [
            ("placeOrder", "/orders/me", "not JSON", 400),
            ("placeOrder", "/orders/me", '{"quantity": 0}', 422),
            ("listOrders", "/orders/me?limit=0", None, 422),
            ("lookUpOrder", nothing, None, 404),
        ]:
            self.assertEqual(api.call(operation, path, body)[0], status, path)
        nobody_token = api.sign_in("not an id")
        self.assertEqual(api.call("listOrders", nobody, token=nobody_token)[0], 404)
        for operation, path, body in [
            ("placeOrder", "/orders/me", "{}"),
            ("listOrders", "/orders/me", None),
            ("lookUpOrder", nothing, None),
        ]:
            self.assertEqual(api.call(operation, path, body, token=api.others_token)[0], 403)
            # The gateway refuses these before the service is asked.
            unknown = "nonsense"
            self.assertEqual(api.call(operation, path, body, token=unknown)[0], 401)
            api.set_faults("apigateway=throttle@100%")
            self.assertEqual(api.call(operation, path, body)[0], 429)
            api.set_faults()
        api.set_faults("events=error@100%")
        self.assertEqual(api.call("placeOrder", "/orders/me", "{}")[0], 202)
        api.set_faults("dynamodb/order-service=error@100%")
        for operation, path, body, status in [
            # Without a key, and without an answer of the table, nobody knows whether the order is stored.
            ("placeOrder", "/orders/me", "{}", 500),
            ("listOrders", "/orders/me", None, 503),
            ("lookUpOrder", nothing, None, 503),
        ]:
            self.assertEqual(api.call(operation, path, body)[0], status)
        self.assertEqual(api.call("placeOrder", "/orders/me", "{}", Idempotency_Key="unavailable")[0], 503)
        api.set_faults()

    def hold_events(self, api: Api) -> None:
        document = contract.load("asyncapi.yaml")
        messages = {message["name"]: message for message in document["components"]["messages"].values()}
        seen = set()
        for trace in set(api.traces):
            for record in api.aws("GET", f"/console/traces/{trace}", None, {}).get("events", []):
                event = record["event"]
                message = messages[event["detail-type"]]
                schema = contract.strict(message["payload"] | {"components": document["components"]})
                self.assertEqual(errors(schema, event), [], event)
                seen.add(event["detail-type"])
        self.assertLessEqual(ALWAYS_PUBLISHED, seen)


if __name__ == "__main__":
    unittest.main()
