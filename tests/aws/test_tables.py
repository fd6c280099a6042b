"""Tables against the strict layer: created, each field changed, deleted."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.stores import Table
from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import delete_table, reconcile_table, table_name, usable
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resources import Removal
from microservice_operator.resync_cache import ResyncCache
from tests.aws.conftest import ACCOUNT, REGION, World, drive, table
from tests.fakes.aws.proxy import Fault, refusal

INDEX = {"name": "bySku", "partitionKey": {"name": "sku"}}
UNITS = {"read": {"min": 5, "max": 10}, "write": {"min": 2, "max": 4}}
SCALED = [
    "UpdateTable",
    *["RegisterScalableTarget"] * 2,
    *["PutScalingPolicy"] * 2,
    *["DeregisterScalableTarget"] * 2,
    "UpdateTable",
]
# Each optional field of the model: what differs from the default, and the writes that it takes there and back.
FIELDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "global_secondary_indexes": ({"globalSecondaryIndexes": [INDEX]}, ["UpdateTable", "UpdateTable"]),
    "billing_mode": ({"billingMode": "Provisioned", "capacity": UNITS}, SCALED),
    "capacity": ({"billingMode": "Provisioned", "capacity": UNITS}, SCALED),
    "time_to_live_attribute": ({"timeToLiveAttribute": "expires"}, ["UpdateTimeToLive", "UpdateTimeToLive"]),
    "stream_view_type": ({"streamViewType": "NewAndOldImages"}, ["UpdateTable", "UpdateTable"]),
    "point_in_time_recovery": ({"pointInTimeRecovery": False}, ["UpdateContinuousBackups"] * 2),
    "deletion_protection": ({"deletionProtection": False}, ["UpdateTable", "UpdateTable"]),
    "deletion_policy": ({"deletionPolicy": "Delete"}, []),
    "access": ({"access": "ReadOnly"}, []),
}
SET_ONCE: dict[str, dict[str, Any]] = {
    "partition_key": {"partitionKey": {"name": "other"}},
    "sort_key": {"sortKey": {"name": "sku"}},
    "local_secondary_indexes": {
        "sortKey": {"name": "sku"},
        "localSecondaryIndexes": [{"name": "byAge", "sortKey": {"name": "age", "type": "N"}}],
    },
}
REMOVED = {"deletionProtection": False, "deletionPolicy": "Delete"}


def test_every_field_of_the_model_has_a_case() -> None:
    in_a_file_of_its_own = {"adopt", "restore_from"}
    assert set(FIELDS) | set(SET_ONCE) | in_a_file_of_its_own | {"name"} == set(Table.model_fields)


async def made(world: World, **spec: Any) -> Part:
    part = await drive(world, DesiredTable(table(**spec)))
    assert part.state is State.READY, part
    return part


def described(world: World) -> dict[str, Any]:
    answer: dict[str, Any] = world.client.describe_table(TableName=table_name(world.scope, "products"))["Table"]
    return answer


def tags(world: World) -> dict[str, str]:
    arn = described(world)["TableArn"]
    return {tag["Key"]: tag["Value"] for tag in world.client.list_tags_of_resource(ResourceArn=arn)["Tags"]}


async def assert_quiet(world: World, wanted: DesiredTable) -> None:
    before = world.proxy.writes()
    part = await reconcile_table(world.scope, wanted)
    assert (part.state, part.events, part.after) == (State.READY, (), None)
    assert world.proxy.writes() == before


async def test_a_table_is_made_with_our_marks_from_the_first_moment(world: World) -> None:
    first = await reconcile_table(world.scope, DesiredTable(table(), {"team": "shop"}))
    assert (first.state, first.reason, first.id) == (State.PROGRESSING, Reason.TABLE_CREATING, "")
    assert [event.reason for event in first.events] == [Reason.TABLE_CREATED]
    assert not usable(first)
    assert world.proxy.writes() == ["CreateTable"]
    assert tags(world).items() >= {**world.scope.owner.marks, "team": "shop"}.items()
    part = await drive(world, DesiredTable(table(), {"team": "shop"}))
    assert part.id == f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table_name(world.scope, 'products')}"
    assert usable(part)
    assert world.proxy.writes() == ["CreateTable", "UpdateContinuousBackups"]
    await assert_quiet(world, DesiredTable(table(), {"team": "shop"}, {"Table": part.id}))
    assert ("sts", "GetCallerIdentity", "OK") in world.heard
    assert ("dynamodb", "CreateTable", "OK") in world.heard


@pytest.mark.parametrize("name", FIELDS)
async def test_each_field_from_the_start_alone_then_absent(world: World, name: str) -> None:
    spec, _ = FIELDS[name]
    part = await made(world, **spec)
    await assert_quiet(world, DesiredTable(table(**spec), known={"Table": part.id}))


@pytest.mark.parametrize("name", FIELDS)
async def test_each_field_changed_and_changed_back(world: World, name: str) -> None:
    spec, expected = FIELDS[name]
    part = await made(world)
    before = len(world.proxy.writes())
    for step in (spec, {}):
        wanted = DesiredTable(table(**step), known={"Table": part.id})
        assert (await drive(world, wanted)).state is State.READY
        await assert_quiet(world, wanted)
    assert world.proxy.writes()[before:] == expected


@pytest.mark.parametrize("name", SET_ONCE)
async def test_what_is_set_once_is_refused_with_a_remedy(world: World, name: str) -> None:
    part = await made(world)
    before = world.proxy.writes()
    refused = await drive(
        world, DesiredTable(table(**SET_ONCE[name]), known={"Table": part.id}, field="spec.tables[0]")
    )
    assert (refused.state, refused.reason) == (State.STALLED, Reason.CHANGE_REFUSED)
    assert refused.field.startswith("spec.tables[0].")
    assert "another name" in refused.message
    assert usable(refused)
    assert world.proxy.writes() == before
    spec = SET_ONCE[name]
    fresh = replace(world.scope, owner=Owner("other", world.scope.owner.identity))
    world.scope = fresh
    await made(world, **spec)


async def test_an_index_of_the_same_name_cannot_change(world: World) -> None:
    part = await made(world, globalSecondaryIndexes=[INDEX])
    other = {**INDEX, "projection": "KeysOnly"}
    refused = await drive(
        world, DesiredTable(table(globalSecondaryIndexes=[other]), known={"Table": part.id}, field="spec.tables")
    )
    assert (refused.reason, refused.field) == (
        Reason.CHANGE_REFUSED,
        ".globalSecondaryIndexes".join(("spec.tables", "")),
    )
    assert "bySku" in refused.message


async def test_indexes_are_made_one_by_one_and_new_before_old(world: World) -> None:
    part = await made(world, globalSecondaryIndexes=[INDEX])
    new = [{"name": name, "partitionKey": {"name": name}} for name in ("byOne", "byTwo")]
    wanted = DesiredTable(table(globalSecondaryIndexes=new), known={"Table": part.id})
    before = len(world.proxy.calls)
    assert (await drive(world, wanted)).state is State.READY
    updates = [
        next(iter(call.body["GlobalSecondaryIndexUpdates"][0]))
        for call in world.proxy.calls[before:]
        if call.action == "UpdateTable"
    ]
    assert updates == ["Create", "Create", "Delete"]
    await assert_quiet(world, wanted)


async def test_ttl_and_stream_are_switched_off_before_they_change(world: World) -> None:
    part = await made(world, timeToLiveAttribute="a", streamViewType="KeysOnly")
    wanted = DesiredTable(table(timeToLiveAttribute="b", streamViewType="NewImage"), known={"Table": part.id})
    before = len(world.proxy.writes())
    assert (await drive(world, wanted)).state is State.READY
    assert world.proxy.writes()[before:] == ["UpdateTable", "UpdateTable", "UpdateTimeToLive", "UpdateTimeToLive"]
    await assert_quiet(world, wanted)


async def test_capacity_within_its_range_is_left_to_aws(world: World) -> None:
    spec = {"billingMode": "Provisioned", "capacity": UNITS, "globalSecondaryIndexes": [INDEX]}
    part = await made(world, **spec)
    wanted = DesiredTable(table(**spec), known={"Table": part.id})
    name = table_name(world.scope, "products")
    world.client.update_table(TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 8, "WriteCapacityUnits": 3})
    await assert_quiet(world, wanted)
    world.client.update_table(TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 50, "WriteCapacityUnits": 1})
    assert (await drive(world, wanted)).state is State.READY
    throughput = described(world)["ProvisionedThroughput"]
    assert (throughput["ReadCapacityUnits"], throughput["WriteCapacityUnits"]) == (10, 2)


async def test_tags_foreign_ones_stay_and_dropped_ones_go(world: World) -> None:
    part = await drive(world, DesiredTable(table(), {"team": "shop", "cost": "1"}))
    world.client.tag_resource(ResourceArn=part.id, Tags=[{"Key": "backup", "Value": "daily"}])
    wanted = DesiredTable(table(), {"team": "sales"}, {"Table": part.id})
    await drive(world, wanted)
    assert {key: value for key, value in tags(world).items() if "/" not in key} == {"team": "sales", "backup": "daily"}
    await assert_quiet(world, wanted)
    bare = DesiredTable(table(), {}, {"Table": part.id})
    await drive(world, bare)
    assert tags(world) == {**world.scope.owner.marks, "backup": "daily"}
    await assert_quiet(world, bare)


async def test_a_foreign_table_is_left_alone_for_ever(world: World) -> None:
    name = table_name(world.scope, "products")
    world.client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    before = described(world)
    part = await drive(world, DesiredTable(table(**REMOVED)))
    assert (part.state, part.reason, usable(part)) == (State.STALLED, Reason.CONFLICT, False)
    assert [event.type for event in part.events] == ["Warning"]
    left = await delete_table(world.scope, Removal("products", "Delete"))
    assert (left.state, left.reason) == (State.RETAINED, Reason.CONFLICT)
    assert world.proxy.writes() == []
    assert described(world) == before


async def test_a_lost_table_is_never_made_again_in_silence(world: World) -> None:
    part = await made(world, **REMOVED)
    world.client.delete_table(TableName=table_name(world.scope, "products"))
    before = world.proxy.writes()
    wanted = DesiredTable(table(**REMOVED), known={"Table": part.id})
    lost = await drive(world, wanted)
    assert (lost.state, lost.reason, lost.id, usable(lost)) == (State.STALLED, Reason.TABLE_LOST, part.id, False)
    assert [event.type for event in lost.events] == ["Warning"]
    assert (await reconcile_table(world.scope, wanted)).events == ()
    assert names.ANNOTATION_RECREATE in lost.message
    assert world.proxy.writes() == before
    assert (await drive(world, replace(wanted, recreate=True))).state is State.READY


async def test_a_consent_that_is_taken_back_before_anything_was_made_is_none(world: World) -> None:
    part = await made(world, **REMOVED)
    world.client.delete_table(TableName=table_name(world.scope, "products"))
    wanted = DesiredTable(table(**REMOVED), known={"Table": part.id})
    assert (await drive(world, wanted)).reason is Reason.TABLE_LOST
    world.proxy.faults.append(Fault("CreateTable", refusal("AccessDeniedException", "not authorized", 400)))
    tried = await reconcile_table(world.scope, replace(wanted, recreate=True))
    assert (tried.reason, tried.id) == (Reason.ACCESS_DENIED, part.id)
    world.proxy.faults.clear()
    before = world.proxy.writes()
    assert (await reconcile_table(world.scope, replace(wanted, known={"Table": tried.id}))).reason is Reason.TABLE_LOST
    assert world.proxy.writes() == before


@pytest.mark.parametrize("action", ["ListTagsOfResource", "DescribeTimeToLive", "DescribeContinuousBackups"])
async def test_a_table_that_is_described_is_not_gone_whatever_another_call_says(world: World, action: str) -> None:
    """ResourceNotFoundException in the DynamoDB API Reference: "or its status might not be ACTIVE"."""
    part = await made(world, **REMOVED)
    world.proxy.faults.append(Fault(action, refusal("ResourceNotFoundException", "Requested resource not found", 400)))
    for seen in (
        await reconcile_table(
            world.scope, DesiredTable(table(**REMOVED, streamViewType="KeysOnly"), known={"Table": part.id})
        ),
        await delete_table(world.scope, Removal("products", "Delete", {"Table": part.id})),
    ):
        assert (seen.reason, seen.id) == (Reason.AWS_UNAVAILABLE, part.id)
        assert "exists, but AWS does not describe all of it yet" in seen.message


async def deleted(world: World, leaving: Removal) -> list[Part]:
    parts = []
    for _ in range(20):
        parts.append(await delete_table(world.scope, leaving))
        if parts[-1].state in (State.READY, State.RETAINED):
            return parts
        leaving = replace(leaving, known={"Table": parts[-1].id})
    raise AssertionError(parts)


async def test_delete_lifts_protection_and_waits_until_it_is_gone(world: World) -> None:
    part = await made(world)
    before = len(world.proxy.writes())
    parts = await deleted(world, Removal("products", "Delete", {"Table": part.id}))
    assert world.proxy.writes()[before:] == ["UpdateTable", "DeleteTable"]
    assert {part.state for part in parts[:-1]} == {State.DELETING}
    assert parts[-1].reason is Reason.TABLE_DELETED
    happened = [event.reason for part in parts for event in part.events]
    assert happened == [Reason.TABLE_DELETING, Reason.TABLE_DELETED]
    assert (await delete_table(world.scope, Removal("products", "Delete"))).events == ()


async def test_delete_while_it_is_being_made(world: World) -> None:
    await reconcile_table(world.scope, DesiredTable(table()))
    assert (await deleted(world, Removal("products", "Delete")))[-1].reason is Reason.TABLE_DELETED
    assert world.client.list_tables()["TableNames"].count(table_name(world.scope, "products")) == 0


async def test_wanted_again_while_the_old_one_is_going(world: World) -> None:
    await made(world, **REMOVED)
    await delete_table(world.scope, Removal("products", "Delete"))
    await delete_table(world.scope, Removal("products", "Delete"))
    assert (await drive(world, DesiredTable(table()))).state is State.READY


async def test_retained_then_adopted_by_one_of_the_same_name(world: World) -> None:
    await drive(world, DesiredTable(table(), {"team": "shop"}))
    [left] = await deleted(world, Removal("products"))
    assert (left.state, [event.reason for event in left.events]) == (State.RETAINED, [Reason.TABLE_RETAINED])
    before = world.proxy.writes()
    assert (await delete_table(world.scope, Removal("products"))).events == ()
    assert world.proxy.writes() == before
    old = world.scope
    world.scope = replace(old, owner=Owner(old.owner.cluster, replace(old.owner.identity, uid="later")))
    # not its own yet: its deletion must not take it along
    assert (await delete_table(world.scope, Removal("products", "Delete"))).reason is Reason.CONFLICT
    part = await drive(world, DesiredTable(table()))
    assert part.state is State.READY
    assert tags(world) == world.scope.owner.marks
    world.scope = old
    assert (await drive(world, DesiredTable(table()))).reason is Reason.CONFLICT


async def test_a_block_that_comes_back_takes_its_table_back(world: World) -> None:
    part = await made(world)
    await deleted(world, Removal("products"))
    await drive(world, DesiredTable(table(), known={"Table": part.id}))
    assert names.TAG_RETAINED not in tags(world)


async def test_what_is_settled_is_not_asked_for(world: World) -> None:
    world.scope = replace(world.scope, resync_cache=ResyncCache(300))
    part = await made(world)
    calls = len(world.proxy.calls)
    await reconcile_table(world.scope, DesiredTable(table(), known={"Table": part.id}))
    assert len(world.proxy.calls) == calls
    assert (
        await drive(world, DesiredTable(table(deletionProtection=False), known={"Table": part.id}))
    ).state is State.READY
    assert len(world.proxy.calls) > calls


async def test_what_leaves_lets_its_neighbours_rest(world: World) -> None:
    """A ready resource is not read again, and one that needs a person is reported once, not in each reconciliation."""
    world.scope = replace(world.scope, resync_cache=ResyncCache(300))
    key = (world.scope.owner.identity.uid, "Table", "another")
    calm = Part("AWS", "Table", "another", State.READY)
    stalled = replace(calm, state=State.STALLED, reason=Reason.CONFLICT, message="taken")
    world.scope.resync_cache.put(key, "wanted", calm)
    assert world.scope.resync_cache.with_warning(key, stalled).events
    await made(world, **REMOVED)
    leaving = Removal("products", "Delete", {})
    for _ in range(3):
        await delete_table(world.scope, leaving)
        assert world.scope.resync_cache.get(key, "wanted") == calm
        assert not world.scope.resync_cache.with_warning(key, stalled).events
