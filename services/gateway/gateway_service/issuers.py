"""Keys of issuers: found by OpenID Connect discovery, kept for two hours as API Gateway does.

A token that names an unknown key makes the keys be fetched again, but not more often than every half minute, for
anybody can send such tokens. Keys at hand outlive an issuer that does not answer.
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

KEPT_SECONDS = 7200
PAUSE_SECONDS = 30
MAX_BYTES = 262_144
_OBJECT = TypeAdapter(dict[str, Any])


class IssuerUnreachable(Exception):
    """Nobody can tell whether the token is good."""


class Keys(Protocol):
    """Where the keys of issuers come from."""

    async def find(self, issuer: str, key_id: str) -> jwt.PyJWK | None:
        """Raises ``IssuerUnreachable``."""
        ...


@dataclass
class _Known:
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    fetched: float = float("-inf")
    tried: float = float("-inf")
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class DiscoveredKeys:
    """Keys of any issuer that a route names; certificates are checked against the system's authorities."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Fetch nothing yet; the authorities are those of OpenSSL, `SSL_CERT_FILE` included."""
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._client = httpx2.AsyncClient(timeout=3, verify=ssl.create_default_context(), trust_env=False)

    async def find(self, issuer: str, key_id: str) -> jwt.PyJWK | None:
        """The key of this name."""
        known = self._known.setdefault(issuer, _Known())
        async with known.turn:  # one fetch at a time: the others find what it brought
            now = self._clock()
            fresh = now - known.fetched < KEPT_SECONDS and key_id in known.keys
            if not fresh and now - known.tried >= PAUSE_SECONDS:
                known.tried = now
                try:
                    known.keys, known.fetched = await self._fetch(issuer), now
                except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, jwt.PyJWTError) as error:
                    log.warning("the keys of an issuer cannot be read", issuer=issuer, exc_info=error)
            if known.fetched == float("-inf"):
                raise IssuerUnreachable(issuer)
            return known.keys.get(key_id)

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def _fetch(self, issuer: str) -> dict[str, jwt.PyJWK]:
        document = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        where = str(document.get("jwks_uri", ""))
        if document.get("issuer") != issuer or not where.startswith("https://"):
            raise ValueError("the discovery document is of another issuer, or its jwks_uri is not https")
        keys = jwt.PyJWKSet.from_dict(await self._read(where)).keys
        return {key.key_id: key for key in keys if key.key_id}

    async def _read(self, url: str) -> dict[str, Any]:
        async with self._client.stream("GET", url) as answer:
            answer.raise_for_status()
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ValueError("the answer is too long to be keys")
        return _OBJECT.validate_json(body)
