"""What the client sends again, and what not, to a server with prepared answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tools.exit_code import CannotRunError, FindingError
from tools.place_order import client as client_module
from tools.place_order.client import Client

ORDER = {"orderId": "ord_1", "amount": 99.99, "currency": "USD", "status": "created", "message": "m"}
LOST = 0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PAUSE", 0.01)
    monkeypatch.setattr(client_module, "INTERVAL", 0.01)


@contextmanager
def answering(*answers: tuple[int, dict[str, Any]]) -> Iterator[tuple[Client, list[str | None]]]:
    """Serve one answer a request; a lost one closes the connection. Yield a client, and the keys that it sends."""
    left, keys = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            keys.append(self.headers["Idempotency-Key"])
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = left.pop(0)
            if status == LOST:
                return
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer  # noqa: N815, the base class's names

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Client(f"http://127.0.0.1:{server.server_port}", timeout=10), keys
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not left, "every answer is asked for"


def test_the_same_key_is_sent_until_the_answer_is_known() -> None:
    unknown: list[tuple[int, dict[str, Any]]] = [(503, {}), (LOST, {}), (429, {}), (409, {}), (502, {})]
    with answering(*unknown, (201, ORDER)) as (client, keys):
        assert client.place("c", {"quantity": 1}, "k") == ORDER
    assert keys == ["k"] * 6


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refusal_is_final(status: int) -> None:
    with answering((status, {"detail": "no"})) as (client, keys), pytest.raises(FindingError, match=str(status)):
        client.place("c", {}, "k")
    assert len(keys) == 1


def test_an_order_is_followed_until_it_ends(capsys: pytest.CaptureFixture[str]) -> None:
    ended = {**ORDER, "status": "out_of_stock"}
    with answering((200, ORDER), (500, {}), (200, ended)) as (client, _):
        assert client.follow("c", "ord_1") == "out_of_stock"
    assert "out_of_stock: m" in capsys.readouterr().out


def test_it_gives_up_in_the_end() -> None:
    with answering((503, {})) as (client, _), pytest.raises(CannotRunError, match="503"):
        Client(client.url, timeout=0).place("c", {}, "k")
