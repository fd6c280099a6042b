"""Builds the FastAPI application that every service is: routes of its own inside one skin."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_fastapi_instrumentator import Instrumentator
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.requests import Request

from shop_shared import background, health, problems, telemetry
from shop_shared.body_limit import BodyLimit
from shop_shared.request_log import QUIET, RequestLog
from shop_shared.resilience.deadline import DeadlineExceeded, Deadlines, on_exceeded
from shop_shared.resilience.shedding import LoadShedding
from shop_shared.resilience.upstream import UpstreamUnavailable
from shop_shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

API_VERSION = "1.0.0"
"""Of the contract, which outlives many images."""
_ANYWHERE = (400, 413, 422, 500, 503, 504)
"""Problems that every route may answer with."""


INTERNAL = {"x-internal": True}
"""``openapi_extra`` of an operation that other services call and the gateway does not publish."""
PUBLIC: dict[str, Any] = {"security": []}
"""``openapi_extra`` of an operation for which the gateway asks nobody for a token."""


@dataclass(frozen=True)
class Parts:
    """What a service brings along."""

    title: str
    routes: APIRouter
    probe: health.Probe
    """asks the database for /ready"""
    outages: Sequence[type[Exception]] = ()
    """exceptions that mean: the database is away; they become 503"""
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    """run beside the requests until the process has drained, then are cancelled; none of them may return"""
    close: Sequence[Callable[[], Awaitable[None]]] = ()
    """called when the process has drained"""


def build(settings: ServiceSettings, parts: Parts) -> FastAPI:
    end_telemetry = telemetry.configure(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as open_parts:
            if end_telemetry:
                open_parts.push_async_callback(end_telemetry)
            for close in parts.close:
                open_parts.push_async_callback(close)
            await open_parts.enter_async_context(background.running(parts.background))
            log.info("service started", port=settings.port)
            yield
        log.info("service stopped")

    app = FastAPI(
        title=parts.title,
        version=API_VERSION,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: to_camel(route.name),
        # Its own spans would name paths and queries, which may hold anything a client typed: request_log makes ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        docs_url=None,
        redoc_url=None,
        responses=problems.documented(*_ANYWHERE),
    )
    app.include_router(parts.routes)
    app.openapi = partial(_contract, app, app.openapi)  # type: ignore[method-assign]  # as FastAPI's documents show it
    app.include_router(health.router(health.Readiness(parts.probe)))
    app.add_exception_handler(problems.Problem, problems.on_problem)
    app.add_exception_handler(RequestValidationError, problems.on_invalid_request)
    app.add_exception_handler(HTTPException, problems.on_http_error)
    app.add_exception_handler(DeadlineExceeded, on_exceeded)
    app.add_exception_handler(UpstreamUnavailable, _on_unavailable)
    for outage in parts.outages:
        app.add_exception_handler(outage, _on_outage)
    # The last one added is the outermost: metrics also count what the log answers with 500.
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(Deadlines, most_seconds=settings.request_timeout_seconds)
    app.add_middleware(LoadShedding, limit=settings.max_requests)
    app.add_middleware(RequestLog)
    metrics = Instrumentator(should_group_status_codes=False, excluded_handlers=[f"^{path}$" for path in sorted(QUIET)])
    metrics.instrument(app).expose(app, include_in_schema=False)
    return app


async def _on_unavailable(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UpstreamUnavailable)  # noqa: S101  (Starlette types handlers by Exception)
    return problems.response(problems.unavailable(f"the {error.service} service", error.retry_after))


async def _on_outage(_request: Request, error: Exception) -> JSONResponse:
    log.warning("the database is away", exc_info=error)
    return problems.response(problems.unavailable("the database of this service"))


def _contract(app: FastAPI, generated: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """FastAPI's document with our problems in it, which are no models of a route."""
    if app.openapi_schema is None:
        document = generated()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.SCHEMA
    return generated()
