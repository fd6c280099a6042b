"""The calls of a process stay below AWS's rates, writes come first, nobody waits long; the clock is moved."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import wraps
from typing import Any

import pytest
from botocore.loaders import Loader

from microservice_operator.aws.engine.call import Call, Lane
from microservice_operator.aws.engine.clients import Clients
from microservice_operator.aws.engine.expectations import certainly_refused
from microservice_operator.aws.engine.rate_limiter import RateLimited, RateLimiter
from microservice_operator.aws.engine.rate_limits import rate_limit
from microservice_operator.aws.iam.operator_permissions import RIGHTS
from microservice_operator.facts import Part, Reason, State
from microservice_operator.pending_calls import Calls
from microservice_operator.resync_cache import Outcome, ResyncCache
from microservice_operator.resync_reads import marked
from tests.unit.support.moved_loop import run_moved

TAGS = Call("dynamodb", "eu-west-1", "ListTagsOfResource", account="1")
ROUTES = Call("apigatewayv2", "eu-west-1", "GetRoutes", account="1")
NEW_ROUTE = Call("apigatewayv2", "eu-west-1", "CreateRoute", account="1")


def moved(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an asynchronous test on a moved clock."""

    @wraps(test)
    def run(**arguments: Any) -> None:
        run_moved(test(**arguments))

    return run


class Calls_:  # noqa: N801 the other `Calls` is the operator's
    """The times at which calls were let through, by a label."""

    def __init__(self) -> None:
        self.limiter = RateLimiter()
        self.made: list[tuple[float, str]] = []
        self.refused = 0

    async def make(self, call: Call, label: str = "", *, resync: bool = False) -> None:
        with marked(resync=resync):
            try:
                await self.limiter.wait(call)
            except RateLimited:
                self.refused += 1
            else:
                self.made.append((asyncio.get_running_loop().time(), label))

    def peak(self) -> int:
        """The most calls within one second."""
        times = [at for at, _ in self.made]
        return max(sum(start <= at < start + 1 for at in times) for start in times)


@pytest.mark.parametrize(
    ("call", "documented", "mean"),
    [
        (TAGS, 10, 8),
        (Call("dynamodb", "eu-west-1", "TagResource", account="1"), 5, 4),
        (Call("sns", "eu-west-1", "UntagResource", account="1"), 10, 8),
        (ROUTES, 50, 8),  # 40 at once, and 10 in the second
    ],
)
@moved
async def test_calls_stay_below_the_documented_rate(call: Call, documented: float, mean: float) -> None:
    calls = Calls_()
    for _ in range(100):  # as workers do: some at once, again and again
        await asyncio.gather(*(calls.make(call) for _ in range(16)))
    assert calls.refused == 0
    assert calls.peak() <= documented
    at_once = 0.8 * 40 if call is ROUTES else 2
    assert len(calls.made) / asyncio.get_running_loop().time() == pytest.approx(mean, rel=0.02 + at_once / 1600)


@moved
async def test_an_action_without_a_documented_rate_never_waits() -> None:
    calls = Calls_()
    for _ in range(1000):
        await calls.make(Call("sqs", "eu-west-1", "GetQueueAttributes"))
    assert asyncio.get_running_loop().time() == 0


@moved
async def test_each_account_and_region_has_its_own_rate() -> None:
    calls = Calls_()
    for account, region in (("1", "eu-west-1"), ("2", "eu-west-1"), ("1", "us-east-1")):
        await asyncio.gather(*(calls.make(Call("dynamodb", region, TAGS.action, account=account)) for _ in range(2)))
    assert asyncio.get_running_loop().time() == 0
    await calls.make(TAGS)
    assert asyncio.get_running_loop().time() == pytest.approx(1 / 8)


@moved
async def test_all_actions_of_api_gateway_share_one_rate() -> None:
    calls = Calls_()
    await asyncio.gather(*(calls.make(call) for call in [ROUTES, NEW_ROUTE] * 16))
    assert asyncio.get_running_loop().time() == 0
    await calls.make(Call("apigatewayv2", "eu-west-1", "DeleteApi", account="1"))
    assert asyncio.get_running_loop().time() > 0


@pytest.mark.parametrize(
    "urgent", [NEW_ROUTE, Call("apigatewayv2", "eu-west-1", "GetRoutes", lane=Lane.DELETE, account="1")]
)
@moved
async def test_a_write_and_a_deletion_pass_the_reads_that_wait(urgent: Call) -> None:
    calls = Calls_()
    reads = [asyncio.create_task(calls.make(ROUTES, "read")) for _ in range(32 + 100)]
    await asyncio.sleep(0.01)
    await calls.make(urgent, "urgent")
    assert asyncio.get_running_loop().time() < 0.3  # the next or the second token
    await asyncio.gather(*reads)
    assert calls.refused == 0


@moved
async def test_reads_for_a_change_pass_those_of_a_resync() -> None:
    calls = Calls_()
    late = [asyncio.create_task(calls.make(TAGS, "resync", resync=True)) for _ in range(2 + 4)]
    await asyncio.sleep(0.01)
    await asyncio.gather(*(calls.make(TAGS, "read") for _ in range(6)))
    assert asyncio.get_running_loop().time() < 1.1  # six of eight or nine tokens
    await asyncio.gather(*late)
    assert {label for _, label in calls.made[2:6]} == {"read", "resync"}  # every fourth is the oldest


@moved
async def test_no_class_starves() -> None:
    calls = Calls_()

    async def write_all_the_time() -> None:
        while True:
            await asyncio.gather(*(calls.make(NEW_ROUTE, "write") for _ in range(8)))

    writer = asyncio.create_task(write_all_the_time())
    await asyncio.sleep(10)
    began = asyncio.get_running_loop().time()
    await calls.make(ROUTES, "read")
    await calls.make(ROUTES, "resync", resync=True)
    writer.cancel()
    assert calls.refused == 0
    assert asyncio.get_running_loop().time() - began < 3


@moved
async def test_no_call_waits_long() -> None:
    """What would wait longer is refused at once, so that it does not hold a worker; after its wait it is as good."""
    calls = Calls_()
    await asyncio.gather(*(calls.make(TAGS, "resync", resync=True) for _ in range(100)))
    assert (len(calls.made), calls.refused) == (2 + 4, 94)  # two at once, and the tokens of half a second
    assert asyncio.get_running_loop().time() == pytest.approx(0.5)
    await asyncio.gather(*(calls.make(TAGS, "read") for _ in range(200)))
    assert asyncio.get_running_loop().time() < 16
    assert calls.refused == 94 + 200 - 120


@moved
async def test_what_is_not_made_says_why_and_when_it_is_retried() -> None:
    calls = Calls_()
    waiting = [asyncio.create_task(calls.make(NEW_ROUTE)) for _ in range(32 + 240)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited, match="the operator makes apigatewayv2:CreateRoute later") as refused:
        await calls.limiter.wait(NEW_ROUTE)
    assert (refused.value.reason, refused.value.after) == (Reason.AWS_THROTTLED, 5)
    assert certainly_refused(refused.value)
    await asyncio.gather(*waiting)


@moved
async def test_who_is_cancelled_holds_no_turn() -> None:
    calls = Calls_()
    waiting = [asyncio.create_task(calls.make(TAGS)) for _ in range(2 + 50)]
    await asyncio.sleep(0.01)
    for task in waiting[2:]:
        task.cancel()
    await asyncio.sleep(0)
    await calls.make(TAGS)
    assert asyncio.get_running_loop().time() < 0.3


class _Counting(Clients):
    """Clients whose calls need no network."""

    async def _send(self, call: Call) -> dict[str, Any]:
        return {"made": call.action}


@moved
async def test_clients_wait_and_name_what_they_wait_for() -> None:
    heard: list[tuple[str, str, str]] = []
    clients, calls = _Counting(None, lambda *call: heard.append(call)), Calls()
    with calls.made_here():
        made = [asyncio.create_task(clients.call(TAGS)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert calls.names == ["the rate limit of dynamodb:ListTagsOfResource"]
        assert [await each for each in made] == [{"made": "ListTagsOfResource"}] * 3
        answers = await asyncio.gather(*(clients.call(TAGS) for _ in range(125)), return_exceptions=True)
    limited = [answer for answer in answers if isinstance(answer, RateLimited)]
    assert len(limited) == 5
    assert heard.count(("dynamodb", "ListTagsOfResource", "RateLimited")) == 5


@moved
async def test_an_emulator_has_no_rate() -> None:
    clients = _Counting("http://127.0.0.1:1")
    await asyncio.gather(*(clients.call(TAGS) for _ in range(500)))
    assert asyncio.get_running_loop().time() == 0


READY = Part("AWS", "Table", "a", State.READY, id="arn")


@moved
async def test_a_postponed_resync_keeps_the_last_state_and_a_postponed_read_does_not() -> None:
    loop = asyncio.get_running_loop()
    cache, key = ResyncCache(100, loop.time), ("uid", "Table", "a")
    late = Outcome(
        Part("AWS", "Table", "a", State.UNKNOWN, Reason.AWS_THROTTLED, after=30, failed=True), postponed=True
    )

    async def read(outcome: Outcome) -> Outcome:
        return outcome

    assert (await cache.reconcile(key, "desired", lambda: read(late))).part.state is State.UNKNOWN
    await cache.reconcile(key, "desired", lambda: read(Outcome(READY, up_to_date=True)))
    await asyncio.sleep(101)
    kept = await cache.reconcile(key, "desired", lambda: read(late))
    assert (kept.part.state, kept.part.id, kept.part.after, kept.part.failed) == (State.READY, "arn", 30, False)
    assert not kept.up_to_date
    assert cache.get(key, "desired") is None  # so it is read in the next reconciliation
    assert (await cache.reconcile(key, "changed", lambda: read(late))).part.state is State.UNKNOWN
    failed = Outcome(Part("AWS", "Table", "a", State.UNKNOWN, Reason.AWS_UNAVAILABLE))
    assert (await cache.reconcile(key, "desired", lambda: read(failed))).part.state is State.UNKNOWN


RATE = re.compile(
    r"(?:up to|maximum rate of|a maximum of|throttled at|are limited to) (\d+|five)"
    r" (?:times per second|transactions per second|TPS)"
)


def test_the_rates_are_those_that_the_models_of_botocore_state() -> None:
    """Of every action of the operator that has one; API Gateway's and EC2's are on pages of their guides."""
    loader, stated = Loader(), {}
    for service, action in {(right.service, action) for right in RIGHTS for action in right.calls}:
        if service in ("dynamodb", "sns"):
            model = loader.load_service_model(service, "service-2")
            said = RATE.search(re.sub("<[^>]+>", "", model["operations"][action].get("documentation", "")))
            if said:
                stated[service, action] = 5.0 if said[1] == "five" else float(said[1])
    assert len(stated) >= 7
    limits = {key: rate_limit(*key) for key in stated}
    assert {key: limit and limit.per_second for key, limit in limits.items()} == stated


def test_what_has_no_documented_rate_is_not_limited() -> None:
    assert rate_limit("dynamodb", "DescribeTable") is None
    assert rate_limit("rds", "DescribeDBInstances") is None
    assert rate_limit("sns", "ListTagsForResource") == rate_limit("sns", "TagResource")


@pytest.mark.parametrize("lane", [Lane.MAIN, Lane.DELETE])
@moved
async def test_the_many_calls_of_one_namespace_delay_no_other(lane: Lane) -> None:
    """Even if each of them is repeated as soon as it is allowed."""
    calls = Calls_()

    async def ask_all_the_time() -> None:
        while True:
            await calls.make(replace(TAGS, tenant="greedy", lane=lane), "greedy")
            await asyncio.sleep(1)

    greedy = [asyncio.create_task(ask_all_the_time()) for _ in range(500)]
    await asyncio.sleep(20)
    refused, began = calls.refused, asyncio.get_running_loop().time()
    await asyncio.gather(*(calls.make(replace(TAGS, tenant=f"other-{n}", lane=lane), f"other-{n}") for n in range(6)))
    assert asyncio.get_running_loop().time() - began < 3
    assert {f"other-{n}" for n in range(6)} <= {label for _, label in calls.made}
    assert refused > 0
    for task in greedy:
        task.cancel()


@moved
async def test_a_flood_of_deletions_leaves_a_quarter_to_reads() -> None:
    calls = Calls_()
    deletion = Call("apigatewayv2", "eu-west-1", "GetRoutes", lane=Lane.DELETE, account="1")
    flood = [asyncio.create_task(calls.make(deletion, "deletion")) for _ in range(32 + 240)]
    await asyncio.sleep(0.01)
    await asyncio.gather(*(calls.make(ROUTES, "read") for _ in range(8)))
    assert asyncio.get_running_loop().time() < 5  # 8 of 32 tokens
    assert calls.refused == 0
    await asyncio.gather(*flood)
