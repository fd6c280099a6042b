"""How much time the caller still has. Every call carries it, so that no service works on an answer that comes too late.

The header holds the remaining milliseconds instead of a time of day, because clocks differ. A request without the
header gets the service's own limit. No request gets more than that.
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
    """The caller no longer waits for the answer."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All calls inside the block end within this time, or within an outer deadline if that is shorter."""
    ends = time.monotonic() + seconds
    outer = _deadline.get()
    token = _deadline.set(ends if outer is None else min(ends, outer))
    try:
        yield
    finally:
        _deadline.reset(token)


def remaining() -> float | None:
    """Return the remaining seconds, or ``None`` without a deadline. Raises ``DeadlineExceeded`` when none remain."""
    ends = _deadline.get()
    if ends is None:
        return None
    left = ends - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded
    return left


def inject(headers: MutableMapping[str, str]) -> None:
    """Add the remaining time to the headers of a call to another service."""
    left = remaining()
    if left is not None:
        headers[HEADER] = str(max(1, int(left * 1000)))


class DeadlineMiddleware:
    """ASGI middleware that sets the deadline of each request."""

    def __init__(self, app: ASGIApp, max_seconds: float) -> None:
        self._app = app
        self._max_seconds = max_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with within(self._limit(Headers(scope=scope).get(HEADER, ""))):
            await self._app(scope, receive, send)

    def _limit(self, requested: str) -> float:
        # Nine digits are eleven days. A longer or malformed value is ignored: it does not justify an error.
        if not (requested.isascii() and requested.isdigit() and len(requested) <= 9):  # noqa: PLR2004
            return self._max_seconds
        return min(int(requested) / 1000, self._max_seconds)


async def on_deadline_exceeded(_request: Request, _error: Exception) -> Response:
    detail = f"the deadline passed before the answer was ready; send the request again with a larger {HEADER}"
    return problems.response(problems.Problem(HTTPStatus.GATEWAY_TIMEOUT, "deadline-exceeded", detail))
