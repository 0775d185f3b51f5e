"""Which sums of metrics fit which books. botocore's stub holds the answers of CloudWatch to its own model."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import boto3
import pytest
from botocore.stub import ANY, Stubber

from tools.audit import metrics
from tools.audit.books import Books

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TIME = metrics.Window(NOON - timedelta(days=1), NOON)
EARLIER, JUST_NOW, BEFORE = "2026-11-22T06:00:00.000Z", "2026-11-22T11:59:00.000Z", "2026-11-21T11:30:00.000Z"
CONFIRMED = {"OrdersCreated": 1, "PaymentsProcessed": 1, "Reservations": 1, "NotificationsSent": 1}


def books(order_id: str = "ord_1", at: str = EARLIER, **changed: dict[str, Any]) -> Books:
    """Return the books of one order, confirmed unless something of it is changed."""
    items: dict[str, dict[str, Any]] = {
        "orders": {"createdAt": at, "notificationSent": {"at": at}},
        "payments": {"decision": "charged", "decidedAt": at},
        "reservations": {"decision": "reserved", "decidedAt": at},
        "notifications": {"sentAt": at},
    }
    items.update(changed)
    orders, payments, reservations, notifications = ({order_id: item} if item else {} for item in items.values())
    return Books(orders, payments, reservations, notifications)


def found(counted: dict[str, int], of: Books) -> list[str]:
    zero = dict.fromkeys(metrics.METRICS, 0)
    return [f"{one.metric}: {one}" for one in metrics.differences(zero | counted, of, TIME)]


def test_what_is_counted_once_fits() -> None:
    assert found(CONFIRMED, books()) == []
    refused = books(payments={"decision": "declined", "decidedAt": EARLIER})
    assert found(CONFIRMED | {"PaymentsProcessed": 0, "PaymentsFailed": 1}, refused) == []
    late = books(
        payments={"decision": "charged", "decidedAt": EARLIER, "refundedAt": EARLIER},
        reservations={"decision": "insufficient", "decidedAt": EARLIER},
    )
    assert found(CONFIRMED | {"PaymentsRefunded": 1, "Reservations": 0, "StockOuts": 1}, late) == []
    void = books(payments={"decision": "void"}, reservations={"decision": "void"})
    assert found({"OrdersCreated": 1, "NotificationsSent": 1}, void) == []


def test_what_is_counted_twice_is_named() -> None:
    twice = "OrdersCreated: 2 counted, 1 recorded: facts are counted more than once"
    assert found(CONFIRMED | {"OrdersCreated": 2}, books()) == [twice]
    assert not metrics.Difference("OrdersCreated", 2, 1).is_tolerated
    nothing = "PaymentsFailed: 1 counted, 0 recorded: facts are counted more than once"
    assert found(CONFIRMED | {"PaymentsFailed": 1}, books()) == [nothing]


def test_what_dying_processes_lose_is_tolerated_and_named() -> None:
    one_of_a_hundred, two_of_a_hundred = (metrics.Difference("Reservations", 100 - lost, 100) for lost in (1, 2))
    assert one_of_a_hundred.is_tolerated
    assert str(one_of_a_hundred) == "99 counted, 100 recorded: processes died before they counted"
    assert not two_of_a_hundred.is_tolerated
    assert "more counts are missing" in found(CONFIRMED | {"Reservations": 0}, books())[0]


def test_what_the_canary_orders_is_no_fact() -> None:
    assert found({}, books("ord_canary-1")) == []
    assert found({"OrdersCreated": 1}, books("ord_canary-1")) != []


@pytest.mark.parametrize("at", [JUST_NOW, BEFORE])
def test_facts_at_the_edges_may_be_counted_or_not(at: str) -> None:
    assert found({}, books(at=at)) == []
    assert found(CONFIRMED, books(at=at)) == []
    assert found(CONFIRMED | {"OrdersCreated": 2}, books(at=at)) != []


def test_a_notification_is_a_fact_in_either_table() -> None:
    assert found(CONFIRMED, books(notifications={})) == []
    assert found(CONFIRMED, books(orders={"createdAt": EARLIER})) == []


class Account(boto3.Session):
    """A session whose clients are stubs."""

    stubs: ClassVar[dict[str, Stubber]] = {}

    def client(self, name: str, **_: object) -> Any:  # type: ignore[override]  # noqa: ANN401, any client
        return self.stubs[name].client


@pytest.fixture
def account() -> Iterator[Account]:
    session = Account(aws_access_key_id="any", aws_secret_access_key="any", region_name="eu-west-1")  # noqa: S106
    for name in ("cloudwatch", "dynamodb"):
        session.stubs[name] = Stubber(boto3.Session.client(session, name))
        session.stubs[name].activate()
    yield session
    for stub in session.stubs.values():
        stub.assert_no_pending_responses()


def result(metric: str, *values: float) -> dict[str, Any]:
    times = [NOON - timedelta(hours=hour) for hour in range(len(values))]
    answer = {"Timestamps": times, "Values": list(values), "StatusCode": "Complete"}
    return answer | {"Id": metric.lower(), "Label": metric}


def test_the_sums_of_all_pages_are_added(account: Account) -> None:
    stub = account.stubs["cloudwatch"]
    asked = {"MetricDataQueries": ANY, "StartTime": TIME.start, "EndTime": TIME.end}
    first = {"MetricDataResults": [result("OrdersCreated", 2.0, 3.0), result("StockOuts")], "NextToken": "more"}
    stub.add_response("get_metric_data", first, asked)
    stub.add_response(
        "get_metric_data", {"MetricDataResults": [result("OrdersCreated", 4.0)]}, asked | {"NextToken": "more"}
    )
    expected = dict.fromkeys(metrics.METRICS, 0) | {"OrdersCreated": 9}
    assert metrics.sums(account, "shop-demo", TIME) == expected


def test_metrics_of_an_earlier_stack_with_the_same_name_are_left_out(account: Account) -> None:
    created = NOON - timedelta(days=3, minutes=20)
    table = {"Table": {"CreationDateTime": created}}
    account.stubs["dynamodb"].add_response("describe_table", table, {"TableName": "shop-demo-orders"})
    assert metrics.window(account, "shop-demo", NOON) == (datetime(2026, 11, 19, 11, tzinfo=UTC), NOON)
