"""The public keys of issuers: found by OpenID Connect discovery and cached for two hours, as in API Gateway.

A token that names an unknown key triggers a new fetch, but at most every 30 seconds, because anybody can send such
tokens. A token whose key is cached never waits for a fetch. If the issuer does not answer, cached keys stay valid for a
day.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

import httpx2
import jwt
import structlog
from pydantic import TypeAdapter

log = structlog.get_logger(__name__)

CACHE_SECONDS = 7200
MAX_STALE_SECONDS = 86_400
"""A key that the issuer has not confirmed for this long is unusable."""
MIN_REFETCH_SECONDS = 30
MIN_RETRY_SECONDS = 1
"""Pause after a failed fetch while no usable key is cached: every request then gets 503."""
FETCH_SECONDS = 5
MAX_BYTES = 262_144
_NEVER = float("-inf")
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
    fetched_at: float = _NEVER
    attempted_at: float = _NEVER
    fetch: asyncio.Task[None] | None = None


class DiscoveredKeys:
    """The keys of the issuers that a service or a route names. TLS certificates are verified with the system's CAs."""

    def __init__(self, clock: Callable[[], float] = monotonic, key_set_urls: Mapping[str, str] | None = None) -> None:
        """`key_set_urls` maps an issuer to the URL of its JSON Web Key Set, which then replaces the discovery.

        The CAs are those of OpenSSL, including `SSL_CERT_FILE`.
        """
        self._clock = clock
        self._key_set_urls = dict(key_set_urls or {})
        self._issuers: dict[str, _IssuerKeys] = {}
        self._client = httpx2.AsyncClient(timeout=3, verify=ssl.create_default_context(), trust_env=False)

    async def find(self, issuer: str, key_id: str) -> jwt.PyJWK | None:
        """Return the issuer's key with this id. Raises ``IssuerUnreachable``."""
        cached = self._issuers.setdefault(issuer, _IssuerKeys())
        self._start_fetch(issuer, cached, key_id)
        if cached.fetch and not (self._usable(cached) and key_id in cached.keys):
            # Shared and shielded: a cancelled request must not cancel the fetch of the others.
            await asyncio.shield(cached.fetch)
        if not self._usable(cached):
            raise IssuerUnreachable(issuer)
        return cached.keys.get(key_id)

    async def close(self) -> None:
        """End the fetches in progress, and close the connections."""
        fetches = [cached.fetch for cached in self._issuers.values() if cached.fetch]
        for fetch in fetches:
            fetch.cancel()
        await asyncio.gather(*fetches, return_exceptions=True)
        await self._client.aclose()

    def _usable(self, cached: _IssuerKeys) -> bool:
        return self._clock() - cached.fetched_at < MAX_STALE_SECONDS

    def _start_fetch(self, issuer: str, cached: _IssuerKeys, key_id: str) -> None:
        """Start a fetch if one is due. There is at most one at a time for each issuer."""
        now = self._clock()
        fresh = now - cached.fetched_at < CACHE_SECONDS and key_id in cached.keys
        pause = MIN_REFETCH_SECONDS if self._usable(cached) else MIN_RETRY_SECONDS
        if cached.fetch is None and not fresh and now - cached.attempted_at >= pause:
            cached.attempted_at = now
            cached.fetch = asyncio.create_task(self._refresh(issuer, cached))

    async def _refresh(self, issuer: str, cached: _IssuerKeys) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                keys = await self._fetch(issuer)
            cached.keys, cached.fetched_at = keys, self._clock()
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError, jwt.PyJWTError) as error:
            log.warning("cannot fetch the keys of an issuer", issuer=issuer, exc_info=error)
        finally:
            cached.fetch = None

    async def _fetch(self, issuer: str) -> dict[str, jwt.PyJWK]:
        url = self._key_set_urls.get(issuer) or await self._discover(issuer)
        keys = jwt.PyJWKSet.from_dict(await self._read(url)).keys
        return {key.key_id: key for key in keys if key.key_id}

    async def _discover(self, issuer: str) -> str:
        document = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        jwks_uri = str(document.get("jwks_uri", ""))
        if document.get("issuer") != issuer or not jwks_uri.startswith("https://"):
            raise ValueError("the discovery document belongs to another issuer, or its jwks_uri is not https")
        return jwks_uri

    async def _read(self, url: str) -> dict[str, Any]:
        async with self._client.stream("GET", url) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError("the response is too long for a discovery document or a key set")
        return _OBJECT.validate_json(body)
