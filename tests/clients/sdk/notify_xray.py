"""The same function, traced by AWS's X-Ray SDK."""

from aws_xray_sdk.core import patch

patch(("boto3",))

from notify import handler  # noqa: E402, F401, its clients are traced
