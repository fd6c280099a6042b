"""PURE: what API Gateway says of an API and its parts, as the plan's fields, and the other way round."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ... import names
from ...raw_objects import json_mapping
from .route_ownership import Authorizer, DesiredRoute, ObservedRoute, Tokens

Item = Mapping[str, Any]

# A browser's "*" does not stand for authorization, and not for anything once credentials are sent (Fetch, "CORS
# protocol and credentials"), so what callers of an API send is named.
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
IDENTITY_SOURCE = ["$request.header.Authorization"]  # where an authorizer looks for a token


def cors(configured: Item | None) -> tuple[frozenset[str], ...] | None:
    """Origins, headers and methods, without their order and case; `None` when browsers are not let in."""
    if not configured:
        return None
    return (
        frozenset(configured.get("AllowOrigins", ())),
        frozenset(header.lower() for header in configured.get("AllowHeaders", ())),
        frozenset(method.upper() for method in configured.get("AllowMethods", ())),
    )


def cors_configuration(origins: Iterable[str]) -> dict[str, Any]:
    """What is configured for pages of `origins`."""
    return {
        "AllowOrigins": sorted(origins),
        "AllowHeaders": list(CORS_HEADERS),
        "AllowMethods": list(CORS_METHODS),
        "MaxAge": CORS_SECONDS,
    }


def description(marks: Mapping[str, str]) -> str:
    """Marks as the description of an integration, which has no tags."""
    return json.dumps(dict(marks), sort_keys=True)


def marks(integration: Item) -> dict[str, str]:
    """Marks that an integration's description holds."""
    return {key: str(value) for key, value in json_mapping(integration.get("Description")).items()}


def holder(marked: Mapping[str, str], cluster: str) -> str:
    """`namespace/name` of the Microservice of this cluster that the marks name, else ""."""
    if marked.get(names.TAG_CLUSTER) != cluster:
        return ""
    return f"{marked.get(names.TAG_NAMESPACE, '')}/{marked.get(names.TAG_NAME, '')}"


def integration_fields(integration: Item, wanted: Iterable[str]) -> dict[str, Any]:
    """What of an integration we set; request parameters that somebody added are theirs."""
    parameters = integration.get("RequestParameters") or {}
    found = {key: integration.get(key) for key in ("IntegrationUri", "ConnectionId", "IntegrationMethod")}
    return {**found, "RequestParameters": {key: parameters[key] for key in wanted if key in parameters}}


def held(route: Item, holders: Mapping[str, str], authorizers: Mapping[str, str], chosen: str) -> ObservedRoute:
    """A route; `holders` and `authorizers` are names by id, `chosen` the id of our own integration."""
    target = str(route.get("Target") or "").removeprefix("integrations/")
    asks = route.get("AuthorizationType", "NONE") != "NONE"
    claim = DesiredRoute(
        route["RouteKey"],
        authorizers.get(str(route.get("AuthorizerId")), "?") if asks else "",
        tuple(sorted(route.get("AuthorizationScopes") or ())) if asks else (),
    )
    return ObservedRoute(route["RouteId"], claim, holders.get(target, ""), sound=not chosen or target == chosen)


def authorizer(found: Item, used: frozenset[str]) -> Authorizer:
    """An authorizer; `used` are the ids that routes name. One that looks elsewhere for tokens accepts none of ours."""
    elsewhere = found.get("IdentitySource", IDENTITY_SOURCE) != IDENTITY_SOURCE
    jwt = {} if elsewhere else found.get("JwtConfiguration") or {}
    tokens = Tokens(jwt.get("Issuer", ""), frozenset(jwt.get("Audience") or ()))
    return Authorizer(found["AuthorizerId"], tokens, found["AuthorizerId"] in used)


def route_request(claim: DesiredRoute, integration: str, authorizers: Mapping[str, str]) -> dict[str, Any]:
    """Parameters of CreateRoute and UpdateRoute; `authorizers` are ids by name."""
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
    """Parameters of CreateAuthorizer and UpdateAuthorizer."""
    return {
        "AuthorizerType": "JWT",
        "IdentitySource": IDENTITY_SOURCE,
        "JwtConfiguration": {"Issuer": tokens.issuer, "Audience": sorted(tokens.audiences)},
    }
