"""Keys of issuers: when they are fetched, how long they are kept, and what happens when they cannot be had."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway_service.jwks import CACHE_SECONDS, MIN_REFETCH_SECONDS, DiscoveredJwks, IssuerUnreachable
from tests.services.issuer import Issuer, running_issuer


@dataclass
class World:
    """An issuer, and keys whose clock is the test's."""

    issuer: Issuer
    now: list[float] = field(default_factory=lambda: [1000.0])

    def __post_init__(self) -> None:
        self.keys = DiscoveredJwks(lambda: self.now[0])

    async def found(self, key_id: str) -> bool:
        return await self.keys.find(self.issuer.url, key_id) is not None


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with running_issuer(tmp_path) as issuer:
        monkeypatch.setenv("SSL_CERT_FILE", str(issuer.authority))
        made = World(issuer)
        yield made
        await made.keys.close()


async def test_keys_are_fetched_once_and_kept_for_two_hours(world: World) -> None:
    assert [await world.found("one") for _ in range(3)] == [True] * 3
    world.now[0] += CACHE_SECONDS - 1
    assert await world.found("one")
    assert world.issuer.fetched == 1
    world.now[0] += 1
    assert await world.found("one")
    assert world.issuer.fetched == 2


async def test_a_new_key_is_found_but_unknown_ones_cannot_make_us_ask_again_and_again(world: World) -> None:
    assert await world.found("one")
    world.issuer.key_id = "next"
    assert [await world.found("next") for _ in range(5)] == [False] * 5
    assert world.issuer.fetched == 1
    world.now[0] += MIN_REFETCH_SECONDS
    assert await world.found("next")
    assert not await world.found("one")
    assert world.issuer.fetched == 2


async def test_keys_at_hand_outlive_an_issuer_that_does_not_answer(world: World) -> None:
    assert await world.found("one")
    world.issuer.server.close()
    world.now[0] += 2 * CACHE_SECONDS
    assert await world.found("one")


async def test_without_any_keys_nobody_can_tell(world: World) -> None:
    world.issuer.server.close()
    with pytest.raises(IssuerUnreachable):
        await world.found("one")


@pytest.mark.parametrize(
    "document",
    [{"issuer": "https://other.example"}, {"jwks_uri": "http://localhost/keys"}, {"jwks_uri": None}],
)
async def test_a_document_that_is_not_the_issuers_is_not_believed(document: dict[str, str], world: World) -> None:
    world.issuer.document = document
    with pytest.raises(IssuerUnreachable):
        await world.found("one")
    assert world.issuer.fetched == 0


async def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    async with running_issuer(tmp_path) as issuer:
        keys = DiscoveredJwks()
        with pytest.raises(IssuerUnreachable):
            await keys.find(issuer.url, "one")
        await keys.close()
