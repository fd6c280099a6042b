"""AWS throttles, fails, denies, hangs or loses responses: the operator waits or reports it, and creates one table."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import delete_table, reconcile_table
from microservice_operator.aws.engine.account import verify_account
from microservice_operator.aws.engine.clients import Limits
from microservice_operator.errors import NeedsPerson
from microservice_operator.facts import Part, Reason, State
from microservice_operator.resources import Removal
from tests.aws.conftest import World, drive, table, waited_for
from tests.fakes.aws.proxy import Answer, Fault, refusal

CALLS = (
    "DescribeTable",
    "CreateTable",
    "ListTagsOfResource",
    "DescribeTimeToLive",
    "DescribeContinuousBackups",
    "UpdateContinuousBackups",
)
DENIED = refusal("AccessDeniedException", "User: operator is not authorized to perform it.")
TROUBLE = [
    (refusal("ThrottlingException", "Rate exceeded"), Reason.AWS_THROTTLED),
    (refusal("ProvisionedThroughputExceededException", "slow down"), Reason.AWS_THROTTLED),
    (refusal("InternalServerError", "oops", 500), Reason.AWS_UNAVAILABLE),
    (Answer(503, {"message": "unavailable"}), Reason.AWS_UNAVAILABLE),
    (refusal("LimitExceededException", "too many at once"), Reason.PROGRESSING),
    (refusal("ResourceInUseException", "in use"), Reason.PROGRESSING),
    ("drop-before", Reason.AWS_UNAVAILABLE),
    ("drop-after", Reason.AWS_UNAVAILABLE),
]


@pytest.mark.parametrize("action", CALLS)
@pytest.mark.parametrize(("effect", "reason"), TROUBLE)
async def test_trouble_at_each_call_is_waited_for(
    world: World, action: str, effect: str | Answer, reason: Reason
) -> None:
    world.proxy.faults = [Fault(action, effect, times=2)]
    assert reason in await waited_for(world, DesiredTable(table()))
    made = [code for _, call, code in world.heard if (call, code) == ("CreateTable", "OK")]
    assert len(made) <= 1


async def test_more_tables_than_aws_works_on_at_once_take_turns(world: World) -> None:
    world.strict.at_once = 1
    index = {"name": "bySku", "partitionKey": {"name": "sku"}}
    declared = [table(name=f"t{number}", deletionProtection=False) for number in range(3)]
    indexed = [item.model_copy(update={"global_secondary_indexes": with_index(index)}) for item in declared]
    known = {item.name: "" for item in declared}
    for step in (declared, indexed):
        parts = await _together(world, [DesiredTable(item, known={"Table": known[item.name]}) for item in step])
        known = {part.name: part.id for part in parts}
    refused = [code for _, action, code in world.heard if code == "LimitExceededException" and action != "CreateTable"]
    assert refused
    assert [code for _, action, code in world.heard if action == "CreateTable"].count("OK") == 3
    for _ in range(40):
        left = [await delete_table(world.scope, Removal(name, "Delete", {"Table": at})) for name, at in known.items()]
        assert {part.state for part in left} <= {State.DELETING, State.READY}
        if {part.state for part in left} == {State.READY}:
            break
    assert {part.reason for part in left} == {Reason.TABLE_DELETED}


def with_index(index: dict[str, Any]) -> Any:
    return table(globalSecondaryIndexes=[index]).global_secondary_indexes


async def _together(world: World, wanted: list[DesiredTable]) -> list[Part]:
    """Reconcile all of them until ready; none needs a person, and a waiting one reports it."""
    for _ in range(60):
        parts = [await reconcile_table(world.scope, item) for item in wanted]
        assert {part.state for part in parts} <= {State.PROGRESSING, State.READY}, parts
        assert all(part.after for part in parts if part.state is State.PROGRESSING)
        if {part.state for part in parts} == {State.READY}:
            return parts
        wanted = [replace(item, known={"Table": part.id}) for item, part in zip(wanted, parts, strict=True)]
    raise AssertionError(parts)


async def test_one_index_at_a_time_however_long_it_takes(world: World) -> None:
    part = await drive(world, DesiredTable(table()))
    name = part.id.rpartition("/")[2]
    both = [{"name": f"by{key}", "partitionKey": {"name": key}} for key in ("A", "B")]
    wanted = DesiredTable(table(globalSecondaryIndexes=both), known={"Table": part.id})
    await reconcile_table(world.scope, wanted)  # begins the first one
    before = world.proxy.writes()
    world.strict._phases[name] = ("UPDATING", 4)
    waits = [await reconcile_table(world.scope, wanted) for _ in range(4)]
    assert {(part.state, part.reason) for part in waits} == {(State.PROGRESSING, Reason.TABLE_UPDATING)}
    assert world.proxy.writes() == before
    assert (await drive(world, wanted)).state is State.READY
    online = [call for call in world.proxy.calls if call.body.get("GlobalSecondaryIndexUpdates")]
    assert [len(call.body["GlobalSecondaryIndexUpdates"]) for call in online] == [1, 1]
    assert "LimitExceededException" not in {code for _, _, code in world.heard}


@pytest.mark.parametrize("action", [*CALLS, "GetCallerIdentity"])
async def test_a_denied_call_names_itself_and_recovers_once_granted(world: World, action: str) -> None:
    fault = Fault(action, _denied(action))
    world.proxy.faults = [fault]
    part = await drive(world, DesiredTable(table()))
    assert (part.state, part.reason, part.after) == (State.STALLED, Reason.ACCESS_DENIED, 300)
    assert f":{action} on " in part.message
    fault.times = 0
    assert (await drive(world, DesiredTable(table(), known={"Table": part.id}))).state is State.READY


def _denied(action: str) -> Answer:
    if action != "GetCallerIdentity":
        return DENIED
    error = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    return Answer(403, error, "text/xml")


async def test_a_known_table_stays_known_while_aws_is_down(world: World) -> None:
    part = await drive(world, DesiredTable(table()))
    world.proxy.faults = [Fault("*", "drop-before")]
    down = await reconcile_table(world.scope, DesiredTable(table(), known={"Table": part.id}))
    assert (down.state, down.id) == (State.UNKNOWN, part.id)
    leaving = await delete_table(world.scope, Removal("products", "Delete", {"Table": part.id}))
    assert (leaving.state, leaving.reason, leaving.id) == (State.DELETING, Reason.AWS_UNAVAILABLE, part.id)


async def test_a_rejected_table_says_why(world: World) -> None:
    world.proxy.faults = [
        Fault("CreateTable", refusal("ValidationException", "One or more parameter values were bad."))
    ]
    part = await drive(world, DesiredTable(table(), field="spec.tables[0]"))
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.REJECTED, "spec.tables[0]")
    assert part.message.endswith("One or more parameter values were bad")


async def test_the_wrong_account_writes_nothing(world: World) -> None:
    world.scope = replace(world.scope, account_id="210987654321")
    part = await drive(world, DesiredTable(table()))
    assert (part.state, part.reason) == (State.STALLED, Reason.ACCOUNT_MISMATCH)
    assert world.proxy.writes() == []
    with pytest.raises(NeedsPerson, match="210987654321"):
        await verify_account(world.scope)


async def test_the_account_is_asked_for_once(world: World) -> None:
    await drive(world, DesiredTable(table()))
    assert [call.action for call in world.proxy.calls].count("GetCallerIdentity") == 1


async def test_not_found_for_a_while_after_create_makes_no_second_table(world: World) -> None:
    world.strict.absent_looks = 3
    part = await drive(world, DesiredTable(table()))
    assert part.state is State.READY
    assert [code for _, action, code in world.heard if action == "CreateTable"].count("OK") == 1


async def test_hangs_end_and_do_not_hold_up_deletions(world: World) -> None:
    part = await drive(world, DesiredTable(table(deletionProtection=False)))
    threads = Limits().threads
    world.proxy.faults = [Fault("DescribeTable", "hang", times=threads)]
    wanted = DesiredTable(table(), known={"Table": part.id})
    hanging = [asyncio.create_task(reconcile_table(world.scope, wanted)) for _ in range(threads)]
    await asyncio.to_thread(world.proxy.wait_for_faults)
    leaving = await delete_table(world.scope, Removal("products", "Delete", {"Table": part.id}))
    assert leaving.events[0].reason is Reason.TABLE_DELETING
    assert not any(task.done() for task in hanging)
    hung = await asyncio.gather(*hanging)
    assert {(each.state, each.reason, each.id) for each in hung} == {(State.UNKNOWN, Reason.AWS_UNAVAILABLE, part.id)}


async def test_the_ttl_that_changed_a_moment_ago_is_waited_for(world: World) -> None:
    part = await drive(world, DesiredTable(table()))
    said = "Time to live has been modified multiple times within a fixed interval"
    world.proxy.faults = [Fault("UpdateTimeToLive", refusal("ValidationException", said), times=1)]
    wanted = DesiredTable(table(timeToLiveAttribute="expires"), known={"Table": part.id})
    waiting = await reconcile_table(world.scope, wanted)
    assert (waiting.state, waiting.after) == (State.PROGRESSING, 300)
    assert (await drive(world, wanted)).state is State.READY
