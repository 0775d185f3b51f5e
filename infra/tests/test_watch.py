"""Alarms, who they notify, sampling rules, and what costs money only when it is asked for."""

from __future__ import annotations

import json
import re
import unittest
from typing import TYPE_CHECKING, ClassVar

from transformed import INFRA, stack, watch

if TYPE_CHECKING:
    from transformed import Template

CHOICES = {
    "NoOrdersMinutes": "60",
    "MonthlyBudget": "100",
    "XRayInsights": "true",
    "BusLogLevel": "TRACE",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    "AlarmEmail": "a@example.com",
}
CONSUMERS = ["order", "payment", "inventory", "notification"]
NAME = "distributed-tracing-demo"


def alarms(**parameters: str) -> Template:
    """The alarms' properties, by what follows the stack's name in theirs."""
    return {
        resource["Properties"]["AlarmName"].removeprefix(f"{NAME}-"): resource["Properties"]
        for resource in watch(parameters).values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


class Severities(unittest.TestCase):
    PAGES: ClassVar = {
        *("api-5xx", "events-lost", "no-orders", "orders-stuck"),
        *(f"{service}-service-failures-lost" for service in CONSUMERS),
    }

    def test_every_alarm_acts_by_itself(self) -> None:
        # A composite alarm over all of them would stay in alarm and notify nobody of a second failure.
        self.assertNotIn("AWS::CloudWatch::CompositeAlarm", {made["Type"] for made in watch(CHOICES).values()})
        for name, alarm in alarms(**CHOICES).items():
            topic = "Pages" if name in self.PAGES else "Tickets"
            self.assertEqual(alarm["AlarmActions"], [topic], name)
            self.assertEqual(alarm["OKActions"], [topic], name)
        self.assertLessEqual(self.PAGES, set(alarms(**CHOICES)))

    def test_the_topics_accept_every_alarm_of_this_stack(self) -> None:
        resources = watch(CHOICES)
        for policy in ["PagesPolicy", "TicketsPolicy"]:
            statement = resources[policy]["Properties"]["PolicyDocument"]["Statement"][0]
            pattern = statement["Condition"]["ArnLike"]["aws:SourceArn"]
            self.assertEqual(pattern, f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{NAME}-*")

    def test_tickets_go_to_the_one_address_where_there_is_one(self) -> None:
        for given, expected in [
            ({"AlarmEmail": "a@b"}, "a@b"),
            ({"AlarmEmail": "a@b", "TicketEmail": "c@d"}, "c@d"),
            ({"TicketEmail": "c@d"}, "c@d"),
        ]:
            self.assertEqual(watch(given)["TicketMail"]["Properties"]["Endpoint"], expected)
        self.assertFalse({"PageMail", "TicketMail"} & set(watch()))

    def test_the_page_for_failing_requests_is_a_rate_over_several_minutes(self) -> None:
        alarm = alarms()["api-5xx"]
        self.assertEqual(
            (alarm["Statistic"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]), ("Average", 3, 5)
        )
        self.assertLess(float(alarm["Threshold"]), 1)

    def test_no_alarm_fills_missing_points(self) -> None:
        for name, alarm in alarms(**CHOICES).items():
            expressions = [metric.get("Expression", "") for metric in alarm.get("Metrics", [])]
            self.assertNotIn("FILL", "".join(expressions), name)


class Losses(unittest.TestCase):
    def test_each_silent_loss_has_an_alarm(self) -> None:
        found = alarms()
        for service in CONSUMERS:
            for suffix, metric in {
                "failures-lost": "DestinationDeliveryFailures",
                "events-dropped": "AsyncEventsDropped",
            }.items():
                alarm = found[f"{service}-service-{suffix}"]
                self.assertEqual(alarm["MetricName"], metric)
                self.assertEqual(alarm["Dimensions"], [{"Name": "FunctionName", "Value": f"{NAME}-{service}-service"}])
        query = found["events-lost"]["Metrics"][0]["Expression"]
        # All rules of the bus, also those of later consumers.
        self.assertIn("SUM(InvocationsFailedToBeSentToDlq)", query)
        self.assertIn(f"EventBusName = '{NAME}'", query)

    def test_every_queue_and_every_function_is_watched(self) -> None:
        resources = stack(CHOICES)
        found = alarms(**CHOICES)
        watched = {dimension["Value"] for alarm in found.values() for dimension in alarm.get("Dimensions", [])}
        # Whoever talks to customers reads the queue of their notices, and watches it.
        ours = [resource for name, resource in resources.items() if name != "CustomerNotices"]
        for resource in ours:
            for kind, name in {"AWS::SQS::Queue": "QueueName", "AWS::Lambda::Function": "FunctionName"}.items():
                if resource["Type"] == kind:
                    self.assertIn(resource["Properties"][name], watched)

    def test_an_order_that_is_open_for_long_is_a_ticket_and_one_that_stays_so_a_page(self) -> None:
        found = alarms()
        dimensions = [{"Name": "Service", "Value": "order-service"}]
        for name, (metric, statistic, operator, threshold) in {
            "orders-republished": ("OrdersRepublished", "Sum", "GreaterThanThreshold", 0),
            "orders-stuck": ("RepublishAttempts", "Maximum", "GreaterThanOrEqualToThreshold", 5),
        }.items():
            alarm = found[name]
            self.assertEqual((alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"]), (NAME, metric, dimensions))
            self.assertEqual(
                (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]), (statistic, operator, threshold)
            )

    def test_silence_is_an_alarm_where_orders_are_expected(self) -> None:
        self.assertNotIn("no-orders", alarms())
        alarm = alarms(NoOrdersMinutes="60")["no-orders"]
        self.assertEqual(alarm["TreatMissingData"], "breaching")
        self.assertEqual((alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]), (60, "60", "60"))

    def test_the_traces_have_an_alarm(self) -> None:
        alarm = alarms()["faulty-traces"]
        self.assertEqual((alarm["Namespace"], alarm["MetricName"]), ("AWS/X-Ray", "ApproximateTraceCount"))
        self.assertEqual(
            alarm["Dimensions"], [{"Name": "GroupName", "Value": watch()["OrdersToLookAt"]["Properties"]["GroupName"]}]
        )

    def test_the_dashboard_shows_the_alarms_and_no_other(self) -> None:
        body = watch(CHOICES)["Page"]["Properties"]["DashboardBody"]
        shown = set(re.findall(rf":alarm:{NAME}-([\w-]+)", body))
        self.assertEqual(shown, set(alarms()))
        json.loads(body)


class Traces(unittest.TestCase):
    def test_the_orders_reservoir_is_for_orders(self) -> None:
        rules = [
            made["Properties"]["SamplingRule"] for made in watch().values() if made["Type"] == "AWS::XRay::SamplingRule"
        ]
        self.assertEqual(len(rules), 2)
        for rule in rules:
            self.assertEqual(
                (rule["HTTPMethod"], rule["ServiceType"], rule["ServiceName"]), ("POST", "*", f"{NAME}/prod")
            )

    def test_insights_have_to_be_asked_for(self) -> None:
        for choice, wanted in {"false": False, "true": True}.items():
            resources = watch({"XRayInsights": choice})
            settings = resources["OrdersToLookAt"]["Properties"]["InsightsConfiguration"]
            self.assertEqual(settings, {"InsightsEnabled": wanted, "NotificationsEnabled": wanted})
            self.assertEqual("Insights" in resources, wanted)


class BusLog(unittest.TestCase):
    def test_each_level_delivers_the_ones_before_it(self) -> None:
        for level, expected in {
            "OFF": [],
            "ERROR": ["ERROR"],
            "INFO": ["ERROR", "INFO"],
            "TRACE": ["ERROR", "INFO", "TRACE"],
        }.items():
            resources = watch({"BusLogLevel": level})
            delivered = [
                made["Properties"]["LogType"]
                for made in resources.values()
                if made["Type"] == "AWS::Logs::DeliverySource"
            ]
            self.assertEqual(delivered, [f"{name}_LOGS" for name in expected])
            bus = stack({"BusLogLevel": level})["EventBus"]["Properties"].get("LogConfig")
            self.assertEqual(bus, {"Level": level, "IncludeDetail": "NONE"} if expected else None)


class Handed(unittest.TestCase):
    def test_both_templates_agree_on_the_parameters(self) -> None:
        handed = set(stack()["Watcher"]["Properties"]["Parameters"])
        declared = set(
            re.findall(r"^  (\w+):\n    Type: (?:String|Number)", (INFRA / "watch.yaml").read_text(), re.MULTILINE)
        )
        self.assertEqual(handed, declared)

    def test_a_budget_has_to_be_asked_for_and_notifies_somebody(self) -> None:
        self.assertNotIn("Budget", watch())
        budget = watch({"MonthlyBudget": "100"})["Budget"]["Properties"]
        self.assertEqual(budget["Budget"]["CostFilters"], {"TagKeyValue": [f"user:stack${NAME}"]})
        for notified in budget["NotificationsWithSubscribers"]:
            self.assertEqual(notified["Subscribers"], [{"SubscriptionType": "SNS", "Address": "Tickets"}])
        self.assertIn(f"stack={NAME}", (INFRA / "samconfig.toml").read_text())


class Key(unittest.TestCase):
    def test_the_bus_with_a_key_has_somewhere_to_put_what_it_cannot_process(self) -> None:
        resources = stack(CHOICES)
        self.assertEqual(resources["EventBus"]["Properties"]["DeadLetterConfig"], {"Arn": "UnprocessedEvents.Arn"})
        # Not with that key: without it, this queue is needed.
        self.assertNotIn("KmsMasterKeyId", resources["UnprocessedEvents"]["Properties"])
        self.assertNotIn("DeadLetterConfig", stack()["EventBus"]["Properties"])


class Archive(unittest.TestCase):
    def test_it_has_to_be_asked_for(self) -> None:
        self.assertNotIn("Archive", stack())
        archive = stack({"ArchiveRetentionDays": "30"})["Archive"]["Properties"]
        self.assertEqual((archive["RetentionDays"], archive["SourceArn"]), ("30", "EventBus.Arn"))


class Waf(unittest.TestCase):
    def test_the_stage_is_put_behind_the_given_web_acl(self) -> None:
        self.assertNotIn("ApiWaf", stack())
        acl = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/shop/00000000-0000-0000-0000-000000000000"
        association = stack({"WafAclArn": acl})["ApiWaf"]
        self.assertEqual(
            association["Properties"],
            {"WebACLArn": acl, "ResourceArn": "arn:aws:apigateway:us-east-1::/restapis/Api/stages/prod"},
        )
        self.assertEqual(association["DependsOn"], "ApiprodStage")


if __name__ == "__main__":
    unittest.main()
