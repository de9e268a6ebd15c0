"""A server on loopback that plays a vendor, with the ways in which real ones misbehave."""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What the server was asked."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What a route answers, where plain JSON with status 200 is not enough."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


# What a route may be: the payload itself, or what makes it (or an Answer) from the request.
Route = Any | Callable[[Request], Any]

# Ways to fail that pass: each is what the first attempt of a request meets.
FAULTS = ("429", "limit", "502", "truncated", "cut", "reset")


class VendorServer:
    """Serves routes on a free port of 127.0.0.1. Use as a context manager.

    Parameters
    ----------
    routes : dict
        Path (without query), or "METHOD path", to a payload or a function of the request.

    Attributes
    ----------
    requests : list of Request
        Every request that was answered from a route.
    fault : str or None
        One of FAULTS: the first attempt of each request fails so; "mixed": each request another
        one in turn.
    change : callable or None
        Applied to each JSON payload before it is sent.
    """

    def __init__(self, routes: dict[str, Route]) -> None:
        self.routes = routes
        self.requests: list[Request] = []
        self.fault: str | None = None
        self.change: Callable[[Any], Any] | None = None
        self._failed: set[str] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._handle(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> "VendorServer":
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def fail_first_attempts(self, fault: str | None) -> None:
        """Let the first attempt of each request that follows fail."""
        self.fault = fault
        self._failed.clear()

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        sent = handler.rfile.read(length)
        attempt = f"{handler.command} {handler.path} {sent.decode()}"
        fault = None
        if self.fault and attempt not in self._failed:
            fault = FAULTS[len(self._failed) % len(FAULTS)] if self.fault == "mixed" else self.fault
            self._failed.add(attempt)
            if self._fail(handler, fault):
                return
        request = Request(
            handler.command,
            parts.path,
            parse_qs(parts.query),
            {name.lower(): value for name, value in handler.headers.items()},
            json.loads(sent) if sent else None,
        )
        route = self.routes.get(f"{request.method} {request.path}", self.routes.get(request.path))
        if route is None:
            self._send(handler, Answer({"message": "Not Found"}, 404))
            return
        self.requests.append(request)
        answer = route(request) if callable(route) else route
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        self._send(handler, answer, cut=fault == "cut")

    def _fail(self, handler: BaseHTTPRequestHandler, fault: str) -> bool:
        if fault == "429":
            self._send(handler, Answer({"message": "slow down"}, 429, {"Retry-After": "1"}))
        elif fault == "limit":
            limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
            self._send(handler, Answer({"message": "rate limit exceeded"}, 403, limit))
        elif fault == "502":
            self._send(handler, Answer("<html>bad gateway</html>", 502, content_type="text/html"))
        elif fault == "truncated":
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", "10000")
            handler.end_headers()
            handler.wfile.write(b'{"data": [')
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif fault == "reset":
            handler.connection.shutdown(socket.SHUT_RDWR)
        else:
            return False  # "cut" needs the answer
        return True

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer, cut: bool = False) -> None:
        body = answer.body
        if not isinstance(body, str | bytes):
            if self.change and answer.status < 400:
                body = self.change(json.loads(json.dumps(body)))
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        if cut and "json" in answer.content_type:
            data = data[: len(data) // 2]  # what a proxy makes of it: a short body, nothing else
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.content_type)
        handler.send_header("Content-Length", str(len(data)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
