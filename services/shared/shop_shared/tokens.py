"""Verifies JSON Web Tokens as in "Control access to HTTP APIs with JWT authorizers in API Gateway".

The gateway and the services use the same implementation, so they accept the same tokens.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import jwt

from shop_shared.token_keys import KeySource

ALGORITHMS = ["RS256", "RS384", "RS512"]  # "only RSA-based algorithms are supported"
MAX_LENGTH = 8192
"""Characters of a token. Servers reject longer headers anyway."""

Claims = dict[str, Any]


class InvalidToken(Exception):
    """The token is missing or invalid. The message says why, without quoting the token."""


@dataclass(frozen=True)
class Trust:
    """The tokens that are accepted: those of one issuer for one of these audiences."""

    issuer: str
    audiences: frozenset[str]


async def verify(keys: KeySource, trust: Trust, token: str) -> Claims:
    """Return the claims of a valid token. Raises ``InvalidToken``, ``token_keys.IssuerUnreachable``."""
    if len(token) > MAX_LENGTH:
        raise InvalidToken("the token is too long")
    try:
        key_id = str(jwt.get_unverified_header(token).get("kid", ""))
        key = await keys.find(trust.issuer, key_id)
        if key is None:
            raise InvalidToken("the issuer has no key with the id that the token names")
        claims: Claims = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            issuer=trust.issuer,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
    except jwt.PyJWTError as error:
        raise InvalidToken(f"the token is invalid: {type(error).__name__}") from error
    if not trust.audiences & audiences(claims):
        raise InvalidToken("the token is for another audience")
    return claims


def from_header(authorization: str) -> str:
    """Return the token of an Authorization header, where the prefix `Bearer` is optional, or ""."""
    scheme, _, rest = authorization.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else authorization


def audiences(claims: Claims) -> frozenset[str]:
    """Return `aud`, or `client_id` if there is no `aud`."""
    return _words(claims["aud"] if "aud" in claims else claims.get("client_id"))


def scopes(claims: Claims) -> frozenset[str]:
    """Return `scope`, or `scp` if there is no `scope`: words separated by spaces, or a list of words."""
    claim = claims["scope"] if "scope" in claims else claims.get("scp", "")
    return _words(claim.split() if isinstance(claim, str) else claim)


def challenge(error: str = "", required: Collection[str] = ()) -> str:
    """Return a WWW-Authenticate header (RFC 6750, section 3)."""
    scope = f' scope="{" ".join(sorted(required))}"' if required else ""
    return f'Bearer error="{error}"{scope}' if error else "Bearer"


def _words(claim: object) -> frozenset[str]:
    if isinstance(claim, str):
        return frozenset({claim})
    return frozenset(word for word in claim if isinstance(word, str)) if isinstance(claim, list) else frozenset()
