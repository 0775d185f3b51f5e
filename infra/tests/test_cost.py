"""docs/cost.md follows from infra/cost.json, and that from the templates where it can."""

import pathlib
import unittest
from importlib.machinery import SourceFileLoader
from types import ModuleType

from tools.topology import Topology
from transformed import source, stack

PATH = pathlib.Path(__file__).resolve().parent / "cost"
cost = ModuleType("cost")
cost.__file__ = str(PATH)
SourceFileLoader("cost", str(PATH)).exec_module(cost)


class Cost(unittest.TestCase):
    def test_the_page_follows_from_its_inputs(self) -> None:
        page = cost.PAGE.read_text()
        self.assertEqual(cost.rendered(page), page, "hint: infra/tests/cost --write")

    def test_the_inputs_are_the_templates_own(self) -> None:
        defaults = {name: declared["Default"] for name, declared in source()["Parameters"].items()}
        self.assertEqual(
            cost.INPUT["sampling"], {"reservoir": defaults["TraceReservoir"], "rate": defaults["TraceRate"]}
        )
        requests = cost.INPUT["order"]["lambda_request"]["count"]
        self.assertEqual(
            cost.INPUT["order"]["lambda_gb_second"]["count"], requests * 0.05 * defaults["FunctionMemory"] / 1024
        )
        rules = [made for made in stack().values() if made["Type"] == "AWS::Events::Rule"]
        self.assertEqual(cost.INPUT["month"]["insights_alarm_metric"]["count"], 2 * len(rules))

    def test_the_quotas_take_what_an_order_uses(self) -> None:
        order, quotas = cost.INPUT["order"], {quota["what"]: quota["per_order"] for quota in cost.INPUT["quotas"]}
        requests = order["lambda_request"]["count"]
        self.assertEqual(quotas["EventBridge `PutEvents`"], order["event"]["count"])
        # Each but the first one is an event that a rule delivers.
        self.assertEqual(quotas["EventBridge invocations"], requests - 1)
        self.assertEqual(quotas["Lambda, concurrency (50 ms)"], requests * 0.05)
        events = Topology.read().events
        confirmed = {"Order Created", "Payment Processed", "Inventory Updated", "Notification Sent"}
        deliveries = sum(len(kind.consumers) for kind in events if kind.detail_type in confirmed)
        self.assertEqual(deliveries, requests - 1)

    def test_every_use_has_a_price(self) -> None:
        used = set(cost.INPUT["order"]) | set(cost.INPUT["month"])
        self.assertLessEqual(used, set(cost.INPUT["prices"]))


if __name__ == "__main__":
    unittest.main()
