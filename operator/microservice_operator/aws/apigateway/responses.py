"""PURE: API Gateway's answers about an API and its parts → fields, and fields → requests."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ... import names
from ...raw_objects import json_mapping
from .integrations import Callers
from .route_ownership import Authorizer, DesiredRoute, ObservedRoute, Tokens

Item = Mapping[str, Any]

# In a browser, "*" does not include authorization, and nothing at all if credentials are sent (Fetch, "CORS protocol
# and credentials"). So the headers that callers of an API send are listed.
CORS_HEADERS = (
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "traceparent",
    "tracestate",
    "x-request-id",
    "x-requested-with",
)
CORS_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
CORS_SECONDS = 3600
IDENTITY_SOURCE = ["$request.header.Authorization"]  # where an authorizer reads the token


# "Customize HTTP API access logs" in the API Gateway Developer Guide. Everything is in quotes, so there is nothing that
# callers write and that may contain quotes, such as the user agent or the path.
_LOGGED = {
    "requestId": "requestId",
    "requestTime": "requestTime",
    "sourceIp": "identity.sourceIp",
    "httpMethod": "httpMethod",
    "routeKey": "routeKey",
    "protocol": "protocol",
    "status": "status",
    "responseLength": "responseLength",
    "responseLatency": "responseLatency",
    "integrationStatus": "integration.status",
    "integrationLatency": "integration.latency",
    "error": "error.message",
    "subject": "authorizer.claims.sub",
}
ACCESS_LOG_FORMAT = json.dumps({name: f"$context.{variable}" for name, variable in _LOGGED.items()})


def cors(configured: Item | None) -> tuple[frozenset[str], ...] | None:
    """Return origins, headers and methods, without order and case; `None` if CORS is not configured."""
    if not configured:
        return None
    return (
        frozenset(configured.get("AllowOrigins", ())),
        frozenset(header.lower() for header in configured.get("AllowHeaders", ())),
        frozenset(method.upper() for method in configured.get("AllowMethods", ())),
    )


def cors_configuration(origins: Iterable[str]) -> dict[str, Any]:
    """Return the CORS configuration for pages of `origins`."""
    return {
        "AllowOrigins": sorted(origins),
        "AllowHeaders": list(CORS_HEADERS),
        "AllowMethods": list(CORS_METHODS),
        "MaxAge": CORS_SECONDS,
    }


@dataclass(frozen=True)
class Throttling:
    """Limits of a stage for each of its routes: requests per second, and the size of a burst."""

    rate: float
    burst: int


def stage_settings(stage: Item) -> tuple[str, Throttling | None]:
    """Return the ARN of the log group of a stage's access log, "" if it has none, and its limits."""
    log = str((stage.get("AccessLogSettings") or {}).get("DestinationArn") or "").removesuffix(":*")
    limits = stage.get("DefaultRouteSettings") or {}
    if "ThrottlingRateLimit" not in limits or "ThrottlingBurstLimit" not in limits:
        return log, None
    return log, Throttling(limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"])


def stage_request(stage: Item, access_log: str | None, throttling: Throttling | None) -> dict[str, Any]:
    """Return the parameters of CreateStage and UpdateStage; `stage` is the observed one, whose other settings stay."""
    request: dict[str, Any] = {}
    if access_log:
        request["AccessLogSettings"] = {"DestinationArn": access_log, "Format": ACCESS_LOG_FORMAT}
    if throttling:
        limits = {"ThrottlingRateLimit": throttling.rate, "ThrottlingBurstLimit": throttling.burst}
        request["DefaultRouteSettings"] = {**(stage.get("DefaultRouteSettings") or {}), **limits}
    return request


def description(marks: Mapping[str, str]) -> str:
    """Return the owner tags as the description of an integration, because it has no tags."""
    return json.dumps(dict(marks), sort_keys=True)


def marks(integration: Item) -> dict[str, str]:
    """Return the owner tags from an integration's description."""
    return {key: str(value) for key, value in json_mapping(integration.get("Description")).items()}


def holder(marked: Mapping[str, str], cluster: str) -> str:
    """Return `namespace/name` of the owner if it is a Microservice of this cluster, otherwise ""."""
    if marked.get(names.TAG_CLUSTER) != cluster:
        return ""
    return f"{marked.get(names.TAG_NAMESPACE, '')}/{marked.get(names.TAG_NAME, '')}"


def target_of(route: Item) -> str:
    """Return the id of a route's integration, "" if it has none."""
    return str(route.get("Target") or "").removeprefix("integrations/")


def held(
    route: Item, holders: Mapping[str, str], authorizers: Mapping[str, str], ours: Mapping[Callers, str]
) -> ObservedRoute:
    """Return an observed route; `holders` and `authorizers` are names by id.

    `ours` are the ids of our integrations, empty if the route belongs to somebody else.
    """
    target = target_of(route)
    asks = route.get("AuthorizationType", "NONE") != "NONE"
    chosen = ours.get(Callers.TOKEN if asks else Callers.ANYONE, "")
    claim = DesiredRoute(
        route["RouteKey"],
        authorizers.get(str(route.get("AuthorizerId")), "?") if asks else "",
        tuple(sorted(route.get("AuthorizationScopes") or ())) if asks else (),
    )
    return ObservedRoute(route["RouteId"], claim, holders.get(target, ""), sound=not ours or target == chosen)


def callers_of(claim: DesiredRoute) -> Callers:
    """Return whose requests a route gets."""
    return Callers.TOKEN if claim.authorizer else Callers.ANYONE


def authorizer(item: Item, used: frozenset[str]) -> Authorizer:
    """Return an observed authorizer; `used` are the ids that routes name.

    An authorizer that reads tokens from another place counts as accepting no tokens.
    """
    elsewhere = item.get("IdentitySource", IDENTITY_SOURCE) != IDENTITY_SOURCE
    jwt = {} if elsewhere else item.get("JwtConfiguration") or {}
    tokens = Tokens(jwt.get("Issuer", ""), frozenset(jwt.get("Audience") or ()))
    return Authorizer(item["AuthorizerId"], tokens, item["AuthorizerId"] in used)


def route_request(claim: DesiredRoute, integration: str, authorizers: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of CreateRoute and UpdateRoute; `authorizers` are ids by name."""
    request: dict[str, Any] = {
        "RouteKey": claim.key,
        "Target": f"integrations/{integration}",
        "AuthorizationType": "JWT" if claim.authorizer else "NONE",
        "AuthorizationScopes": list(claim.scopes),
    }
    if claim.authorizer:
        request["AuthorizerId"] = authorizers[claim.authorizer]
    return request


def authorizer_request(tokens: Tokens) -> dict[str, Any]:
    """Return the parameters of CreateAuthorizer and UpdateAuthorizer."""
    return {
        "AuthorizerType": "JWT",
        "IdentitySource": IDENTITY_SOURCE,
        "JwtConfiguration": {"Issuer": tokens.issuer, "Audience": sorted(tokens.audiences)},
    }
