"""An issuer of tokens for a laptop: off unless `LOCAL_ISSUER` names it, for it asks nobody for a password.

Its key is made when the process starts and is nowhere else, so a restart ends all tokens.
"""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from gateway_service.issuers import Keys

LIFETIME = timedelta(hours=8)
DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks.json"
TOKEN = "/.well-known/token"  # noqa: S105  a path


class LocalIssuer:
    """Signs tokens, and says how to check them."""

    def __init__(self, url: str) -> None:
        """`url` is what routes name as the issuer; nobody has to be able to reach it."""
        self.url = url
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_urlsafe(8)

    def document(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": self.url + JWKS,
            "token_endpoint": self.url + TOKEN,
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def jwks(self) -> dict[str, Any]:
        """The public key."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self._key_id, "alg": "RS256", "use": "sig"}]}

    def token(self, subject: str, audiences: Iterable[str], scopes: Iterable[str] = (), name: str = "") -> str:
        """A token for somebody; `name` is what pages call them."""
        now = datetime.now(UTC)
        claims: dict[str, Any] = {"iss": self.url, "sub": subject, "aud": sorted(audiences)}
        claims |= {"iat": now, "nbf": now, "exp": now + LIFETIME, "jti": secrets.token_urlsafe(12)}
        if joined := " ".join(sorted(scopes)):
            claims["scope"] = joined
        if name:
            claims["name"] = name
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def claims(self, token: str) -> dict[str, Any] | None:
        """Claims of one of our own tokens; `None` for any other one, and for one that is over."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                issuer=self.url,
                options={"require": ["exp", "iss", "sub"], "verify_aud": False},
            )
        except jwt.PyJWTError:
            return None
        return claims


class WithLocal:
    """Keys of the local issuer without a request, keys of all others from wherever they come."""

    def __init__(self, local: LocalIssuer, others: Keys) -> None:
        """Read the local one's once: it has no other."""
        self._local = local
        self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(local.jwks()).keys}
        self._others = others

    async def find(self, issuer: str, key_id: str) -> jwt.PyJWK | None:
        """The key of this name."""
        return self._keys.get(key_id) if issuer == self._local.url else await self._others.find(issuer, key_id)
