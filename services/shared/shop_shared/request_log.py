"""The outermost middleware: it starts the trace, logs each answered request, and answers an unhandled error with 500.

The log line holds the route's template instead of the path, because a path may contain personal data.
"""

from http import HTTPStatus
from time import perf_counter

import structlog
from opentelemetry import trace
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shop_shared import problems, tracing
from shop_shared.resilience.shedding import PROBES

log = structlog.get_logger(__name__)


class RequestLogMiddleware:
    def __init__(self, app: ASGIApp, unlogged: frozenset[str] = PROBES) -> None:
        """The kubelet and Prometheus call `unlogged` paths every few seconds: a line for each would hide the others."""
        self._app = app
        self._unlogged = unlogged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with tracing.request_span(Headers(scope=scope), record=scope["path"] not in self._unlogged) as span:
            await self._handle(scope, receive, send, span)

    async def _handle(self, scope: Scope, receive: Receive, send: Send, span: trace.Span) -> None:
        started = perf_counter()
        status: int | None = None

        # Only the ASGI messages show the status and the end of a response.
        async def send_and_log(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _describe(span, scope, message["status"])
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._write_line(scope, status, perf_counter() - started)

        try:
            await self._app(scope, receive, send_and_log)
        except Exception:
            log.exception("request failed", method=scope["method"], route=_route(scope))
            if status is not None:
                raise
            detail = "internal error; the request is not the cause; see the service's log for the traceId"
            problem = problems.Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)
            await problems.response(problem)(scope, receive, send_and_log)

    def _write_line(self, scope: Scope, status: int | None, seconds: float) -> None:
        if scope["path"] in self._unlogged:
            return
        log.info(
            "request answered",
            method=scope["method"],
            route=_route(scope),
            status=status,
            durationMs=round(seconds * 1000, 1),
        )


def _describe(span: trace.Span, scope: Scope, status: int) -> None:
    """Set the attributes that OpenTelemetry's semantic conventions define for HTTP servers."""
    span.update_name(f"{scope['method']} {_route(scope)}")
    span.set_attributes(
        {"http.request.method": scope["method"], "http.route": _route(scope), "http.response.status_code": status}
    )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(trace.StatusCode.ERROR)


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "unmatched")
