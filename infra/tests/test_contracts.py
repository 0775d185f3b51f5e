"""The contracts agree with the template, the topology and the golden events, and with each other."""

from __future__ import annotations

import unittest

import contract
from jsonschema import Draft202012Validator
from tools.topology import Topology
from transformed import stack

GOLDEN = sorted(path.name for path in contract.EVENTS.glob("*.json"))


class OpenApi(unittest.TestCase):
    def setUp(self) -> None:
        self.document = contract.load("openapi.yaml")
        self.body = stack()["Api"]["Properties"]["Body"]

    def test_it_has_the_templates_operations_and_parameters(self) -> None:
        described, deployed = ({}, {})
        for path, method, operation in contract.operations(self.document):
            parameters = [contract.deref(self.document, parameter) for parameter in operation["parameters"]]
            # API Gateway passes on every header, and the template names none.
            described[path, method] = (
                operation["operationId"],
                {(parameter["name"], parameter["in"]) for parameter in parameters if parameter["in"] != "header"},
            )
        for path, item in self.body["paths"].items():
            for method in set(item) - {"options"}:
                operation = item[method]
                declared = {(parameter["name"], parameter["in"]) for parameter in operation["parameters"]}
                deployed[path, method] = (operation["operationId"], declared)
        self.assertEqual(described, deployed)

    def test_what_the_template_answers_is_described(self) -> None:
        for path, method, operation in contract.operations(self.document):
            promised = set(self.body["paths"][path][method]["responses"])
            self.assertLessEqual(promised, set(operation["responses"]), f"{method} {path}")

    def test_the_gateway_and_the_contract_want_the_same_of_a_body(self) -> None:
        deployed = self.body["components"]["schemas"]["OrderRequest"]["properties"]
        described = self.document["components"]["schemas"]["OrderRequest"]["properties"]
        types = {name: contract.deref(self.document, field)["type"] for name, field in described.items()}
        self.assertEqual(types, {name: field["type"] for name, field in deployed.items()})

    def test_it_has_the_schemes_that_can_be_chosen(self) -> None:
        chosen = set()
        for auth in ["AWS_IAM", "JWT", "API_KEY"]:
            body = stack({"ApiAuth": auth, "UserPoolId": "us-east-1_a"})["Api"]["Properties"]["Body"]
            for name, scheme in body["components"]["securitySchemes"].items():
                chosen.add((name, scheme["name"]))
        described = self.document["components"]["securitySchemes"]
        self.assertEqual({(name, scheme["name"]) for name, scheme in described.items()}, chosen)


class AsyncApi(unittest.TestCase):
    def setUp(self) -> None:
        self.document = contract.load("asyncapi.yaml")
        self.messages = self.document["components"]["messages"]

    def test_it_has_the_events_of_the_topology(self) -> None:
        sent: dict[str, str] = {}
        received: dict[str, set[str]] = {message["name"]: set() for message in self.messages.values()}
        for key, operation in self.document["operations"].items():
            for reference in operation["messages"]:
                message = contract.deref(self.document, reference)
                if operation["action"] == "send":
                    sent[message["name"]] = key.removesuffix("-sends")
                else:
                    received[message["name"]].add(key.removesuffix("-receives"))
        for kind in Topology.read().events:
            self.assertEqual(sent.pop(kind.detail_type).replace("-", "."), kind.source)
            self.assertEqual(received.pop(kind.detail_type), kind.consumers, kind.detail_type)
        self.assertEqual((sent, received), ({}, {}))

    def test_every_golden_event_is_an_example_and_fits(self) -> None:
        seen = []
        for message in self.messages.values():
            file = f"{message['name'].lower().replace(' ', '-')}.json"
            (example,) = message["examples"]
            self.assertEqual(example["payload"], contract.golden(file), "hint: infra/tests/contracts --write")
            schema = contract.strict(message["payload"] | {"components": self.document["components"]})
            errors = [error.message for error in Draft202012Validator(schema).iter_errors(example["payload"])]
            self.assertEqual(errors, [], file)
            seen.append(file)
        self.assertEqual(sorted(seen), GOLDEN)


class Page(unittest.TestCase):
    def test_it_follows_from_the_contracts(self) -> None:
        self.assertEqual(contract.PAGE.read_text(), contract.rendered(), "hint: infra/tests/contracts --write")


if __name__ == "__main__":
    unittest.main()
