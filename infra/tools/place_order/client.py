"""A client that tries again until it knows."""

from __future__ import annotations

import http.client
import json
import random
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.exit_code import CannotRunError, FindingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLACED, FOUND, IN_FLIGHT, THROTTLED, SERVER_ERROR = (201, 202), 200, 409, 429, 500
# The longest pause before the second attempt, which doubles with each further one, and the longest of all.
PAUSE, LONGEST_PAUSE = 0.2, 5.0
# How often a placed order is looked at.
INTERVAL = 0.5
# How long one request may take: API Gateway answers after 29 seconds at the latest.
REQUEST_TIMEOUT = 30


@dataclass(frozen=True)
class Answer:
    """What a request is answered."""

    status: int
    body: Any
    retry_after: float = 0

    @property
    def is_worth_another_attempt(self) -> bool:
        """Whether the same request may be answered otherwise later."""
        return self.status in (IN_FLIGHT, THROTTLED) or self.status >= SERVER_ERROR


@dataclass(frozen=True)
class Client:
    """A client of the API at `url`."""

    url: str
    api_key: str | None = None
    timeout: float = 120
    """How many seconds it goes on trying."""

    def place(self, customer: str, order: Mapping[str, object], key: str) -> dict[str, Any]:
        """Place `order` once, and return it. With the same key, every attempt means the same order."""
        answer = self._until_known("POST", f"/orders/{customer}", json.dumps(order).encode(), {"Idempotency-Key": key})
        if answer.status not in PLACED:
            message = f"the order is refused with {answer.status}: {answer.body}"
            raise FindingError(message)
        placed: dict[str, Any] = answer.body
        return placed

    def follow(self, customer: str, order_id: str) -> str:
        """Print every change of the order's status until it has one that is final, and return that."""
        status, deadline = "created", time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            answer = self._until_known("GET", f"/orders/{customer}/{order_id}")
            if answer.status != FOUND:
                message = f"the order `{order_id}` is not found: {answer.status} {answer.body}"
                raise CannotRunError(message)
            if answer.body["status"] != status:
                status = answer.body["status"]
                print(f"{status}: {answer.body['message']}")
                return str(status)
            time.sleep(INTERVAL)
        message = f"the order `{order_id}` has not ended within {self.timeout:g} s; its state is `{status}`"
        raise CannotRunError(message)

    def _until_known(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        deadline, last = time.monotonic() + self.timeout, "nothing was tried"
        for pause in _pauses():
            try:
                answer = self._send(method, path, body, headers or {})
            except (OSError, http.client.HTTPException) as error:
                # The request may have been handled: only its key makes it safe to send it again.
                last, retry_after = f"no answer: {error}", 0.0
            else:
                if not answer.is_worth_another_attempt:
                    return answer
                last, retry_after = f"{answer.status} {answer.body}", answer.retry_after
            wait = max(pause, retry_after)
            if time.monotonic() + wait > deadline:
                break
            print(f"{last}; trying again in {wait:.1f} s")
            time.sleep(wait)
        message = f"`{method} {path}`: {last}"
        raise CannotRunError(message)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        sent = {"Content-Type": "application/json", **headers}
        if self.api_key:
            sent["x-api-key"] = self.api_key
        request = urllib.request.Request(self.url + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT) as response:
                return Answer(response.status, json.load(response))
        except urllib.error.HTTPError as error:
            retry_after = error.headers.get("Retry-After", "")
            return Answer(error.code, error.read().decode(), float(retry_after) if retry_after.isdigit() else 0)


def _pauses() -> Iterator[float]:
    """Return "full jitter": a random share of a time that doubles."""
    longest = PAUSE
    while True:
        yield random.uniform(0, longest)  # noqa: S311, nobody gains from guessing it
        longest = min(longest * 2, LONGEST_PAUSE)
