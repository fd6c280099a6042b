"""The steps of a request through the gateway, in API Gateway's sequence: preflight, route, token, service, CORS."""

from http import HTTPStatus
from time import perf_counter

import structlog

from gateway_service import cors, header_mapping, routing
from gateway_service.forwarding import Forwarder
from gateway_service.jwt_authorizer import JwtAuthorizer
from gateway_service.messages import GatewayError, ProxyRequest, ProxyResponse, gateway_response
from gateway_service.route_refresh import RouteRefresher

log = structlog.get_logger(__name__)


class Pipeline:
    """Handles requests from outside and from the storefront."""

    def __init__(self, refresher: RouteRefresher, authorizer: JwtAuthorizer, forwarder: Forwarder) -> None:
        """The refresher provides the routes."""
        self._refresher = refresher
        self._authorizer = authorizer
        self._forwarder = forwarder

    async def handle(self, request: ProxyRequest) -> ProxyResponse:
        """Return the response to a request. An error is a response, too."""
        table = self._refresher.table
        policy = table.cors if table else None
        preflight = cors.preflight(policy, request)
        if preflight:
            return preflight
        return cors.with_cors_headers(policy, request, await self._forward(request))

    async def _forward(self, request: ProxyRequest) -> ProxyResponse:
        """The log contains the route instead of the path, because a path may contain personal data."""
        started = perf_counter()
        route = None
        try:
            route = self._route(request)
            claims = await self._authorizer.authorize(route, request)
            response = await self._forwarder.send(route.service, header_mapping.apply(route.mappings, request, claims))
        except GatewayError as error:
            level = log.warning if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else log.info
            level("request rejected", routeKey=route and route.key, status=int(error.status), reason=error.reason)
            return gateway_response(error)
        took = round((perf_counter() - started) * 1000, 1)
        log.info("request forwarded", routeKey=route.key, to=route.service, status=response.status, durationMs=took)
        return response

    def _route(self, request: ProxyRequest) -> routing.Route:
        if self._refresher.table is None:
            raise GatewayError(HTTPStatus.SERVICE_UNAVAILABLE, "the routes are not read yet")
        if routing.has_dot_segments(request.path):
            raise GatewayError(HTTPStatus.BAD_REQUEST, "the path contains a dot segment")
        route = routing.match(self._refresher.table.routes, request.method, request.path)
        if route is None:
            raise GatewayError(HTTPStatus.NOT_FOUND, "no route matches")
        if not route.service:
            raise GatewayError(HTTPStatus.INTERNAL_SERVER_ERROR, "the integration of the route names no service")
        return route
