"""Tables that are created from a backup or a point in time: proven sources, refused ones, and losses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import delete_table, reconcile_table, table_name
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resources import Consent, Removal
from tests.aws.conftest import World, drive, table
from tests.fakes.aws.proxy import Fault, refusal
from tests.fakes.aws.strict import StrictDynamoDB

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ROW = {"id": {"S": "p1"}, "price": {"N": "12"}}
INDEX = {"name": "bySku", "partitionKey": {"name": "sku"}}
EVERYTHING: dict[str, Any] = {
    "globalSecondaryIndexes": [INDEX],
    "timeToLiveAttribute": "expires",
    "streamViewType": "NewImage",
}
NOT_ALLOWED = Consent(allowed=False, item="shop/product:tables/theirs")
WRITES = ["UpdateContinuousBackups", "UpdateTable", "UpdateTable", "UpdateTimeToLive"]


def own_name(world: World) -> str:
    return table_name(world.scope, "products")


def wanted(source: dict[str, Any], known: str = "", **spec: Any) -> DesiredTable:
    """A table with a source, of a Microservice that is older than its tables."""
    known_ids = {"Table": known} if known else {}
    declared = table(restoreFrom=source, **spec)
    return DesiredTable(declared, known=known_ids, field="spec.tables[0]", restore=NOT_ALLOWED, created=LONG_AGO)


def backup(world: World, name: str) -> str:
    """As DynamoDB makes it when a table with point-in-time recovery is deleted; the emulator makes none."""
    answer = world.client.create_backup(TableName=name, BackupName=f"{name}.deleted")
    return str(answer["BackupDetails"]["BackupArn"])


def lose(world: World) -> str:
    """A person deletes the table; return the ARN of the backup that DynamoDB makes of it."""
    arn = backup(world, own_name(world))
    world.client.update_table(TableName=own_name(world), DeletionProtectionEnabled=False)
    world.client.delete_table(TableName=own_name(world))
    return arn


async def with_row(world: World, **spec: Any) -> Part:
    part = await drive(world, DesiredTable(table(**spec), {"team": "shop"}))
    assert part.state is State.READY
    world.client.put_item(TableName=own_name(world), Item=ROW)
    return part


def row(world: World) -> Any:
    return world.client.get_item(TableName=own_name(world), Key={"id": ROW["id"]}).get("Item")


def tags(world: World, name: str = "") -> dict[str, str]:
    arn = world.client.describe_table(TableName=name or own_name(world))["Table"]["TableArn"]
    return {tag["Key"]: tag["Value"] for tag in world.client.list_tags_of_resource(ResourceArn=arn)["Tags"]}


def foreign(world: World, name: str = "theirs", tagged: dict[str, str] | None = None) -> None:
    """A table of somebody else, with a row."""
    world.client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": key, "Value": value} for key, value in (tagged or {}).items()],
    )
    recovery = {"PointInTimeRecoveryEnabled": True}
    world.client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
    world.client.put_item(TableName=name, Item=ROW)


@pytest.fixture
def theirs(world: World) -> Any:
    """The name of a foreign table, which is gone after the test."""
    name = f"theirs-{world.scope.owner.identity.name}"
    foreign(world, name)
    yield name
    world.client.delete_table(TableName=name)


async def assert_quiet(world: World, desired: DesiredTable) -> Part:
    before = world.proxy.writes()
    part = await reconcile_table(world.scope, desired)
    assert (part.state, part.events, part.after) == (State.READY, (), None)
    assert world.proxy.writes() == before
    return part


def assert_refused(part: Part, message: str, field: str = "spec.tables[0].restoreFrom") -> None:
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.RESTORE_REFUSED, field), part
    assert message in part.message


async def test_a_lost_table_comes_back_with_its_rows_tags_and_settings(world: World) -> None:
    part = await with_row(world, **EVERYTHING)
    known, arn = part.id, lose(world)
    desired = replace(wanted({"backupARN": arn}, known, **EVERYTHING), tags={"team": "shop"})
    before = len(world.proxy.writes())
    lost = await drive(world, desired)
    assert (lost.state, lost.reason, lost.id) == (State.STALLED, Reason.TABLE_LOST, known)
    assert f"to restore it from backup {arn}, annotate" in lost.message
    assert f"{names.ANNOTATION_RECREATE}=products" in lost.message
    assert "empty" not in lost.message
    assert world.proxy.writes()[before:] == []

    first = await reconcile_table(world.scope, replace(desired, recreate=True))
    assert (first.state, first.reason, first.id) == (State.PROGRESSING, Reason.TABLE_CREATING, "")
    assert first.message == f"table products is being restored from backup {arn}"
    assert [event.message for event in first.events] == [f"restoring table products from backup {arn}"]
    during = await reconcile_table(world.scope, replace(desired, known={}))
    assert (during.state, during.message) == (State.PROGRESSING, first.message)

    ready = await drive(world, replace(desired, known={}))
    assert (ready.state, ready.id) == (State.READY, known)
    assert row(world) == ROW
    assert tags(world).items() >= {**world.scope.owner.marks, "team": "shop"}.items()
    made = world.proxy.writes()[before:]
    assert made[:2] == ["RestoreTableFromBackup", "TagResource"]
    assert sorted(made[2:]) == WRITES
    described = world.client.describe_table(TableName=own_name(world))["Table"]
    assert described["DeletionProtectionEnabled"]
    settled = replace(desired, known={"Table": known})
    said = await assert_quiet(world, settled)
    assert said.message == "table products exists, so restoreFrom has no effect on it; remove restoreFrom"
    assert said.field == "spec.tables[0].restoreFrom"
    await assert_quiet(world, DesiredTable(table(**EVERYTHING), {"team": "shop"}, {"Table": known}))


async def test_after_a_restart_a_running_restore_is_recognized(world: World) -> None:
    """Only what AWS shows is left: the table has no tags, and its RestoreSummary names the source."""
    await with_row(world)
    desired = wanted({"backupARN": lose(world)})
    await reconcile_table(world.scope, desired)
    world.now[0] += 3600
    world.proxy.layer = restarted = StrictDynamoDB()
    restarted.restores.summaries = world.strict.restores.summaries
    part = await drive(world, desired)
    assert part.state is State.READY
    assert world.proxy.writes().count("RestoreTableFromBackup") == 1
    assert tags(world) == world.scope.owner.marks
    before = world.proxy.writes()
    await assert_quiet(world, replace(desired, known={"Table": part.id}))
    assert world.proxy.writes() == before


async def test_a_lost_answer_restores_once(world: World) -> None:
    await with_row(world)
    desired = wanted({"backupARN": lose(world)})
    world.proxy.faults.append(Fault("RestoreTableFromBackup", "drop-after", 1))
    tried = await reconcile_table(world.scope, desired)
    assert tried.reason is Reason.AWS_UNAVAILABLE
    assert (await drive(world, desired)).state is State.READY
    assert row(world) == ROW


async def test_a_new_table_from_the_past_of_another_of_its_own(world: World) -> None:
    part = await with_row(world)
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name, moment in (("at", {"time": time}), ("latest", {"latest": True})):
        source = {"pointInTime": {"sourceTable": own_name(world), **moment}}
        copied = table(restoreFrom=source).model_copy(update={"name": name})
        desired = DesiredTable(copied, field="spec.tables[1]", created=LONG_AGO)
        copy = await drive(world, desired)
        assert copy.state is State.READY, copy
        there = table_name(world.scope, name)
        assert world.client.get_item(TableName=there, Key={"id": ROW["id"]})["Item"] == ROW
        assert tags(world, there) == world.scope.owner.marks
        await assert_quiet(world, replace(desired, known={"Table": copy.id}))
    await assert_quiet(world, DesiredTable(table(), {"team": "shop"}, {"Table": part.id}))


async def test_a_restored_table_is_deleted_as_any_other(world: World) -> None:
    await with_row(world)
    part = await drive(world, wanted({"backupARN": lose(world)}))
    leaving = Removal("products", "Delete", {"Table": part.id})
    for _ in range(10):
        left = await delete_table(world.scope, leaving)
        if left.state is State.READY:
            break
    assert left.reason is Reason.TABLE_DELETED
    assert own_name(world) not in world.client.list_tables()["TableNames"]


async def test_the_key_of_the_environment_encrypts_a_restored_table(world: World) -> None:
    await with_row(world)
    key = "arn:aws:kms:us-east-1:123456789012:key/0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11"
    part = await drive(world, replace(wanted({"backupARN": lose(world)}), key=key))
    assert part.state is State.READY
    assert world.strict.keys[own_name(world)] == key
    assert "UpdateTable" in world.proxy.writes()  # its deletion protection
    assert [c for c in world.proxy.calls if c.action == "UpdateTable" and "SSESpecification" in c.body] == []


@pytest.mark.parametrize("source", ["backup", "point in time"])
async def test_data_of_others_needs_consent(world: World, theirs: str, source: str) -> None:
    arn = backup(world, theirs)
    moment = {"pointInTime": {"sourceTable": theirs, "latest": True}}
    desired = wanted({"backupARN": arn} if source == "backup" else moment)
    before = world.proxy.writes()
    refused = await drive(world, desired)
    assert_refused(refused, "is not proven to hold data of this Microservice")
    assert f"add {NOT_ALLOWED.item} to the Environment's annotation {names.ANNOTATION_RESTORE}" in refused.message
    assert world.proxy.writes() == before
    part = await drive(world, replace(desired, restore=replace(NOT_ALLOWED, allowed=True)))
    assert (part.state, row(world)) == (State.READY, ROW)


async def test_a_table_of_an_earlier_namesake_is_not_proven_by_its_name(world: World) -> None:
    """Another team's Microservice had the same name in an earlier namespace: its table is older than this one."""
    await with_row(world)
    arn = lose(world)
    now = datetime.now(UTC) + timedelta(hours=1)
    for created in (now, None):
        assert_refused(await drive(world, replace(wanted({"backupARN": arn}), created=created)), "is not proven")


async def test_the_tags_of_the_source_prove_it_while_it_exists(world: World) -> None:
    """A backup of a table that this Microservice reuses, and that is older than the Microservice."""
    await with_row(world)
    arn = backup(world, own_name(world))
    copied = table(restoreFrom={"backupARN": arn}).model_copy(update={"name": "copy"})
    desired = DesiredTable(copied, field="spec.tables[1]", created=datetime.now(UTC))
    assert (await drive(world, desired)).state is State.READY
    lose(world)
    again = DesiredTable(
        table(restoreFrom={"backupARN": arn}).model_copy(update={"name": "other"}), field="spec.tables[0]"
    )
    assert_refused(await drive(world, again), "is not proven")


async def test_a_new_table_of_an_old_name_proves_nothing(world: World, theirs: str) -> None:
    """Its id differs from that of the table in the backup, whatever its tags say."""
    arn = backup(world, theirs)
    world.client.delete_table(TableName=theirs)
    foreign(world, theirs, world.scope.owner.marks)
    assert_refused(await drive(world, wanted({"backupARN": arn})), "is not proven")


async def test_a_table_that_somebody_restored_from_foreign_data_is_not_taken(world: World, theirs: str) -> None:
    arn = backup(world, theirs)
    desired = replace(wanted({"backupARN": arn}), restore=replace(NOT_ALLOWED, allowed=True))
    await reconcile_table(world.scope, desired)
    world.now[0] += 3600
    assert_refused(await drive(world, replace(desired, restore=NOT_ALLOWED)), "is not proven")
    assert tags(world) == {}
    # nor from another source than the declared one
    other = wanted({"backupARN": backup(world, theirs)})
    assert (await drive(world, other)).reason is Reason.CONFLICT
    assert (await drive(world, DesiredTable(table()))).reason is Reason.CONFLICT


async def test_what_cannot_be_restored_is_told_and_nothing_is_created(world: World, theirs: str) -> None:
    await with_row(world)
    arn = lose(world)
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    time = "2020-01-01T00:00:00Z"
    past = {"pointInTime": {"sourceTable": theirs, "time": time}}
    allowed = replace(NOT_ALLOWED, allowed=True)
    where = "spec.tables[0].restoreFrom"
    cases: list[tuple[DesiredTable, str, str]] = [
        (wanted({"backupARN": f"{arn}x"}), "does not exist; correct backupARN", f"{where}.backupARN"),
        (wanted({"backupARN": elsewhere}), "is not in account 123456789012 and region", f"{where}.backupARN"),
        (wanted({"backupARN": arn}, partitionKey={"name": "sku"}), "has the keys id, but sku is declared", where),
        (wanted({"backupARN": arn}, sortKey={"name": "at"}), "has the keys id, but id, at is declared", where),
        (wanted({"pointInTime": {"sourceTable": "nowhere", "latest": True}}), "--backup-type SYSTEM", where),
        (replace(wanted(past), restore=allowed), "RestoreDateTime is not within", where),
        (wanted({"pointInTime": {"sourceTable": theirs, "time": "2026-02-30T00:00:00Z"}}), "is not a date",
         f"{where}.pointInTime.time"),
    ]  # fmt: skip
    before = world.proxy.writes()
    for desired, message, field in cases:
        assert_refused(await drive(world, desired), message, field)
    world.client.update_continuous_backups(
        TableName=theirs, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    off = replace(wanted({"pointInTime": {"sourceTable": theirs, "latest": True}}), restore=allowed)
    assert_refused(await drive(world, off), "Point in time recovery is not enabled")
    assert {*world.proxy.writes()[len(before) :]} == {"RestoreTableToPointInTime"}
    assert own_name(world) not in world.client.list_tables()["TableNames"]


async def test_a_refused_restore_of_a_lost_table_never_starts_with_an_empty_one(world: World) -> None:
    part = await with_row(world)
    arn = lose(world)
    desired = replace(wanted({"backupARN": f"{arn}x"}, part.id), recreate=True)
    refused = await drive(world, desired)
    assert_refused(refused, "does not exist", "spec.tables[0].restoreFrom.backupARN")
    assert refused.id == part.id
    assert (await drive(world, replace(desired, recreate=False))).reason is Reason.TABLE_LOST
    assert own_name(world) not in world.client.list_tables()["TableNames"]


async def test_a_restore_waits_for_its_backup_and_for_other_restores(world: World) -> None:
    await with_row(world)
    desired = wanted({"backupARN": lose(world)})
    world.strict.restores.at_once = 0
    waiting = await reconcile_table(world.scope, desired)
    assert (waiting.state, waiting.reason) == (State.PROGRESSING, Reason.PROGRESSING)
    assert "concurrent restores" in waiting.message
    world.strict.restores.at_once = 1
    busy = refusal("BackupInUseException", "the backup is being created")
    world.proxy.faults.append(Fault("RestoreTableFromBackup", busy, 1))
    assert (await reconcile_table(world.scope, desired)).state is State.PROGRESSING
    assert (await drive(world, desired)).state is State.READY


async def test_an_existing_table_is_never_restored_over(world: World) -> None:
    part = await with_row(world)
    arn = backup(world, own_name(world))
    newer = {**ROW, "price": {"N": "13"}}
    world.client.put_item(TableName=own_name(world), Item=newer)
    said = await assert_quiet(world, replace(wanted({"backupARN": arn}, part.id), tags={"team": "shop"}, recreate=True))
    assert "so restoreFrom has no effect on it; remove restoreFrom" in said.message
    assert row(world) == newer


async def test_another_owner_restores_nothing_of_this_one(world: World) -> None:
    """The same declaration in another Microservice, with the backup and with the living table."""
    await with_row(world)
    arn, source = backup(world, own_name(world)), own_name(world)
    identity = world.scope.owner.identity
    other = Owner("cluster", replace(identity, name=f"{identity.name}-b", uid="uid-b"))
    world.scope = replace(world.scope, owner=other)
    before = world.proxy.writes()
    for data in ({"backupARN": arn}, {"pointInTime": {"sourceTable": source, "latest": True}}):
        assert_refused(await drive(world, wanted(data)), "is not proven")
    assert world.proxy.writes() == before


@pytest.mark.parametrize("action", ["DescribeBackup", "RestoreTableFromBackup"])
async def test_a_restore_without_the_option_of_the_policy_names_it(world: World, action: str) -> None:
    """The consent to recreate the table stays valid: `RestoreRefused`, not `AccessDenied`."""
    part = await with_row(world)
    known, arn = part.id, lose(world)
    denied = refusal("AccessDeniedException", f"User is not authorized to perform: dynamodb:{action}")
    world.proxy.faults = [Fault(action, denied)]
    desired = replace(wanted({"backupARN": arn}, known), recreate=True)
    assert_refused(await reconcile_table(world.scope, desired), "only with its option restores")
    world.proxy.faults = []
    assert (await drive(world, desired)).state is State.READY
    assert row(world) == ROW


@pytest.mark.parametrize("kind", ["backupARN", "pointInTime"])
async def test_a_refusal_does_not_describe_the_data_of_others(world: World, theirs: str, kind: str) -> None:
    """The keys of a table are a part of its data."""
    point = {"pointInTime": {"sourceTable": theirs, "latest": True}}
    source = {"backupARN": backup(world, theirs)} if kind == "backupARN" else point
    part = await drive(world, wanted(source, partitionKey={"name": "sku"}))
    assert_refused(part, "is not proven to hold data of this Microservice")
    assert "keys" not in part.message
