"""An issuer of tokens for local use. It is off unless `LOCAL_ISSUER` is set, because it asks for no password.

Its key is created at startup and never stored, so a restart invalidates all tokens.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from shop_shared.token_keys import KeySource

LIFETIME = timedelta(hours=8)
DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks.json"
TOKEN = "/.well-known/token"  # noqa: S105  a path


class LocalIssuer:
    """Signs tokens and publishes the key to verify them."""

    def __init__(self, url: str) -> None:
        """`url` is the issuer in the routes' authorizers. It does not have to be reachable."""
        self.url = url
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_urlsafe(8)

    def document(self) -> dict[str, Any]:
        """Return the discovery document."""
        return {
            "issuer": self.url,
            "jwks_uri": self.url + JWKS,
            "token_endpoint": self.url + TOKEN,
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def jwks(self) -> dict[str, Any]:
        """Return the public key set."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self._key_id, "alg": "RS256", "use": "sig"}]}

    def token(
        self, subject: str, audiences: Iterable[str], scopes: Iterable[str] = (), extra: Mapping[str, str] | None = None
    ) -> str:
        """Return a token. `extra` has further claims, for the storefront's pages."""
        now = datetime.now(UTC)
        claims: dict[str, Any] = {"iss": self.url, "sub": subject, "aud": sorted(audiences)}
        claims |= {"iat": now, "nbf": now, "exp": now + LIFETIME, "jti": secrets.token_urlsafe(12)}
        if joined := " ".join(sorted(scopes)):
            claims["scope"] = joined
        return jwt.encode({**(extra or {}), **claims}, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def claims(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token of this issuer, or `None` for an invalid or expired one."""
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


class LocalOrDiscoveredKeys:
    """The keys of the local issuer, read directly, and those of all others from another source."""

    def __init__(self, local: LocalIssuer, others: KeySource) -> None:
        """The key of the local issuer never changes, so it is read once."""
        self._local = local
        self._keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(local.jwks()).keys}
        self._others = others

    async def find(self, issuer: str, key_id: str) -> jwt.PyJWK | None:
        """Return the issuer's key with this id. Raises ``IssuerUnreachable``."""
        return self._keys.get(key_id) if issuer == self._local.url else await self._others.find(issuer, key_id)
