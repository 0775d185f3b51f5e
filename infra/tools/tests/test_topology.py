"""`topology.json`, and the rules that are compared with it."""

import json

import pytest

from tools.canary.routing import Rule, differences, target_name
from tools.topology import EventKind, Topology

ORDER_CREATED = EventKind("Order Created", "order.service", frozenset({"payment-service"}))
NOTIFICATION_SENT = EventKind("Notification Sent", "notification.service", frozenset())
TOPOLOGY = Topology(frozenset(), (ORDER_CREATED, NOTIFICATION_SENT))
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function"


def rule(*targets: str, enabled: bool = True, matched: tuple[str, ...] = ("Order Created",)) -> Rule:
    pattern = '{"source":["order.service"]}'
    return Rule("shop-rule", pattern, enabled=enabled, targets=frozenset(targets), matched=frozenset(matched))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("payment-service")], []),
        (
            [rule("payment-service", enabled=False)],
            ["rule shop-rule is disabled", "no enabled rule sends `Order Created` to payment-service"],
        ),
        (
            [rule("payment-service"), rule("payment-service", enabled=False)],
            ["rule shop-rule is disabled"],
        ),
        ([rule("payment-service", "mail-service")], ["`Order Created` is also sent to mail-service"]),
        (
            [rule("payment-service", matched=("Order Created", "Notification Sent"))],
            ["`Notification Sent` is also sent to payment-service"],
        ),
        (
            [rule("payment-service", matched=())],
            [
                "no enabled rule sends `Order Created` to payment-service",
                'rule shop-rule matches no event that the services publish: {"source": ["order.service"]}',
            ],
        ),
        ([], ["no enabled rule sends `Order Created` to payment-service"]),
    ],
)
def test_rules_are_compared_with_the_consumers(rules: list[Rule], expected: list[str]) -> None:
    assert differences(rules, TOPOLOGY) == expected


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (f"{FUNCTION}:shop-demo-payment-service", "payment-service"),
        (f"{FUNCTION}:shop-demo-payment-service:live", "payment-service"),
        (f"{FUNCTION}:other-payment-service", f"{FUNCTION}:other-payment-service"),
        ("arn:aws:sqs:eu-west-1:123456789012:shop-demo-queue", "arn:aws:sqs:eu-west-1:123456789012:shop-demo-queue"),
    ],
)
def test_a_target_is_named_after_its_service(arn: str, name: str) -> None:
    assert target_name(arn, "shop-demo") == name


def test_the_file_of_this_repository_is_understood() -> None:
    topology = Topology.read()
    assert topology.services == ["inventory-service", "notification-service", "order-service", "payment-service"]
    assert topology.consumers == topology.services
    edge = "shop-demo/prod (AWS::ApiGateway::Stage) -> order-service (AWS::Lambda)"
    assert edge in topology.edges_of("shop-demo")
    assert not any("{name}" in edge for edge in topology.edges_of("shop-demo"))


def test_a_sample_event_has_what_eventbridge_demands() -> None:
    event = json.loads(ORDER_CREATED.sample())
    assert (event["source"], event["detail-type"]) == ("order.service", "Order Created")
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html
    assert event.keys() >= {"id", "account", "source", "time", "region", "resources", "detail-type"}
