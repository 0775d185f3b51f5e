"""Which messages are dead letters, which of them are redriven, and how that is counted."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tools import exit_code
from tools.arn import FunctionName
from tools.redrive.dead_letter import DeadLetter, NotADeadLetterError
from tools.redrive.run import LONGEST_HOLD, SHORTEST_HOLD, Fate, Pacer, Selection, Summary, hold_seconds

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:shop-demo-payment-service"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
EVENT = {"detail-type": "Order Created", "detail": {"orderId": "ord_1", "metadata": {"trace": TRACE}}}
SERVICES = ("inventory-service", "payment-service")


def record(function: str = f"{ARN}:$LATEST", **fields: object) -> dict[str, Any]:
    """Return what Lambda sends to an on-failure destination."""
    context = {"functionArn": function, "condition": "RetriesExhausted"}
    return {"requestContext": context, "requestPayload": EVENT, **fields}


def message(body: object, **attributes: str) -> "MessageTypeDef":
    listed: dict[str, MessageAttributeValueOutputTypeDef] = {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
    text = body if isinstance(body, str) else json.dumps(body)
    return {"MessageId": "1", "Body": text, "MessageAttributes": listed}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (message(record(responsePayload={"errorMessage": "no table"})), "no table"),
        (message(record(responsePayload=None)), "RetriesExhausted"),
        (message(record()), "RetriesExhausted"),
        (message(EVENT, TARGET_ARN=ARN, ERROR_CODE="NO_PERMISSIONS"), "NO_PERMISSIONS"),
        (message(EVENT, TARGET_ARN=ARN, ERROR_CODE="THROTTLING", ERROR_MESSAGE="slow"), "slow"),
        (message(EVENT, TARGET_ARN=ARN), "no reason given"),
    ],
)
def test_both_forms_of_a_dead_letter_are_understood(sent: "MessageTypeDef", reason: str) -> None:
    letter = DeadLetter.parse(sent)
    assert letter == DeadLetter(FunctionName("shop-demo-payment-service", None), EVENT, reason)
    assert str(letter) == "Order Created of ord_1 for shop-demo-payment-service"
    assert letter.trace_header == TRACE


def test_an_event_of_a_schedule_is_a_dead_letter_too() -> None:
    event = {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}
    letter = DeadLetter.parse(message(record(requestPayload=event)))
    assert str(letter) == "Scheduled Event for shop-demo-payment-service"
    assert letter.event == event
    assert letter.trace_header is None


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (message("hello"), "its body is not JSON"),
        (message([]), "its body is not a JSON object"),
        (message(EVENT), "neither a `requestPayload` nor the attribute `TARGET_ARN`"),
        (message(EVENT, TARGET_ARN="arn:aws:sqs:eu-west-1:123456789012:queue"), "is not the ARN of a Lambda function"),
        (message(record(requestPayload="text")), "its `requestPayload` is not a JSON object"),
        (message({"requestPayload": EVENT}), "its `requestContext` is not a JSON object"),
        (message({"requestPayload": EVENT, "requestContext": {}}), "is not the ARN of a Lambda function"),
    ],
)
def test_anything_else_is_no_dead_letter(sent: "MessageTypeDef", complaint: str) -> None:
    with pytest.raises(NotADeadLetterError, match=complaint):
        DeadLetter.parse(sent)


@pytest.mark.parametrize("detail", [None, "text", {}, {"metadata": "text"}, {"metadata": {"trace": 1}}])
def test_an_event_without_a_trace_is_redriven_without_one(detail: object) -> None:
    event = {**EVENT, "detail": detail}
    assert DeadLetter.parse(message(event, TARGET_ARN=ARN)).trace_header is None


def letter_for(arn: str) -> DeadLetter:
    return DeadLetter.parse(message(EVENT, TARGET_ARN=arn))


def test_an_alias_is_invoked_as_the_letter_names_it() -> None:
    assert letter_for(f"{ARN}:live").function == FunctionName("shop-demo-payment-service", "live")


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("shop-demo-payment-service", False),
        ("shop-demo-payment-service:live", False),
        ("shop-demo-payment-service-2", True),
        ("shop-demo-order-service", True),
        ("other-payment-service", True),
        ("payment-service", True),
    ],
)
def test_only_consumers_of_the_stack_are_invoked(name: str, *, refused: bool) -> None:
    arn = ARN.replace("shop-demo-payment-service", name)
    assert (Selection("shop-demo", SERVICES).refusal(letter_for(arn)) is not None) == refused


@pytest.mark.parametrize(
    ("selection", "included"),
    [
        (Selection("shop-demo", SERVICES), True),
        (Selection("shop-demo", SERVICES, only="payment-service"), True),
        (Selection("shop-demo", SERVICES, only="inventory-service"), False),
        (Selection("shop-demo", SERVICES, dry_run=True), False),
        (Selection("shop-demo", SERVICES, only="payment-service", dry_run=True), False),
    ],
)
def test_the_selection_decides_what_is_redriven(selection: Selection, *, included: bool) -> None:
    assert selection.includes(letter_for(ARN)) == included


@pytest.mark.parametrize(
    ("fates", "printed", "code"),
    [
        ([], "0 redriven, 0 waiting, 0 failed, 0 not seen", exit_code.FINE),
        ([Fate.REDRIVEN] * 2, "2 redriven, 0 waiting, 0 failed, 0 not seen", exit_code.FINE),
        ([Fate.REDRIVEN, Fate.WAITING], "1 redriven, 1 waiting, 0 failed, 0 not seen", exit_code.FOUND_SOMETHING),
        ([Fate.FAILED], "0 redriven, 0 waiting, 1 failed, 0 not seen", exit_code.FOUND_SOMETHING),
        ([Fate.NOT_SEEN], "0 redriven, 0 waiting, 0 failed, 1 not seen", exit_code.FOUND_SOMETHING),
    ],
)
def test_the_summary_says_whether_a_dead_letter_is_left(fates: list[Fate], printed: str, code: int) -> None:
    summary = Summary()
    for fate in fates:
        summary.add(fate)
    assert (str(summary), summary.exit_code) == (printed, code)


def test_the_pacer_spreads_calls_and_does_not_save_up_pauses() -> None:
    now, slept = 0.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    pacer = Pacer(2, clock=lambda: now, sleep=sleep)
    pacer.wait()
    pacer.wait()
    now += 10
    pacer.wait()
    pacer.wait()
    assert slept == [0.5, 0.5]


@pytest.mark.parametrize(
    ("rate", "limit", "seconds"),
    [(10, 100, SHORTEST_HOLD), (1, 1000, 1060), (0.001, 1000, LONGEST_HOLD)],
)
def test_messages_are_hidden_for_the_whole_run(rate: float, limit: int, seconds: int) -> None:
    assert hold_seconds(rate, limit) == seconds
