"""AWS says yes and forgets, or never takes anything: calls become rarer, and the part says what does not stay."""

from collections import Counter
from typing import Any

from microservice_operator.facts import State
from tests.aws.proxy import Answer, Call

from .world import World, changes, troubled

WHILE = 300.0


def forgetting(call: Call) -> Answer | None:
    """The answer of a call that went well, and nothing has changed."""
    if call.service == "sts" or not changes(call):
        return None
    if call.service in ("dynamodb", "sqs", "eks", "apigateway", "application-autoscaling"):
        return Answer(200, {})
    name = f"{call.action}Response"
    return Answer(200, f"<{name}><{call.action}Result/></{name}>".encode(), "text/xml")


def changed(spec: dict[str, Any]) -> dict[str, Any]:
    """Every part is to be otherwise."""
    tables = [{**table, "timeToLiveAttribute": "gone", "streamViewType": "KeysOnly"} for table in spec["tables"]]
    queues = [{**queue, "visibilityTimeoutSeconds": 77, "retention": "13h"} for queue in spec["queues"]]
    databases = [{**database, "backup": {"retentionDays": 21}} for database in spec["databases"]]
    return {**spec, "tables": tables, "queues": queues, "databases": databases, "tags": {"team": "other"}}


async def for_a_while(world: World, spec: dict[str, Any]) -> tuple[Counter[Any], list[Any]]:
    """How often each call that changes something was made, and the events that were told."""
    until, told, begin = world.now + WHILE, [], len(world.calls())
    while world.now < until:
        provided = await world.step(spec)
        told += [event for part in provided.parts for event in part.events]
        world.advance(provided.parts)
    writes = [call for call in world.calls()[begin:] if changes(call) and call.service != "sts"]
    return Counter((call.service, call.action) for call in writes), told


async def test_what_aws_accepts_and_forgets_is_written_more_and_more_rarely(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    world.faults.rule = forgetting
    wanted = changed(spec)
    written, told = await for_a_while(world, wanted)
    assert written
    # two at once, then after 5, 10, 20 … 300 seconds; three things are of RDS, two are queues
    assert max(written.values(), default=0) <= 3 * 9, written
    assert len(told) <= 3 * len(world.known) + 8, told
    parts = (await world.step(wanted)).parts
    stalled = {part.kind: part.message for part in parts if part.state is State.STALLED}
    assert {"Table", "DeadLetterQueue", "Topic", "DatabaseInstance"} <= stalled.keys(), troubled(parts)
    assert "tags of table" in stalled["Table"]
    assert all("does not stay" in message for message in stalled.values())
    world.faults.rule = lambda _call: None
    for _ in range(3):  # what is stalled is tried again within its own time
        world.pass_time(400)
        await world.step(wanted)
    await world.ready(wanted)
