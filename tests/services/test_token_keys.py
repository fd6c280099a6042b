"""The keys of issuers: when they are fetched, how long they are cached, and what happens in an outage."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shop_shared.token_keys import (
    CACHE_SECONDS,
    MAX_STALE_SECONDS,
    MIN_REFETCH_SECONDS,
    DiscoveredKeys,
    IssuerUnreachable,
)
from tests.services.issuer import Issuer, running_issuer


@dataclass
class IssuerWithClock:
    """An issuer, and its cached keys with a clock that the test sets."""

    issuer: Issuer
    now: list[float] = field(default_factory=lambda: [1000.0])

    def __post_init__(self) -> None:
        self.keys = DiscoveredKeys(lambda: self.now[0])

    async def found(self, key_id: str) -> bool:
        return await self.keys.find(self.issuer.url, key_id) is not None


@pytest.fixture
async def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[IssuerWithClock]:
    async with running_issuer(tmp_path) as issuer:
        monkeypatch.setenv("SSL_CERT_FILE", str(issuer.authority))
        made = IssuerWithClock(issuer)
        yield made
        await made.keys.close()


async def test_keys_are_fetched_once_and_cached_for_two_hours(cached: IssuerWithClock) -> None:
    assert [await cached.found("one") for _ in range(3)] == [True] * 3
    cached.now[0] += CACHE_SECONDS - 1
    assert await cached.found("one")
    assert cached.issuer.fetched == 1
    cached.now[0] += 1
    assert await cached.found("one")
    while cached.issuer.fetched < 2:  # noqa: ASYNC110  (the token does not wait for the fetch; the test has a time limit)
        await asyncio.sleep(0.01)


async def test_a_token_with_a_cached_key_never_waits_for_the_issuer(cached: IssuerWithClock) -> None:
    assert await cached.found("one")
    cached.issuer.answers.clear()
    cached.now[0] += CACHE_SECONDS
    unknown = asyncio.create_task(cached.found("next"))
    async with asyncio.timeout(1):
        assert await cached.found("one")
    assert not unknown.done()
    cached.issuer.answers.set()
    assert not await unknown


async def test_a_cancelled_request_does_not_cancel_the_fetch_of_another(cached: IssuerWithClock) -> None:
    cached.issuer.answers.clear()
    first, second = (asyncio.create_task(cached.found("one")) for _ in range(2))
    await asyncio.sleep(0.1)
    first.cancel()
    cached.issuer.answers.set()
    assert await second
    assert first.cancelled()
    assert cached.issuer.fetched == 1


async def test_unknown_keys_trigger_a_limited_number_of_fetches(cached: IssuerWithClock) -> None:
    assert await cached.found("one")
    cached.issuer.key_id = "next"
    assert [await cached.found("next") for _ in range(5)] == [False] * 5
    assert cached.issuer.fetched == 1
    cached.now[0] += MIN_REFETCH_SECONDS
    assert await cached.found("next")
    assert not await cached.found("one")
    assert cached.issuer.fetched == 2


async def test_cached_keys_outlive_an_unreachable_issuer(cached: IssuerWithClock) -> None:
    assert await cached.found("one")
    cached.issuer.server.close()
    cached.now[0] += 2 * CACHE_SECONDS
    assert await cached.found("one")
    cached.now[0] += MAX_STALE_SECONDS
    with pytest.raises(IssuerUnreachable):
        await cached.found("one")


async def test_the_url_of_a_key_set_replaces_the_discovery(cached: IssuerWithClock) -> None:
    issuer = "https://unreachable.example"
    keys = DiscoveredKeys(key_set_urls={issuer: f"{cached.issuer.url}/keys"})
    assert await keys.find(issuer, "one")
    await keys.close()


async def test_without_cached_keys_an_unreachable_issuer_raises(cached: IssuerWithClock) -> None:
    cached.issuer.server.close()
    with pytest.raises(IssuerUnreachable):
        await cached.found("one")


@pytest.mark.parametrize(
    "document",
    [{"issuer": "https://other.example"}, {"jwks_uri": "http://localhost/keys"}, {"jwks_uri": None}],
)
async def test_a_discovery_document_of_another_issuer_is_rejected(
    document: dict[str, str], cached: IssuerWithClock
) -> None:
    cached.issuer.document = document
    with pytest.raises(IssuerUnreachable):
        await cached.found("one")
    assert cached.issuer.fetched == 0


async def test_a_certificate_of_an_unknown_ca_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with running_issuer(tmp_path) as issuer:
        keys = DiscoveredKeys()
        with pytest.raises(IssuerUnreachable):
            await keys.find(issuer.url, "one")
        await keys.close()
