"""Lists that many callers share: how long one is valid, and that none from before a write decides."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.errors import NotYet, Postponed
from tests.unit.support.moved_loop import run_moved

REGION = ("apigatewayv2", "1", "eu-west-1", "main", "api")
DELETIONS = ("apigatewayv2", "1", "eu-west-1", "delete", "api")


class Lists:
    """A resource whose version each list shows as it was when the list began; `ends` lets a list end."""

    def __init__(self) -> None:
        self.now = 0.0
        self.version = 0
        self.began = 0
        self.ends = asyncio.Event()
        self.ends.set()

    async def all(self) -> dict[str, Any]:
        self.began += 1
        shown = {"a": {"version": self.version}}
        await asyncio.sleep(0)
        await self.ends.wait()
        return shown


async def _ask(cache: ListCache, lists: Lists, region: tuple[str, ...] = REGION, **more: Any) -> int:
    listed = await cache.find(region, "a", lists.all, "list", **more)
    assert listed
    version: int = listed["version"]
    return version


async def test_a_caller_may_accept_an_older_list() -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)
    await _ask(cache, lists)
    lists.now, lists.version = 59.9, 1
    assert await _ask(cache, lists, valid=60) == 0
    assert await _ask(cache, lists) == 1


async def test_a_cache_that_keeps_nothing_accepts_no_list() -> None:
    lists = Lists()
    cache = ListCache(0, lambda: lists.now)
    await _ask(cache, lists)
    lists.version = 1
    assert await _ask(cache, lists, valid=60) == 1


async def test_a_list_that_a_write_overtook_is_read_again() -> None:
    """Also if the clock gives the list and the write the same time."""
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)
    lists.ends.clear()
    asked = asyncio.create_task(_ask(cache, lists))
    await asyncio.sleep(0.01)
    with cache.writing(DELETIONS, "a"):  # in the other lane
        lists.version = 1
    lists.ends.set()
    assert await asked == 1
    assert lists.began == 2


async def test_a_list_waits_for_the_writes_that_would_make_it_stale() -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)
    with cache.writing(REGION, "a"):
        with cache.writing(DELETIONS, "a"):
            asked = [asyncio.create_task(_ask(cache, lists)) for _ in range(3)]
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        assert lists.began == 0
        lists.version = 1
    assert await asyncio.gather(*asked) == [1, 1, 1]
    assert lists.began == 1


def test_a_list_does_not_wait_long_for_a_write_and_is_read_again_after_it() -> None:
    async def ask_during_a_write() -> None:
        lists = Lists()
        cache = ListCache(4, asyncio.get_running_loop().time)
        with cache.writing(REGION, "a"):
            assert await _ask(cache, lists) == 0
            assert asyncio.get_running_loop().time() == pytest.approx(15)
            lists.version = 1
        assert await _ask(cache, lists) == 1

    run_moved(ask_during_a_write())


async def test_a_failed_write_counts_because_it_may_have_changed_something() -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)
    await _ask(cache, lists)
    with suppress(NotYet), cache.writing(REGION, "a"):
        lists.version = 1
        raise NotYet("AWSUnavailable", "no answer")
    assert await _ask(cache, lists) == 1


async def test_a_caller_does_not_wait_forever_for_the_writes_of_others() -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)

    async def all_while_others_write() -> dict[str, Any]:
        lists.now += 25
        cache.wrote(REGION, "a")
        return await lists.all()

    with pytest.raises(Postponed, match="other writes change what list lists"):
        await cache.find(REGION, "a", all_while_others_write, "list")
    assert lists.began == 3


async def test_everything_listed_expires_on_request() -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)
    await _ask(cache, lists)
    lists.version = 1
    cache.expire()
    assert await _ask(cache, lists, valid=60) == 1
    assert lists.began == 2


async def test_writes_are_remembered_for_a_day() -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)
    cache.wrote(REGION, "a")
    lists.now = 6 * 3600.0
    cache.wrote(REGION, "b")
    assert cache.wrote_within(REGION, "a", 6 * 3600 + 1)
    lists.now = 25 * 3600.0
    cache.wrote(REGION, "b")
    assert not cache.wrote_within(REGION, "a", 1e9)


async def test_a_refresh_is_for_its_owner_alone() -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)
    await _ask(cache, lists, owner="one")
    cache.refresh("other")
    await _ask(cache, lists, owner="one")
    assert lists.began == 1
    await _ask(cache, lists, owner="other")
    assert lists.began == 2
    cache.forget("other")
    await _ask(cache, lists, owner="other")
    assert lists.began == 2


@pytest.mark.parametrize("which", ["everybody", "the owner"])
async def test_refreshes_that_never_stop_keep_no_list_from_its_end(which: str) -> None:
    lists = Lists()
    cache = ListCache(4, lambda: lists.now)

    async def all_while_others_refresh() -> dict[str, Any]:
        cache.expire() if which == "everybody" else cache.refresh("one")
        shown = await lists.all()
        cache.expire() if which == "everybody" else cache.refresh("one")
        return shown

    assert await cache.find(REGION, "a", all_while_others_refresh, "list", owner="one")
    assert lists.began == 1


@pytest.mark.parametrize(
    ("began", "asked", "lists"), [(1.5, 60.5, 2), (59.0, 61.0, 1), (61.0, 66.0, 1), (61.0, 120.0, 1)]
)
async def test_an_older_list_is_good_only_if_it_began_when_aws_showed_the_write(
    began: float, asked: float, lists: int
) -> None:
    """AWS shows a write after 30 seconds here."""
    world = Lists()
    cache = ListCache(4, lambda: world.now)
    with cache.writing(REGION, "a"):
        pass
    world.now, world.version = began, int(began >= 30)
    await _ask(cache, world)
    world.now, world.version = asked, 1
    assert await _ask(cache, world, valid=cache.age_after_writes(REGION, "a")) == 1
    assert world.began == lists
