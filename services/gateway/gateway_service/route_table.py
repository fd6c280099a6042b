"""PURE: converts API Gateway's description of an API to a table of routes.

The operator sets the header `x-microservice: <name>.<namespace>` in each integration. In AWS, the listener behind the
VPC link selects the service by this header. Here, this module does.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway_service import header_mapping
from gateway_service.cors import Cors
from gateway_service.routing import Route
from shop_shared.tokens import Trust

TAG_CLUSTER = "microservice-operator.dev/cluster"
TAG_ENVIRONMENT = "microservice-operator.dev/environment"
SERVICE_HEADER = "x-microservice"
SERVICE_PARAMETER = f"overwrite:header.{SERVICE_HEADER}"
_SERVICE = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")

Item = Mapping[str, Any]


@dataclass(frozen=True)
class RouteTable:
    """The routes of an API. Without an id, the API does not exist yet and has no routes."""

    api_id: str = ""
    routes: tuple[Route, ...] = ()
    cors: Cors | None = None

    def audiences(self, issuer: str) -> frozenset[str]:
        """Return the audiences that the issuer's routes accept."""
        accepted = [route.authorizer for route in self.routes if route.authorizer]
        return frozenset(name for trust in accepted if trust.issuer == issuer for name in trust.audiences)


def select_api(apis: Iterable[Item], environment: str, cluster: str) -> Item | None:
    """Return the API of an Environment. If there are two, the older one counts, as in the operator."""
    tags = {TAG_ENVIRONMENT: environment, **({TAG_CLUSTER: cluster} if cluster else {})}
    matching = [api for api in apis if tags.items() <= (api.get("Tags") or {}).items()]
    return min(matching, key=lambda api: (str(api.get("CreatedDate", "")), api["ApiId"]), default=None)


def build_route_table(
    api: Item, routes: Iterable[Item], integrations: Iterable[Item], authorizers: Iterable[Item]
) -> RouteTable:
    """Build the table of one API from the responses of API Gateway."""
    by_integration = {item["IntegrationId"]: item for item in integrations}
    by_id = {item["AuthorizerId"]: _authorizer(item) for item in authorizers}
    return RouteTable(
        api["ApiId"],
        tuple(sorted((_route(item, by_integration, by_id) for item in routes), key=lambda route: route.key)),
        _cors(api.get("CorsConfiguration")),
    )


def _route(item: Item, integrations: Mapping[str, Item], authorizers: Mapping[str, Trust | None]) -> Route:
    kind = item.get("AuthorizationType") or "NONE"
    integration = integrations.get(str(item.get("Target") or "").removeprefix("integrations/"), {})
    parameters: Mapping[str, str] = integration.get("RequestParameters") or {}
    return Route(
        item["RouteKey"],
        _service(parameters),
        requires_token=kind != "NONE",
        authorizer=authorizers.get(str(item.get("AuthorizerId"))) if kind == "JWT" else None,
        scopes=frozenset(item.get("AuthorizationScopes") or ()),
        mappings=tuple(mapping for mapping in header_mapping.parse(parameters) if mapping.header != SERVICE_HEADER),
    )


def _service(parameters: Mapping[str, str]) -> str:
    service = parameters.get(SERVICE_PARAMETER, "")
    return service if _SERVICE.match(service) else ""


def _authorizer(item: Item) -> Trust | None:
    jwt = item.get("JwtConfiguration") or {}
    issuer, audiences = jwt.get("Issuer"), jwt.get("Audience")
    return Trust(issuer, frozenset(audiences)) if issuer and audiences else None


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
