"""How the tools talk to AWS, and which stack they mean."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tools.exit_code import CannotRunError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

# "standard" waits longer after each attempt, and retries the throttling errors of all services.
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 8})

# What a call raises when AWS refuses it, or cannot be reached at all.
ERRORS: tuple[type[Exception], ...] = (BotoCoreError, ClientError)


def session() -> boto3.Session:
    """Return the session of the caller's own credentials and region."""
    return boto3.Session()


@contextmanager
def required() -> Iterator[None]:
    """Turn an error of AWS into the end of the tool: without this call it cannot go on."""
    try:
        yield
    except ERRORS as error:
        raise CannotRunError(str(error)) from error


def add_stack_arguments(parser: ArgumentParser) -> None:
    """Add the two parameters of the template that every name in a stack begins with."""
    parser.add_argument("--project", default="distributed-tracing", help="the template's ProjectName (%(default)s)")
    parser.add_argument("--environment", default="demo", help="the template's Environment (%(default)s)")


def stack_name(arguments: Namespace) -> str:
    """Return what every name in the stack begins with."""
    return f"{arguments.project}-{arguments.environment}"


def code(error: ClientError) -> str:
    """Return AWS's name of an error, such as `ThrottlingException`."""
    return error.response.get("Error", {}).get("Code", "")


def is_access_denied(error: ClientError) -> bool:
    """Whether the caller lacks a permission. Services do not agree on the name of this error."""
    return code(error) in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
