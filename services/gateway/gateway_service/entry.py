"""The way of a request through the gateway, in the order of API Gateway: preflight, route, token, service, CORS."""

from http import HTTPStatus
from time import perf_counter

import structlog

from gateway_service import answers, browsers, routing
from gateway_service.answers import Answer, Call, Refusal
from gateway_service.apis import APIs
from gateway_service.forwarding import Forwarder
from gateway_service.tokens import Guard

log = structlog.get_logger(__name__)


class Entry:
    """What the outside and the storefront call."""

    def __init__(self, apis: APIs, guard: Guard, forwarder: Forwarder) -> None:
        """Routes, who may take them, and how."""
        self._apis = apis
        self._guard = guard
        self._forwarder = forwarder

    async def answer(self, call: Call) -> Answer:
        """The answer to a request; refusals are answers, too."""
        table = self._apis.table
        cors = table.cors if table else None
        asked = browsers.preflight(cors, call)
        if asked:
            return asked
        return browsers.answered(cors, call, await self._beyond(call))

    async def _beyond(self, call: Call) -> Answer:
        """The log holds the route, not the path: a path may hold anything that a caller typed."""
        started = perf_counter()
        route = None
        try:
            route = self._route(call)
            await self._guard.check(route, call)
            found = await self._forwarder.send(route.service, call)
        except Refusal as refusal:
            level = log.warning if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR else log.info
            level("request refused", routeKey=route and route.key, status=int(refusal.status), reason=refusal.reason)
            return answers.answer(refusal)
        took = round((perf_counter() - started) * 1000, 1)
        log.info("request forwarded", routeKey=route.key, to=route.service, status=found.status, durationMs=took)
        return found

    def _route(self, call: Call) -> routing.Route:
        if self._apis.table is None:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the routes have not been read yet")
        if routing.dotted(call.path):
            raise Refusal(HTTPStatus.BAD_REQUEST, "the path has a segment of dots")
        route = routing.match(self._apis.table.routes, call.method, call.path)
        if route is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no route")
        if not route.service:
            raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the route leads to no service")
        return route
