"""AWS accepts a change but does not keep it: the operator backs off, and the part names the field."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from microservice_operator.facts import Event, Part, State
from tests.fakes.aws.proxy import Answer, Call

from .faults import Late, Rule, asked_for, denied
from .holdings import shared
from .spec import MADE, made
from .world import World, troubled

WHILE = 300.0
Step = Callable[[], Awaitable[tuple[Part, ...]]]


def forgetting(call: Call) -> Answer | None:
    """The response of a successful call that changed nothing."""
    if call.service == "sts" or not call.changes:
        return None
    if call.service in ("dynamodb", "sqs", "eks", "apigateway", "application-autoscaling"):
        return Answer(200, {})
    name = f"{call.action}Response"
    return Answer(200, f"<{name}><{call.action}Result/></{name}>".encode(), "text/xml")


def changed(spec: dict[str, Any]) -> dict[str, Any]:
    """Change the desired state of every resource."""
    tables = [{**table, "timeToLiveAttribute": "gone", "streamViewType": "KeysOnly"} for table in spec["tables"]]
    queues = [{**queue, "visibilityTimeoutSeconds": 77, "retention": "13h"} for queue in spec["queues"]]
    databases = [{**database, "backup": {"retentionDays": 21}} for database in spec["databases"]]
    return {**spec, "tables": tables, "queues": queues, "databases": databases, "tags": {"team": "other"}}


def refusing(call: Call) -> Answer | None:
    """Deny all writes."""
    return denied(call) if call.service != "sts" and call.changes else None


async def for_a_while(world: World, step: Step) -> tuple[Counter[str], list[Event]]:
    """How often each call that changes something was made, and the Events that were sent."""
    until, events, begin = world.now + WHILE, list[Event](), len(world.calls())
    while world.now < until:
        parts = await step()
        events += [event for part in parts for event in part.events]
        world.advance(parts)
    writes = [call for call in world.calls()[begin:] if call.changes and call.service != "sts"]
    return Counter(map(asked_for, writes)), events


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        pytest.param(forgetting, 9, id="accepts and forgets"),  # two at once, then after 5, 10, 20 … 300 seconds
        pytest.param(refusing, 14, id="refuses for ever"),  # after 0.5, 1, 2 … 100 seconds
    ],
)
@pytest.mark.parametrize("moment", ["made", "changed", "deleted"])
async def test_calls_become_rarer(world: World, moment: str, rule: Rule, most: int) -> None:
    spec = world.every_part("Delete")

    async def step(wanted: dict[str, Any]) -> tuple[Part, ...]:
        return (await world.step(wanted)).parts

    if moment != "made":
        await world.ready(spec)
    world.faults.rule = rule
    steps = {"made": lambda: step(spec), "changed": lambda: step(changed(spec)), "deleted": world.leave_once}
    written, events = await for_a_while(world, steps[moment])
    assert len(written) >= len({call.split()[0] for call in written}) >= 5, written
    assert max(written.values()) <= most, written
    assert len(events) <= 3 * len(world.known) + 8, events
    world.faults.rule = lambda _call: None
    for _ in range(3):  # what is stalled is tried again within its own time
        world.pass_time(400)
        await steps[moment]()
    if moment == "deleted":
        await world.leave()
        assert (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})
    else:
        await world.ready(spec if moment == "made" else changed(spec))


async def test_what_is_shown_late_is_made_once(world: World) -> None:
    world.faults.behind = Late(world.faults.behind, lambda: world.now)
    spec = world.every_part("Delete")
    await world.ready(spec)
    often = made(world.accepted())
    # of one name there is one: to make it again is to ask for it
    again = {action: often.pop(action) for action in ("CreateQueue", "CreateTopic", "Subscribe", "CreateRoute")}
    assert often == {action: count for action, count in MADE.items() if action not in again}
    assert all(count <= 5 * MADE[action] for action, count in again.items()), again
    world.pass_time(30)
    begin = len(world.calls())
    await world.ready(changed(spec))
    written = Counter(asked_for(call) for call in world.calls()[begin:] if call.changes)
    assert max(written.values()) <= 9, written
    world.pass_time(30)
    await world.leave()
    assert (world.holdings(), shared(world.aws, world.environment.name)) == ({}, {})


async def test_what_does_not_stay_is_said(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    world.faults.rule = forgetting
    wanted = changed(spec)

    async def step() -> tuple[Part, ...]:
        return (await world.step(wanted)).parts

    await for_a_while(world, step)
    parts = await step()
    stalled = {part.kind: part.message for part in parts if part.state is State.STALLED}
    assert {"Table", "DeadLetterQueue", "Topic", "DatabaseInstance"} <= stalled.keys(), troubled(parts)
    assert "tags for table" in stalled["Table"]
    assert all("does not persist" in message for message in stalled.values())
