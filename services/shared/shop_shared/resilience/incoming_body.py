"""Reads each request's body completely before the request takes one of the pod's places.

A body that arrives slowly, or never ends, costs its sender a connection and others nothing. It is bounded four times:

    size     413 above the limit, before the rest is read
    time     408 when the request's deadline passes before the body is complete
    number   with too many bodies under way, the one that is longest under way gets 408, and the new one gets its place
    memory   the same when all bodies together hold too many bytes; 503 if only complete ones hold them

A client that sends its body at once is never the oldest for long, so the last two hit only the slow ones.
FastAPI has a limit of the size, too, but it answers in plain text when the length is declared.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import Counter, Gauge
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_shared import problems
from shop_shared.resilience import deadline
from shop_shared.resilience.shedding import overloaded

_incoming = Gauge("http_bodies_incoming", "Request bodies that have begun and are not complete")
_too_slow = Counter("http_bodies_too_slow", "Requests that got 408, because their bodies were not complete in time")


@dataclass(frozen=True)
class BodyLimits:
    """The limits of one process."""

    body_bytes: int
    """of one body"""
    incoming: int
    """bodies that are not complete"""
    held_bytes: int
    """of all bodies, complete or not, until their requests are answered"""


@dataclass(eq=False)
class _Body:
    timeout: asyncio.Timeout
    received: bytearray
    counted: int = 0

    def taken(self) -> bytes:
        """Return the body, and keep no second copy of it."""
        taken = bytes(self.received)
        self.received.clear()
        return taken


class _TooLong(Exception):
    """The body exceeds the limit of one body."""


class _NoMemory(Exception):
    """Complete bodies hold all the memory that bodies may take."""


class _Disconnected(Exception):
    """The client is gone."""


class IncomingBodyMiddleware:
    """Calls the application with a body that is complete, or answers with a problem."""

    def __init__(self, app: ASGIApp, limits: BodyLimits) -> None:
        """The deadline of the request must be set: it limits the time."""
        self._app = app
        self._limits = limits
        self._incoming: dict[_Body, None] = {}  # the oldest first
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        declared = headers.get("content-length", "0")
        if declared == "0" and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        body = _Body(asyncio.timeout(_seconds_left()), bytearray())
        try:
            problem = await self._read(body, receive, int(declared) if declared.isdigit() else 0)
            if problem:
                await problems.response(problem)(scope, receive, send)
            else:
                await self._app(scope, _replay(body.taken(), receive), send)
        except _Disconnected:
            return
        finally:
            self._held_bytes -= body.counted

    async def _read(self, body: _Body, receive: Receive, declared: int) -> problems.Problem | None:
        """Fill `body`. Return the answer if that fails. Raises _Disconnected."""
        if declared > self._limits.body_bytes:
            return self._too_long()
        self._incoming[body] = None
        try:
            with _incoming.track_inprogress():
                async with body.timeout:
                    await self._fill(body, receive)
        except TimeoutError:
            _too_slow.inc()
            return _too_slow_problem()
        except _TooLong:
            return self._too_long()
        except _NoMemory:
            return overloaded()
        finally:
            self._incoming.pop(body, None)
        return None

    async def _fill(self, body: _Body, receive: Receive) -> None:
        more = True
        if len(self._incoming) > self._limits.incoming:
            self._give_up(next(iter(self._incoming)))
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Disconnected
            part = message.get("body", b"")
            if len(body.received) + len(part) > self._limits.body_bytes:
                raise _TooLong
            body.received += part
            body.counted += len(part)
            self._held_bytes += len(part)
            self._make_room(body)
            more = message.get("more_body", False)

    def _make_room(self, growing: _Body) -> None:
        while self._held_bytes > self._limits.held_bytes:
            oldest = next((body for body in self._incoming if body is not growing and body.counted), None)
            if oldest is None:
                raise _NoMemory
            self._give_up(oldest)

    def _give_up(self, body: _Body) -> None:
        """End the wait for a body, which gets 408. Its memory counts as free at once."""
        self._incoming.pop(body, None)
        self._held_bytes -= body.counted
        body.counted = 0
        if not body.timeout.expired():
            body.timeout.reschedule(asyncio.get_running_loop().time())

    def _too_long(self) -> problems.Problem:
        return problems.too_long(f"the body exceeds the limit of {self._limits.body_bytes} bytes; send a shorter body")


def _seconds_left() -> float | None:
    try:
        return deadline.remaining()
    except deadline.DeadlineExceeded:
        return 0  # a body that has arrived already is read; then the first call of the request gets 504


def _too_slow_problem() -> problems.Problem:
    detail = "the body was not complete in time; send the request again, and its body without a pause"
    # The rest of the body may still arrive, so the connection serves no other request.
    return problems.Problem(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow", detail, headers={"Connection": "close"})


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
