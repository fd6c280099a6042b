"""How long the one who asked still waits. It travels with every call, so that nobody works for an answer that is late.

The header says how many milliseconds are left, not a time of day: clocks differ. A request without one gets the
service's own limit, and none gets more than that.
"""

import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_shared import problems

HEADER = "x-request-timeout-ms"

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class DeadlineExceeded(Exception):
    """Nobody waits for the answer any more."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All calls made inside end within that time, or within the time that was set before if that is shorter."""
    ends = time.monotonic() + seconds
    earlier = _deadline.get()
    token = _deadline.set(ends if earlier is None else min(ends, earlier))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining() -> float | None:
    """Seconds; ``None`` when no deadline is set. Raises ``DeadlineExceeded`` when none are left."""
    ends = _deadline.get()
    if ends is None:
        return None
    left = ends - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded
    return left


def inject(headers: MutableMapping[str, str]) -> None:
    """Pass on what is left to the service that is called."""
    left = remaining()
    if left is not None:
        headers[HEADER] = str(max(1, int(left * 1000)))


class Deadlines:
    """Sets the deadline of each request."""

    def __init__(self, app: ASGIApp, most_seconds: float) -> None:
        self._app = app
        self._most_seconds = most_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with within(self._allowed(Headers(scope=scope).get(HEADER, ""))):
            await self._app(scope, receive, send)

    def _allowed(self, asked: str) -> float:
        # Nine digits are eleven days; what is longer or no number is not worth a refusal.
        if not (asked.isascii() and asked.isdigit() and len(asked) <= 9):  # noqa: PLR2004
            return self._most_seconds
        return min(int(asked) / 1000, self._most_seconds)


async def on_exceeded(_request: Request, _error: Exception) -> Response:
    detail = f"the time for this request was over before its answer was ready; send it again, with more in {HEADER}"
    return problems.response(problems.Problem(HTTPStatus.GATEWAY_TIMEOUT, "deadline-exceeded", detail))
