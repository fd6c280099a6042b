"""The HTTP side of the local issuer: its discovery document, its key set, and tokens for anybody."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form

from gateway_service.local_issuer import DISCOVERY, JWKS, LIFETIME, TOKEN, LocalIssuer
from gateway_service.route_refresh import RouteRefresher


def router(issuer: LocalIssuer, refresher: RouteRefresher) -> APIRouter:
    """Create the routes of the issuer."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(DISCOVERY)
    async def discovery() -> dict[str, Any]:
        return issuer.document()

    @routes.get(JWKS)
    async def jwks() -> dict[str, Any]:
        return issuer.jwks()

    @routes.post(TOKEN)
    async def create_token(
        subject: Annotated[str, Form(min_length=1, max_length=100)],
        scope: Annotated[str, Form(max_length=1000)] = "",
    ) -> dict[str, Any]:
        token = token_for(subject, issuer, refresher, scope.split())
        return {"access_token": token, "token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds())}

    return routes


def token_for(
    subject: str,
    issuer: LocalIssuer,
    refresher: RouteRefresher,
    scopes: Iterable[str] = (),
    extra: Mapping[str, str] | None = None,
) -> str:
    """Return a token for the audiences of all routes with this issuer."""
    audiences = refresher.table.audiences(issuer.url) if refresher.table else frozenset()
    return issuer.token(subject, audiences or {"shop"}, scopes, extra)
