"""Refuses requests beyond what one pod can have at hand: a quick 503 is better than an answer that comes too late.

uvicorn can limit connections too, but refuses in plain text, and refuses the kubelet's probes with the rest.
"""

from http import HTTPStatus

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Receive, Scope, Send

from shop_shared import problems

_at_hand = Gauge("http_requests_in_flight", "Requests that are being answered")
_shed = Counter("http_requests_shed", "Requests that were refused because too many were at hand")

PROBES = frozenset({"/health", "/ready", "/metrics"})


class LoadShedding:
    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        if self._count >= self._limit:
            _shed.inc()
            detail = "too many requests are being answered right now; send it again after the time in Retry-After"
            retry = {"Retry-After": str(problems.RETRY_AFTER_SECONDS)}
            problem = problems.Problem(HTTPStatus.SERVICE_UNAVAILABLE, "overloaded", detail, headers=retry)
            await problems.response(problem)(scope, receive, send)
            return
        self._count += 1
        try:
            with _at_hand.track_inprogress():
                await self._app(scope, receive, send)
        finally:
            self._count -= 1
