"""PURE: what API Gateway says of an API, translated to a table of routes.

The operator writes into each integration which service it leads to: as the header `x-microservice` that a request gets
on its way, `<name>.<namespace>`. In AWS the listener behind the VPC link chooses the service by it; here we do.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway_service.browsers import Cors
from gateway_service.routing import Authorizer, Route

TAG_CLUSTER = "microservice-operator.dev/cluster"
TAG_ENVIRONMENT = "microservice-operator.dev/environment"
SERVICE_PARAMETER = "overwrite:header.x-microservice"
_SERVICE = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """An API as it was read; without an id there is none yet, and no request has a route."""

    api_id: str = ""
    routes: tuple[Route, ...] = ()
    cors: Cors | None = None

    def accepted(self, issuer: str) -> tuple[frozenset[str], frozenset[str]]:
        """Audiences and scopes that routes ask for in tokens of an issuer."""
        asking = [route for route in self.routes if route.authorizer and route.authorizer.issuer == issuer]
        audiences = frozenset(name for route in asking if route.authorizer for name in route.authorizer.audiences)
        return audiences, frozenset(scope for route in asking for scope in route.scopes)


def chosen(apis: Iterable[Item], environment: str, cluster: str) -> Item | None:
    """The API of an Environment; of two, made at once, the older counts, as for the operator."""
    wanted = {TAG_ENVIRONMENT: environment, **({TAG_CLUSTER: cluster} if cluster else {})}
    ours = [api for api in apis if wanted.items() <= (api.get("Tags") or {}).items()]
    return min(ours, key=lambda api: (str(api.get("CreatedDate", "")), api["ApiId"]), default=None)


def table(api: Item, routes: Iterable[Item], integrations: Iterable[Item], authorizers: Iterable[Item]) -> Table:
    """The table of one API."""
    services = {item["IntegrationId"]: _service(item) for item in integrations}
    accepted = {item["AuthorizerId"]: _authorizer(item) for item in authorizers}
    return Table(
        api["ApiId"],
        tuple(sorted((_route(item, services, accepted) for item in routes), key=lambda route: route.key)),
        _cors(api.get("CorsConfiguration")),
    )


def _route(item: Item, services: Mapping[str, str], accepted: Mapping[str, Authorizer | None]) -> Route:
    kind = item.get("AuthorizationType") or "NONE"
    return Route(
        item["RouteKey"],
        services.get(str(item.get("Target") or "").removeprefix("integrations/"), ""),
        guarded=kind != "NONE",
        authorizer=accepted.get(str(item.get("AuthorizerId"))) if kind == "JWT" else None,
        scopes=frozenset(item.get("AuthorizationScopes") or ()),
    )


def _service(integration: Item) -> str:
    named = (integration.get("RequestParameters") or {}).get(SERVICE_PARAMETER, "")
    return named if _SERVICE.match(named) else ""


def _authorizer(item: Item) -> Authorizer | None:
    jwt = item.get("JwtConfiguration") or {}
    issuer, audiences = jwt.get("Issuer"), jwt.get("Audience")
    return Authorizer(issuer, frozenset(audiences)) if issuer and audiences else None


def _cors(configured: Item | None) -> Cors | None:
    if not configured:
        return None
    return Cors(
        origins=tuple(configured.get("AllowOrigins") or ()),
        methods=tuple(configured.get("AllowMethods") or ()),
        headers=tuple(configured.get("AllowHeaders") or ()),
        exposed=tuple(configured.get("ExposeHeaders") or ()),
        max_age=configured.get("MaxAge"),
        credentials=bool(configured.get("AllowCredentials")),
    )
