"""What the canary says of the version that is invoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from tools.canary.version import not_newest, not_ready

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import AliasConfigurationResponseTypeDef, FunctionConfigurationResponseTypeDef


@pytest.mark.parametrize(
    ("version", "weights", "versions", "expected"),
    [
        ("2", {}, ["$LATEST", "1", "2"], []),
        # As numbers, not as texts.
        ("10", {}, ["$LATEST", "9", "10"], []),
        ("1", {}, ["$LATEST", "1", "2"], ["payment-service is invoked in version 1, but 2 is the newest"]),
        ("$LATEST", {}, ["$LATEST"], ["payment-service is invoked in version $LATEST, but None is the newest"]),
        (
            "1",
            {"2": 0.1},
            ["1", "2"],
            ["payment-service is invoked in version 1", "also invoked in version 2, with 10% of the calls"],
        ),
    ],
)
def test_the_alias_is_compared_with_the_versions(
    version: str, weights: dict[str, float], versions: list[str], expected: list[str]
) -> None:
    alias: dict[str, Any] = {"FunctionVersion": version}
    if weights:
        alias["RoutingConfig"] = {"AdditionalVersionWeights": weights}
    found = not_newest("payment-service", cast("AliasConfigurationResponseTypeDef", alias), versions)
    assert len(found) == len(expected)
    assert all(part in sentence for part, sentence in zip(expected, found, strict=True))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ({"State": "Active", "LastUpdateStatus": "Successful"}, []),
        (
            {"State": "Failed", "StateReason": "no key", "LastUpdateStatus": "InProgress"},
            [
                "payment-service is Failed, not Active: no key",
                "payment-service's last update is InProgress, not Successful: no reason given",
            ],
        ),
    ],
)
def test_an_update_that_has_not_ended_well_is_named(function: dict[str, str], expected: list[str]) -> None:
    assert not_ready("payment-service", cast("FunctionConfigurationResponseTypeDef", function)) == expected
