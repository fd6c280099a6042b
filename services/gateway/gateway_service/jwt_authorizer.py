"""Authorizes requests as in "Control access to HTTP APIs with JWT authorizers in API Gateway".

Without a valid token the response is 401. If a valid token lacks the route's scopes, it is 403.
"""

from http import HTTPStatus
from typing import Any

import jwt

from gateway_service.jwks import IssuerUnreachable, KeySource
from gateway_service.messages import GatewayError, ProxyRequest
from gateway_service.routing import Authorizer, Route

ALGORITHMS = ["RS256", "RS384", "RS512"]  # "only RSA-based algorithms are supported"


class JwtAuthorizer:
    """Verifies tokens with the keys of their issuers."""

    def __init__(self, keys: KeySource) -> None:
        """`keys` provides the keys of all issuers."""
        self._keys = keys

    async def authorize(self, route: Route, request: ProxyRequest) -> None:
        """Return if the caller may use the route. Raises GatewayError otherwise."""
        if not route.requires_token:
            return
        if route.authorizer is None:
            raise GatewayError(HTTPStatus.FORBIDDEN, "the authorizer of the route is unknown")
        claims = await self._claims(route.authorizer, _token(request))
        if route.scopes and not route.scopes & _scopes(claims):
            headers = {
                "www-authenticate": f'Bearer error="insufficient_scope" scope="{" ".join(sorted(route.scopes))}"'
            }
            raise GatewayError(HTTPStatus.FORBIDDEN, "the token has none of the route's scopes", headers)

    async def _claims(self, authorizer: Authorizer, token: str) -> dict[str, Any]:
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
            key = await self._keys.find(authorizer.issuer, key_id)
            if key is None:
                raise _unauthorized("the issuer has no key with the id that the token names")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=authorizer.issuer,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except IssuerUnreachable as error:
            raise GatewayError(HTTPStatus.SERVICE_UNAVAILABLE, "the token's issuer does not answer") from error
        except jwt.PyJWTError as error:
            raise _unauthorized(f"the token is invalid: {type(error).__name__}") from error
        if not authorizer.audiences & _audiences(claims):
            raise _unauthorized("the token is for another audience")
        return claims


def _token(request: ProxyRequest) -> str:
    """Return the token of the authorization header. The prefix `Bearer` is optional."""
    header = request.header("authorization")
    scheme, _, rest = header.partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else header
    if not token:
        raise GatewayError(HTTPStatus.UNAUTHORIZED, "no token", {"www-authenticate": "Bearer"})
    return token


def _audiences(claims: dict[str, Any]) -> set[str]:
    """Return `aud`, or `client_id` if there is no `aud`."""
    claim = claims["aud"] if "aud" in claims else claims.get("client_id", [])
    return {claim} if isinstance(claim, str) else {name for name in claim if isinstance(name, str)}


def _scopes(claims: dict[str, Any]) -> set[str]:
    claim = claims["scope"] if "scope" in claims else claims.get("scp", "")
    return set(claim.split()) if isinstance(claim, str) else {name for name in claim if isinstance(name, str)}


def _unauthorized(reason: str) -> GatewayError:
    return GatewayError(HTTPStatus.UNAUTHORIZED, reason, {"www-authenticate": 'Bearer error="invalid_token"'})
