"""Names of Lambda functions out of their ARNs."""

from __future__ import annotations

from typing import NamedTuple

# arn:aws:lambda:REGION:ACCOUNT:function:NAME, and perhaps :QUALIFIER
_PARTS, _SERVICE, _KIND, _NAME, _QUALIFIER = (7, 8), 2, 5, 6, 7


class FunctionName(NamedTuple):
    """A function, and the alias or version that an ARN names, if it names one."""

    name: str
    qualifier: str | None


def function_name(arn: str) -> FunctionName | None:
    """Return what the ARN of a Lambda function names; nothing if it is the ARN of something else.

    `$LATEST` counts as no qualifier: it is what a function's plain name means.
    """
    parts = arn.split(":")
    if len(parts) not in _PARTS or parts[0] != "arn" or parts[_SERVICE] != "lambda" or parts[_KIND] != "function":
        return None
    qualifier = parts[_QUALIFIER] if len(parts) > _QUALIFIER else "$LATEST"
    return FunctionName(parts[_NAME], None if qualifier == "$LATEST" else qualifier)
