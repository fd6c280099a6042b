"""Authorizes requests as in "Control access to HTTP APIs with JWT authorizers in API Gateway".

Without a valid token the response is 401. If a valid token lacks the route's scopes, it is 403.
"""

from http import HTTPStatus

from gateway_service.messages import GatewayError, ProxyRequest
from gateway_service.routing import Route
from shop_shared import tokens
from shop_shared.token_keys import IssuerUnreachable, KeySource
from shop_shared.tokens import Claims


class JwtAuthorizer:
    """Verifies tokens with the keys of their issuers."""

    def __init__(self, keys: KeySource) -> None:
        """`keys` provides the keys of all issuers."""
        self._keys = keys

    async def authorize(self, route: Route, request: ProxyRequest) -> Claims:
        """Return the claims of the caller's token; a public route has none. Raises GatewayError."""
        if not route.requires_token:
            return {}
        if route.authorizer is None:
            raise GatewayError(HTTPStatus.FORBIDDEN, "the authorizer of the route is unknown")
        claims = await self._claims(route.authorizer, tokens.from_header(request.header("authorization")))
        if route.scopes and not route.scopes & tokens.scopes(claims):
            headers = {"www-authenticate": tokens.challenge("insufficient_scope", route.scopes)}
            raise GatewayError(HTTPStatus.FORBIDDEN, "the token has none of the route's scopes", headers)
        return claims

    async def _claims(self, trust: tokens.Trust, token: str) -> Claims:
        if not token:
            raise GatewayError(HTTPStatus.UNAUTHORIZED, "no token", {"www-authenticate": tokens.challenge()})
        try:
            return await tokens.verify(self._keys, trust, token)
        except IssuerUnreachable as error:
            raise GatewayError(HTTPStatus.SERVICE_UNAVAILABLE, "the token's issuer does not answer") from error
        except tokens.InvalidToken as error:
            headers = {"www-authenticate": tokens.challenge("invalid_token")}
            raise GatewayError(HTTPStatus.UNAUTHORIZED, str(error), headers) from error
