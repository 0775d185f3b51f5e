"""Which version of a function the API and the rules invoke, and whether its last update has ended well."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import AliasConfigurationResponseTypeDef, FunctionConfigurationResponseTypeDef


def not_ready(service: str, function: FunctionConfigurationResponseTypeDef) -> list[str]:
    """Return a sentence for each way in which a function cannot be invoked as it was updated last."""
    found = []
    if (state := function.get("State")) != "Active":
        found.append(f"{service} is {state}, not Active: {function.get('StateReason', 'no reason given')}")
    if (update := function.get("LastUpdateStatus")) != "Successful":
        reason = function.get("LastUpdateStatusReason", "no reason given")
        found.append(f"{service}'s last update is {update}, not Successful: {reason}")
    return found


def not_newest(service: str, alias: AliasConfigurationResponseTypeDef, versions: list[str]) -> list[str]:
    """Return a sentence for each way in which an alias does not send all calls to the newest of the versions.

    The versions are as Lambda lists them, the unpublished `$LATEST` included.
    """
    found = []
    newest = max((int(listed) for listed in versions if listed.isdecimal()), default=None)
    if alias["FunctionVersion"] != str(newest):
        invoked = f"{service} is invoked in version {alias['FunctionVersion']}"
        found.append(f"{invoked}, but {newest} is the newest: was a deployment rolled back, or made without its alias?")
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    found += [
        f"{service} is also invoked in version {listed}, with {weight:.0%} of the calls: a deployment has not ended"
        for listed, weight in weights.items()
    ]
    return found
