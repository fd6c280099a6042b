"""Who may pass: "Control access to HTTP APIs with JWT authorizers in API Gateway", point by point.

Without a good token the answer is 401; with one that lacks the route's scopes, 403.
"""

from http import HTTPStatus
from typing import Any

import jwt

from gateway_service.answers import Call, Refusal
from gateway_service.issuers import IssuerUnreachable, Keys
from gateway_service.routing import Authorizer, Route

ALGORITHMS = ["RS256", "RS384", "RS512"]  # "only RSA-based algorithms are supported"


class Guard:
    """Checks tokens with the keys of their issuers."""

    def __init__(self, keys: Keys) -> None:
        """Ask `keys` for the keys."""
        self._keys = keys

    async def check(self, route: Route, call: Call) -> None:
        """Return when the caller may take the route; raises Refusal."""
        if not route.guarded:
            return
        if route.authorizer is None:
            raise Refusal(HTTPStatus.FORBIDDEN, "the route has an authorizer that is not known here")
        claims = await self._claims(route.authorizer, _token(call))
        if route.scopes and not route.scopes & _scopes(claims):
            headers = {
                "www-authenticate": f'Bearer error="insufficient_scope" scope="{" ".join(sorted(route.scopes))}"'
            }
            raise Refusal(HTTPStatus.FORBIDDEN, "the token has none of the route's scopes", headers)

    async def _claims(self, wanted: Authorizer, token: str) -> dict[str, Any]:
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
            key = await self._keys.find(wanted.issuer, key_id)
            if key is None:
                raise _unauthorized("the token is signed with a key that its issuer does not have")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=wanted.issuer,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except IssuerUnreachable as error:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "the token's issuer does not answer") from error
        except jwt.PyJWTError as error:
            raise _unauthorized(f"the token is not good: {type(error).__name__}") from error
        if not wanted.audiences & _audiences(claims):
            raise _unauthorized("the token is for another audience")
        return claims


def _token(call: Call) -> str:
    """The token, with or without the word before it."""
    given = call.header("authorization")
    word, _, rest = given.partition(" ")
    token = rest.strip() if word.lower() == "bearer" else given
    if not token:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "no token", {"www-authenticate": "Bearer"})
    return token


def _audiences(claims: dict[str, Any]) -> set[str]:
    """`aud`, or `client_id` where there is none."""
    found = claims["aud"] if "aud" in claims else claims.get("client_id", [])
    return {found} if isinstance(found, str) else {name for name in found if isinstance(name, str)}


def _scopes(claims: dict[str, Any]) -> set[str]:
    found = claims["scope"] if "scope" in claims else claims.get("scp", "")
    return set(found.split()) if isinstance(found, str) else {name for name in found if isinstance(name, str)}


def _unauthorized(reason: str) -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, reason, {"www-authenticate": 'Bearer error="invalid_token"'})
