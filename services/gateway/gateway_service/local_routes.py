"""What the local issuer serves: its discovery document, its key, and a token for whoever asks."""

from typing import Annotated, Any

from fastapi import APIRouter, Form

from gateway_service.apis import APIs
from gateway_service.local_issuer import DISCOVERY, JWKS, LIFETIME, TOKEN, LocalIssuer


def router(issuer: LocalIssuer, apis: APIs) -> APIRouter:
    """Routes of the issuer."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(DISCOVERY)
    async def discovery() -> dict[str, Any]:
        return issuer.document()

    @routes.get(JWKS)
    async def jwks() -> dict[str, Any]:
        return issuer.jwks()

    @routes.post(TOKEN)
    async def token(subject: Annotated[str, Form(min_length=1, max_length=100)]) -> dict[str, Any]:
        made = token_for(subject, issuer, apis)
        return {"access_token": made, "token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds())}

    return routes


def token_for(subject: str, issuer: LocalIssuer, apis: APIs, name: str = "") -> str:
    """A token that every route of this issuer takes."""
    audiences, scopes = apis.table.accepted(issuer.url) if apis.table else (frozenset(), frozenset())
    return issuer.token(subject, audiences or {"shop"}, scopes, name)
