"""Builds the FastAPI application of a service: its own routes inside the shared middleware and error handling."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
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

from shop_shared import background, callers, health, problems, telemetry
from shop_shared.head_method import HeadMiddleware
from shop_shared.management_port import ManagementPortMiddleware
from shop_shared.no_websocket import NoWebSocketMiddleware
from shop_shared.request_log import RequestLogMiddleware
from shop_shared.resilience.deadline import DeadlineExceeded, DeadlineMiddleware, on_deadline_exceeded
from shop_shared.resilience.incoming_body import BodyLimits, IncomingBodyMiddleware
from shop_shared.resilience.shedding import PROBES, LoadSheddingMiddleware
from shop_shared.resilience.upstream import UpstreamUnavailable
from shop_shared.settings import ServiceSettings

log = structlog.get_logger(__name__)

API_VERSION = "1.0.0"
"""Version of the contract. It is independent of the image version."""
_COMMON_PROBLEMS = (400, 408, 413, 422, 500, 503, 504)
"""Status codes of problems that every route may return."""


@dataclass(frozen=True)
class ServiceDefinition:
    """What distinguishes one service from another."""

    title: str
    routes: APIRouter
    probe: health.Probe
    """checks the database for /ready"""
    state: Mapping[str, object] = field(default_factory=dict)
    """attributes of ``app.state``, from which the routes' dependencies take their ports"""
    outages: Sequence[type[Exception]] = ()
    """exceptions that mean that the database is unavailable; the service answers them with 503"""
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    """tasks that run until the process has drained and are then cancelled; none of them may return"""
    close: Sequence[Callable[[], Awaitable[None]]] = ()
    """called after the process has drained"""
    management_port: int | None = None
    """the port of probes and metrics, if routes may have their paths; that port then has no OpenAPI document, too"""
    answers_head: bool = True
    """whether routes for GET also answer HEAD"""


def build(settings: ServiceSettings, service: ServiceDefinition) -> FastAPI:
    app = FastAPI(
        title=service.title,
        version=API_VERSION,
        lifespan=_lifespan(settings, service),
        generate_unique_id_function=lambda route: to_camel(route.name),
        # FastAPI's spans would contain paths and queries, which may hold personal data: request_log creates ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        openapi_url="/openapi.json" if service.management_port is None else None,
        docs_url=None,
        redoc_url=None,
        responses=problems.openapi_responses(*_COMMON_PROBLEMS),
    )
    for name, value in service.state.items():
        setattr(app.state, name, value)
    callers.check_routes(service.routes)
    app.include_router(service.routes)
    app.openapi = partial(_openapi, app, app.openapi)  # type: ignore[method-assign]  # FastAPI documents this way
    _add_exception_handlers(app, service.outages)
    _add_middleware(app, settings, service)
    return app


def _lifespan(
    settings: ServiceSettings, service: ServiceDefinition
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    flush_telemetry = telemetry.configure(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as resources:
            if flush_telemetry:
                resources.push_async_callback(flush_telemetry)
            for close in service.close:
                resources.push_async_callback(close)
            await resources.enter_async_context(background.running(service.background))
            log.info("service started", port=settings.port)
            yield
        log.info("service stopped")

    return lifespan


def _add_exception_handlers(app: FastAPI, outages: Sequence[type[Exception]]) -> None:
    app.add_exception_handler(problems.Problem, problems.on_problem)
    app.add_exception_handler(RequestValidationError, problems.on_invalid_request)
    app.add_exception_handler(HTTPException, problems.on_http_error)
    app.add_exception_handler(DeadlineExceeded, on_deadline_exceeded)
    app.add_exception_handler(UpstreamUnavailable, _on_unavailable)
    for outage in outages:
        app.add_exception_handler(outage, _on_outage)


def _add_middleware(app: FastAPI, settings: ServiceSettings, service: ServiceDefinition) -> None:
    # The middleware added last is the outermost: metrics also count the 500 that the request log answers.
    probes = PROBES if service.management_port is None else frozenset[str]()
    limits = BodyLimits(settings.max_body_bytes, settings.max_incoming_bodies, settings.max_held_body_bytes)
    if service.answers_head:
        app.add_middleware(HeadMiddleware)
    app.add_middleware(LoadSheddingMiddleware, limit=settings.max_requests, exempt=probes)
    app.add_middleware(IncomingBodyMiddleware, limits=limits)
    app.add_middleware(DeadlineMiddleware, max_seconds=settings.request_timeout_seconds)
    app.add_middleware(NoWebSocketMiddleware)
    app.add_middleware(RequestLogMiddleware, unlogged=probes)
    unlogged = [f"^{path}$" for path in sorted(probes)]
    metrics = Instrumentator(should_group_status_codes=False, excluded_handlers=unlogged).instrument(app)
    _add_probes(app, service, metrics)


def _add_probes(app: FastAPI, service: ServiceDefinition, metrics: Instrumentator) -> None:
    probes = health.router(health.Readiness(service.probe))
    if service.management_port is None:
        app.include_router(probes)
        metrics.expose(app, include_in_schema=False)
        return
    management = FastAPI(openapi_url=None)
    management.include_router(probes)
    _add_exception_handlers(management, ())
    metrics.expose(management, include_in_schema=False)
    app.add_middleware(ManagementPortMiddleware, management=management, port=service.management_port)


async def _on_unavailable(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UpstreamUnavailable)  # noqa: S101  (Starlette types handlers by Exception)
    return problems.response(problems.unavailable(f"the {error.service} service", error.retry_after))


async def _on_outage(_request: Request, error: Exception) -> JSONResponse:
    log.warning("the database is unavailable", exc_info=error)
    return problems.response(problems.unavailable("the database of this service"))


def _openapi(app: FastAPI, generate: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return FastAPI's document, with what no route has as a model: the schema and the problems of tokens."""
    if app.openapi_schema is None:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = problems.SCHEMA
        callers.describe_problems(document)
    return generate()
