"""Rejects requests above the concurrency limit of one pod: a quick 503 is better than an answer that comes too late.

uvicorn can limit connections too, but it answers in plain text and also rejects the kubelet's probes.
"""

from http import HTTPStatus

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_shared import problems

_in_flight = Gauge("http_requests_in_flight", "Requests in progress")
_shed = Counter("http_requests_shed", "Requests rejected because too many were in progress")

PROBES = frozenset({"/health", "/ready", "/metrics"})


class LoadSheddingMiddleware:
    def __init__(self, app: ASGIApp, limit: int, exempt: frozenset[str] = PROBES) -> None:
        """Paths in `exempt` are always answered."""
        self._app = app
        self._limit = limit
        self._exempt = exempt
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        if self._count >= self._limit:
            await problems.response(overloaded())(scope, receive, send)
            return
        self._count += 1
        try:
            with _in_flight.track_inprogress():
                await self._app(scope, receive, send)
        finally:
            self._count -= 1


def overloaded() -> problems.Problem:
    """Count a rejected request, and return its answer."""
    _shed.inc()
    detail = "too many requests are in progress; send the request again after the time in Retry-After"
    retry = {"Retry-After": str(problems.RETRY_AFTER_SECONDS)}
    return problems.Problem(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", detail, headers=retry)
