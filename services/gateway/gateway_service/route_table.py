"""PURE: converts API Gateway's description of an API to a table of routes.

The operator sets the header `x-microservice: <name>.<namespace>` in each integration. In AWS, the listener behind the
VPC link selects the service by this header. Here, this module does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway_service.cors import Cors
from gateway_service.routing import Authorizer, Route

TAG_CLUSTER = "microservice-operator.dev/cluster"
TAG_ENVIRONMENT = "microservice-operator.dev/environment"
SERVICE_PARAMETER = "overwrite:header.x-microservice"
_SERVICE = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")

Item = Mapping[str, Any]


@dataclass(frozen=True)
class RouteTable:
    """The routes of an API. Without an id, the API does not exist yet and has no routes."""

    api_id: str = ""
    routes: tuple[Route, ...] = ()
    cors: Cors | None = None

    def audiences_and_scopes(self, issuer: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the audiences and the scopes that the issuer's routes require."""
        routes = [route for route in self.routes if route.authorizer and route.authorizer.issuer == issuer]
        audiences = frozenset(name for route in routes if route.authorizer for name in route.authorizer.audiences)
        return audiences, frozenset(scope for route in routes for scope in route.scopes)


def select_api(apis: Iterable[Item], environment: str, cluster: str) -> Item | None:
    """Return the API of an Environment. If there are two, the older one counts, as in the operator."""
    tags = {TAG_ENVIRONMENT: environment, **({TAG_CLUSTER: cluster} if cluster else {})}
    matching = [api for api in apis if tags.items() <= (api.get("Tags") or {}).items()]
    return min(matching, key=lambda api: (str(api.get("CreatedDate", "")), api["ApiId"]), default=None)


def build_route_table(
    api: Item, routes: Iterable[Item], integrations: Iterable[Item], authorizers: Iterable[Item]
) -> RouteTable:
    """Build the table of one API from the responses of API Gateway."""
    services = {item["IntegrationId"]: _service(item) for item in integrations}
    by_id = {item["AuthorizerId"]: _authorizer(item) for item in authorizers}
    return RouteTable(
        api["ApiId"],
        tuple(sorted((_route(item, services, by_id) for item in routes), key=lambda route: route.key)),
        _cors(api.get("CorsConfiguration")),
    )


def _route(item: Item, services: Mapping[str, str], authorizers: Mapping[str, Authorizer | None]) -> Route:
    kind = item.get("AuthorizationType") or "NONE"
    return Route(
        item["RouteKey"],
        services.get(str(item.get("Target") or "").removeprefix("integrations/"), ""),
        requires_token=kind != "NONE",
        authorizer=authorizers.get(str(item.get("AuthorizerId"))) if kind == "JWT" else None,
        scopes=frozenset(item.get("AuthorizationScopes") or ()),
    )


def _service(integration: Item) -> str:
    service = (integration.get("RequestParameters") or {}).get(SERVICE_PARAMETER, "")
    return service if _SERVICE.match(service) else ""


def _authorizer(item: Item) -> Authorizer | None:
    jwt = item.get("JwtConfiguration") or {}
    issuer, audiences = jwt.get("Issuer"), jwt.get("Audience")
    return Authorizer(issuer, frozenset(audiences)) if issuer and audiences else None


def _cors(configuration: Item | None) -> Cors | None:
    if not configuration:
        return None
    return Cors(
        origins=tuple(configuration.get("AllowOrigins") or ()),
        methods=tuple(configuration.get("AllowMethods") or ()),
        headers=tuple(configuration.get("AllowHeaders") or ()),
        exposed=tuple(configuration.get("ExposeHeaders") or ()),
        max_age=configuration.get("MaxAge"),
        credentials=bool(configuration.get("AllowCredentials")),
    )
