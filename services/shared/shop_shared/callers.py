"""Who sends a request: the subject and the scopes of the bearer token, which the service verifies itself.

No header but Authorization identifies the caller. Each route declares what it requires, once:

    caller: AnyCaller                                a valid token
    dependencies=[requires("shop:admin")]            a valid token with this scope
    openapi_extra=PUBLIC or INTERNAL                 no token

The dependency enforces the declaration, and the OpenAPI document shows the same. ``check_routes`` rejects a route
without one, so a forgotten declaration stops the startup instead of opening the route.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Security
from fastapi.dependencies.models import Dependant
from fastapi.params import Security as SecurityDependency
from fastapi.routing import APIRoute
from fastapi.security import OpenIdConnect, SecurityScopes
from pydantic import Field, field_validator
from starlette.requests import Request

from shop_shared import problems, tokens
from shop_shared.settings import ServiceSettings
from shop_shared.token_keys import DiscoveredKeys, IssuerUnreachable, KeySource
from shop_shared.tokens import InvalidToken, Trust

ADMIN = "shop:admin"
"""Scope for the users and orders of others."""
CATALOGUE = "shop:catalogue"
"""Scope for creating products and changing their stock."""

PUBLIC: dict[str, Any] = {"security": []}
"""``openapi_extra`` of an operation that needs no token."""
INTERNAL: dict[str, Any] = {"x-internal": True, "security": []}
"""``openapi_extra`` of an operation that other services call and that the gateway does not publish.

It needs no token: the NetworkPolicy allows only the declared callers.
"""

_SUBJECT = re.compile(r"[ -~]{1,255}")  # "sub" in OpenID Connect Core 1.0, section 2
_SCHEME = OpenIdConnect(
    openIdConnectUrl="/.well-known/openid-configuration",
    scheme_name="oidc",
    description="A token of the issuer that API_AUTH_ISSUER names, for one of the audiences in API_AUTH_AUDIENCES",
    auto_error=False,
)


class CallerSettings(ServiceSettings):
    """The variables of a service that verifies tokens. The operator sets the first two from ``api.auth.jwt``."""

    api_auth_issuer: str = Field(default="", validate_default=True, examples=["https://issuer.example"])
    api_auth_audiences: str = Field(default="", validate_default=True, examples=["shop"])
    api_auth_jwks_url: str = Field(default="", pattern=r"^(https?://.*)?$")
    """URL of the issuer's key set; without it, the service finds the key set by OpenID Connect discovery"""

    @field_validator("api_auth_issuer")
    @classmethod
    def _is_https(cls, issuer: str) -> str:
        if not issuer.startswith("https://"):
            raise ValueError("set it to the https URL of the token issuer; api.auth.jwt of the Microservice sets it")
        return issuer

    @field_validator("api_auth_audiences")
    @classmethod
    def _is_not_empty(cls, audiences: str) -> str:
        if not _split(audiences):
            raise ValueError("set it to the accepted audiences, separated by commas; api.auth.jwt sets it")
        return audiences


@dataclass(frozen=True)
class Caller:
    """The caller of the current request."""

    subject: str
    """`sub` of the token: identifies the caller at the issuer, 1 to 255 printable ASCII characters"""
    scopes: frozenset[str] = frozenset()
    authorization: str = field(default="", repr=False)
    """the Authorization header, to call another service in the caller's name"""

    @property
    def is_admin(self) -> bool:
        """Whether the caller may read and change what belongs to others."""
        return ADMIN in self.scopes


class CallerVerifier:
    """Verifies the token of each request."""

    def __init__(self, trust: Trust, keys: KeySource) -> None:
        self._trust = trust
        self._keys = keys

    async def verify(self, authorization: str, required: Sequence[str]) -> Caller:
        """Return the caller. Raises a problem: 401 without a valid token, 403 without the scopes, 503 without keys."""
        token = tokens.from_header(authorization)
        if not token:
            raise _unauthorized("no token; send one in the header Authorization: Bearer …", tokens.challenge())
        try:
            claims = await tokens.verify(self._keys, self._trust, token)
        except InvalidToken as error:
            raise _unauthorized(f"{error}; get a new one", tokens.challenge("invalid_token")) from error
        except IssuerUnreachable as error:
            raise problems.unavailable("the issuer of the token") from error
        subject = claims.get("sub")
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
            raise _unauthorized(
                "the subject of the token is missing or invalid; get a new one", tokens.challenge("invalid_token")
            )
        caller = Caller(subject, tokens.scopes(claims), f"Bearer {token}")
        if missing := set(required) - caller.scopes:
            detail = f"the token lacks the scope {', '.join(sorted(missing))}; get one with this scope"
            challenge = {"WWW-Authenticate": tokens.challenge("insufficient_scope", required)}
            raise problems.Problem(HTTPStatus.FORBIDDEN, "insufficient-scope", detail, headers=challenge)
        return caller


def verifier(settings: CallerSettings) -> tuple[CallerVerifier, DiscoveredKeys]:
    """Return the verifier for ``app.state.callers``, and its keys, to be closed with the service."""
    urls = {settings.api_auth_issuer: settings.api_auth_jwks_url} if settings.api_auth_jwks_url else {}
    keys = DiscoveredKeys(key_set_urls=urls)
    return CallerVerifier(Trust(settings.api_auth_issuer, frozenset(_split(settings.api_auth_audiences))), keys), keys


async def _caller(
    request: Request, required: SecurityScopes, authorization: Annotated[str | None, Security(_SCHEME)]
) -> Caller:
    callers: CallerVerifier = request.app.state.callers
    return await callers.verify(authorization or "", required.scopes)


AnyCaller = Annotated[Caller, Security(_caller)]
"""The caller, with any valid token."""


def requires(scope: str) -> SecurityDependency:
    """Return a dependency of a route: only tokens with this scope may call it."""
    dependency: SecurityDependency = Security(_caller, scopes=[scope])
    return dependency


def check_routes(routes: APIRouter | FastAPI) -> None:
    """Raise ``TypeError`` for a route that does not declare who may call it."""
    for route in routes.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            takes_token = any(dependant.call is _caller for dependant in _flat(route.dependant))
            needs_none = (route.openapi_extra or {}).get("security") == []
            if takes_token == needs_none:
                methods = ", ".join(sorted(route.methods or ()))
                raise TypeError(f"{methods} {route.path}: declare AnyCaller or requires(…), or else PUBLIC or INTERNAL")


def describe_problems(document: dict[str, Any]) -> None:
    """Add the problems of a missing or insufficient token to the operations that require one."""
    for item in document["paths"].values():
        for operation in item.values():
            if requirements := operation.get("security"):
                statuses = (
                    (401, 403) if any(any(scopes) for each in requirements for scopes in each.values()) else (401,)
                )
                described = problems.openapi_responses(*statuses)
                operation["responses"] |= {str(status): response for status, response in described.items()}


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for needed in dependant.dependencies:
        yield from _flat(needed)


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _unauthorized(detail: str, challenge: str) -> problems.Problem:
    return problems.Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": challenge})
