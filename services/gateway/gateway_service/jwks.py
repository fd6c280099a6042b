"""The public keys of issuers: found by OpenID Connect discovery and cached for two hours, as in API Gateway.

A token that names an unknown key triggers a new fetch, but at most every 30 seconds, because anybody can send such
tokens. If the issuer does not answer, the cached keys stay valid.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

import httpx2
import jwt
import structlog
from pydantic import TypeAdapter

log = structlog.get_logger(__name__)

CACHE_SECONDS = 7200
MIN_REFETCH_SECONDS = 30
MAX_BYTES = 262_144
_OBJECT = TypeAdapter(dict[str, Any])


class IssuerUnreachable(Exception):
    """The issuer's keys are unavailable, so the token cannot be verified."""


class KeySource(Protocol):
    """Provides the keys of issuers."""

    async def find(self, issuer: str, key_id: str) -> jwt.PyJWK | None:
        """Return the issuer's key with this id. Raises ``IssuerUnreachable``."""
        ...


@dataclass
class _IssuerKeys:
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    fetched_at: float = float("-inf")
    attempted_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class DiscoveredJwks:
    """The keys of any issuer that a route names. TLS certificates are verified with the system's CAs."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """The CAs are those of OpenSSL, including `SSL_CERT_FILE`."""
        self._clock = clock
        self._issuers: dict[str, _IssuerKeys] = {}
        self._client = httpx2.AsyncClient(timeout=3, verify=ssl.create_default_context(), trust_env=False)

    async def find(self, issuer: str, key_id: str) -> jwt.PyJWK | None:
        """Return the issuer's key with this id. Raises ``IssuerUnreachable``."""
        cached = self._issuers.setdefault(issuer, _IssuerKeys())
        async with cached.lock:  # one fetch at a time: concurrent requests use its result
            now = self._clock()
            fresh = now - cached.fetched_at < CACHE_SECONDS and key_id in cached.keys
            if not fresh and now - cached.attempted_at >= MIN_REFETCH_SECONDS:
                cached.attempted_at = now
                try:
                    cached.keys, cached.fetched_at = await self._fetch(issuer), now
                except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, jwt.PyJWTError) as error:
                    log.warning("cannot fetch the keys of an issuer", issuer=issuer, exc_info=error)
            if cached.fetched_at == float("-inf"):
                raise IssuerUnreachable(issuer)
            return cached.keys.get(key_id)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _fetch(self, issuer: str) -> dict[str, jwt.PyJWK]:
        document = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        jwks_uri = str(document.get("jwks_uri", ""))
        if document.get("issuer") != issuer or not jwks_uri.startswith("https://"):
            raise ValueError("the discovery document belongs to another issuer, or its jwks_uri is not https")
        keys = jwt.PyJWKSet.from_dict(await self._read(jwks_uri)).keys
        return {key.key_id: key for key in keys if key.key_id}

    async def _read(self, url: str) -> dict[str, Any]:
        async with self._client.stream("GET", url) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError("the response is too long for a discovery document or a key set")
        return _OBJECT.validate_json(body)
