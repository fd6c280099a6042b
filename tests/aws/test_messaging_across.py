"""A queue subscribes to the topic of another Microservice: lookup of the topic, and permission."""

from collections.abc import Callable
from typing import Any

import pytest

from microservice_operator.facts import Part, Reason, State
from tests.aws.conftest import ACCOUNT
from tests.aws.messaging_world import Shop, messaging_clients, shop

__all__ = ["messaging_clients", "shop"]  # fixtures


def names(shop: Shop) -> tuple[str, str]:
    return f"{shop.name}-owner", f"events/{shop.name}-owner/created"


def owner(shop: Shop, *, admits: bool = True, **topic: Any) -> dict[str, Any]:
    access = {"access": {"from": [{"microservice": shop.name}]}} if admits else {}
    return {"topics": [{"name": "created", **topic}], **access}


def subscriber(shop: Shop, **queue: Any) -> dict[str, Any]:
    topic = {"microservice": names(shop)[0], "name": "created"}
    return {
        "queues": [{"name": "events", "deletionPolicy": "Delete", **queue}],
        "subscriptions": [{"topic": topic, "queue": "events"}],
    }


async def subscription_after_steps(shop: Shop, spec: dict[str, Any]) -> Part:
    for _ in range(6):
        provided = await shop.step(spec)
    [part] = provided.of("Subscription")
    return part


async def test_it_hears_what_it_is_admitted_to(shop: Shop) -> None:
    other, name = names(shop)
    topics = await shop.drive(owner(shop), other)
    parts = await shop.drive(subscriber(shop))
    await shop.quiet(subscriber(shop))
    assert parts["Subscription", name].state is State.READY
    [listed] = shop.subscriptions(topics["Topic", "created"].id)
    assert listed["Endpoint"] == parts["Queue", "events"].id
    assert topics["Topic", "created"].id in shop.attributes("events")["Policy"]


async def test_it_waits_and_says_for_what(shop: Shop) -> None:
    other, _ = names(shop)
    spec = subscriber(shop)
    missing = await subscription_after_steps(shop, spec)
    assert (missing.state, missing.reason) == (State.PROGRESSING, Reason.TOPIC_MISSING)
    assert missing.message.startswith(f"Microservice {other} does not exist in namespace shop; ")
    await shop.drive({"access": {"from": [{"namespace": "shop"}]}, "topics": [{"name": "created"}]}, other)
    refused = await subscription_after_steps(shop, spec)
    assert refused.reason is Reason.TOPIC_NOT_ADMITTED
    assert f"add {{microservice: {shop.name}}} to its access.from" in refused.message
    await shop.drive({**owner(shop), "topics": []}, other)
    assert "declares no topic created" in (await subscription_after_steps(shop, spec)).message
    await shop.step(owner(shop), other)
    shop.remember(other, ())
    assert "does not exist yet" in (await subscription_after_steps(shop, spec)).message
    assert "Subscribe" not in shop.world.proxy.writes()
    await shop.drive(owner(shop), other)
    assert (await shop.drive(spec))["Queue", "events"].state is State.READY
    assert shop.world.proxy.writes().count("Subscribe") == 1


async def test_what_is_withdrawn_ends(shop: Shop) -> None:
    other, name = names(shop)
    topics = await shop.drive(owner(shop), other)
    await shop.drive(subscriber(shop))
    await shop.drive(owner(shop, admits=False), other)
    part = await subscription_after_steps(shop, subscriber(shop))
    assert (part.name, part.reason, part.id) == (name, Reason.TOPIC_NOT_ADMITTED, "")
    assert shop.subscriptions(topics["Topic", "created"].id) == []
    assert topics["Topic", "created"].id not in shop.attributes("events")["Policy"]
    writes = shop.world.proxy.writes()
    await subscription_after_steps(shop, subscriber(shop))
    assert shop.world.proxy.writes() == writes


def away(shop: Shop) -> None:
    """As `kubectl replace --force` leaves it for a moment."""
    del shop.lookup.microservices["shop", names(shop)[0]]


def from_the_future(shop: Shop) -> None:
    """With a field that this operator does not know, and nothing parsed."""
    body = shop.lookup.microservices["shop", names(shop)[0]]
    shop.lookup.microservices["shop", names(shop)[0]] = {**body, "spec": {**body["spec"], "unheardOf": True}}


def unreadable(shop: Shop) -> None:
    body = shop.lookup.microservices["shop", names(shop)[0]]
    shop.lookup.microservices["shop", names(shop)[0]] = {**body, "spec": {**body["spec"], "access": "everybody"}}


def without_its_topic(shop: Shop) -> None:
    body = shop.lookup.microservices["shop", names(shop)[0]]
    shop.lookup.microservices["shop", names(shop)[0]] = {**body, "spec": {**body["spec"], "topics": []}}


def without_a_status(shop: Shop) -> None:
    shop.remember(names(shop)[0], ())


@pytest.mark.parametrize("happens", [away, from_the_future, unreadable, without_its_topic, without_a_status])
async def test_an_owner_that_says_nothing_has_withdrawn_nothing(shop: Shop, happens: Callable[[Shop], None]) -> None:
    other, name = names(shop)
    topics = await shop.drive(owner(shop), other)
    await shop.drive(subscriber(shop))
    before, policy = shop.world.proxy.writes(), shop.attributes("events")["Policy"]
    subscription_arn = shop.known[shop.name]["Subscription", name]
    shop.lookup.parsed.pop(("shop", other))
    happens(shop)
    part = await subscription_after_steps(shop, subscriber(shop))
    assert part.id == subscription_arn
    assert shop.world.proxy.writes() == before
    assert [each["SubscriptionArn"] for each in shop.subscriptions(topics["Topic", "created"].id)] == [subscription_arn]
    assert shop.attributes("events")["Policy"] == policy


async def test_what_leaves_stays_until_no_pod_uses_it(shop: Shop) -> None:
    other, _ = names(shop)
    topics = await shop.drive(owner(shop), other)
    await shop.drive(subscriber(shop))
    before, policy = shop.world.proxy.writes(), shop.attributes("events")["Policy"]
    without = {**subscriber(shop), "subscriptions": []}
    provided = await shop.step(without, rolled_out=False)
    assert provided.kept
    [part] = provided.of("Subscription")
    assert (part.state, part.reason, part.id != "") == (State.DELETING, Reason.WAITING, True)
    assert shop.world.proxy.writes() == before
    assert shop.attributes("events")["Policy"] == policy
    await shop.drive(without)
    assert shop.subscriptions(topics["Topic", "created"].id) == []
    assert topics["Topic", "created"].id not in shop.attributes("events")["Policy"]


async def test_it_leaves_whatever_has_become_of_the_topic(shop: Shop) -> None:
    other, _ = names(shop)
    await shop.drive(owner(shop), other)
    await shop.drive(subscriber(shop))
    await shop.leave(other)
    del shop.lookup.microservices["shop", other]
    await shop.leave()
    assert (shop.queues(), shop.topics()) == (set(), set())


async def test_one_that_nobody_remembers_is_found_by_its_ends(shop: Shop) -> None:
    other, _ = names(shop)
    topics = await shop.drive(owner(shop), other)
    await shop.drive(subscriber(shop))
    shop.known.pop(shop.name)
    await shop.leave()
    assert shop.subscriptions(topics["Topic", "created"].id) == []


async def test_a_queue_of_order_does_not_hear_a_topic_without(shop: Shop) -> None:
    await shop.drive(owner(shop), names(shop)[0])
    part = await subscription_after_steps(shop, subscriber(shop, fifo=True))
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.REJECTED, "spec.subscriptions[0]")
    assert "FIFO" in part.message


@pytest.mark.parametrize("fifo", [True, False])
async def test_a_topic_of_order_is_heard_by_both(shop: Shop, *, fifo: bool) -> None:
    await shop.drive(owner(shop, fifo=True), names(shop)[0])
    spec = subscriber(shop, fifo=fifo)
    await shop.drive(spec)
    await shop.quiet(spec)


async def test_a_topic_of_another_account_is_told_and_ends_nothing(shop: Shop) -> None:
    other, name = names(shop)
    topics = await shop.drive(owner(shop), other)
    await shop.drive(subscriber(shop))
    theirs = shop.lookup.microservices["shop", other]
    resources = [{**each, "id": each["id"].replace(ACCOUNT, "210987654321")} for each in theirs["status"]["resources"]]
    shop.lookup.microservices["shop", other] = {**theirs, "status": {"resources": resources}}
    writes = shop.world.proxy.writes()
    part = await subscription_after_steps(shop, subscriber(shop))
    assert (part.name, part.reason, part.state) == (name, Reason.ACCOUNT_MISMATCH, State.PROGRESSING)
    assert "is in account 210987654321" in part.message
    assert shop.world.proxy.writes() == writes
    assert len(shop.subscriptions(topics["Topic", "created"].id)) == 1
