"""A lost table and a lost database of one Microservice come back together, and are then as any others."""

from dataclasses import replace
from typing import Any

from microservice_operator.facts import Part, Reason
from microservice_operator.resync_cache import ResyncCache

from .world import Key, World, by_key

TABLE, INSTANCE = ("Table", "carts"), ("DatabaseInstance", "orders")
ROW = {"id": {"S": "c1"}, "owner": {"S": "u1"}, "at": {"N": "1"}}


def table(world: World) -> str:
    (name,) = [what.split()[1] for what in world.holdings() if what.startswith("Table ")]
    return name


def lose(world: World, name: str) -> dict[str, Any]:
    """A person deletes both; return their backups as `restoreFrom`."""
    dynamodb, (instance,) = world.aws.clients["dynamodb"], world.aws.rds.instances
    made = dynamodb.create_backup(TableName=name, BackupName="taken.when.deleted")
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)
    snapshot = world.aws.rds.back_up(instance)
    world.aws.rds.lose(instance)
    return {
        "tables": {"backupARN": made["BackupDetails"]["BackupArn"]},
        "databases": {"snapshotIdentifier": snapshot},
    }


async def reasons(world: World, spec: dict[str, Any], expected: dict[Key, Reason]) -> dict[Key, Part]:
    """Reconcile until these parts have these reasons."""
    for _ in range(200):
        parts = by_key((await world.step(spec)).parts)
        if all(parts[key].reason is reason for key, reason in expected.items()):
            return parts
        world.advance(parts.values())
    raise AssertionError(parts)


def with_sources(spec: dict[str, Any], sources: dict[str, Any]) -> dict[str, Any]:
    return spec | {section: [{**spec[section][0], "restoreFrom": source}] for section, source in sources.items()}


async def test_a_row_comes_back_and_the_rest_is_as_before(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    before, name, dynamodb = world.holdings(), table(world), world.aws.clients["dynamodb"]
    dynamodb.put_item(TableName=name, Item=ROW)
    restoring = with_sources(spec, lose(world, name))
    world.pass_time(600)
    begin = len(world.accepted())
    await reasons(world, restoring, {TABLE: Reason.TABLE_LOST, INSTANCE: Reason.DATABASE_LOST})
    assert world.accepted()[begin:] == []
    for lost in (TABLE, INSTANCE):  # one annotation, one after the other
        world.recreate = lost[1]
        await reasons(world, restoring, {lost: Reason.READY})
    world.recreate = ""
    parts = await world.ready(restoring)
    made = world.accepted()[begin:]
    assert made.count("RestoreTableFromBackup") == made.count("RestoreDBInstanceFromDBSnapshot") == 1
    assert not {"CreateTable", "CreateDBInstance"} & set(made)
    assert dynamodb.get_item(TableName=name, Key={"id": ROW["id"]})["Item"] == ROW
    assert world.holdings().items() >= before.items()
    assert "remove restoreFrom" in parts[TABLE].message
    assert "remove restoreFrom" in parts[INSTANCE].message

    await world.quiet(restoring)
    world.external.clients.reset()  # as after a restart
    world.external.clients = replace(world.external.clients, resync_cache=ResyncCache(0))
    await world.quiet(restoring)
    await world.quiet(spec)
    await world.leave()
    assert {what.split()[0] for what in world.holdings()} == {"Snapshot"}


async def test_a_new_microservice_starts_with_what_its_environment_allows(world: World) -> None:
    """The data of another Microservice, which stays as it is."""
    await world.ready(world.every_part())
    before, source = world.holdings(), table(world)
    (instance,) = world.aws.rds.instances
    past = {"tables": {"pointInTime": {"sourceTable": source, "latest": True}},
            "databases": {"pointInTime": {"sourceInstance": instance, "latest": True}}}  # fmt: skip
    identity = world.identity
    world.identity, world.known = replace(identity, name=f"{identity.name}-copy", uid="uid-copy"), {}
    spec = {
        "tables": [{"name": "carts", "partitionKey": {"name": "id"}}],
        "databases": [{"name": "orders"}],
    }
    restoring = with_sources(spec, past)
    parts = await reasons(world, restoring, {TABLE: Reason.RESTORE_REFUSED, INSTANCE: Reason.RESTORE_REFUSED})
    items = [f"shop/{world.name}:tables/{source}", f"shop/{world.name}:databases/{instance}"]
    for item, part in zip(items, (parts[TABLE], parts[INSTANCE]), strict=True):
        assert f"add {item} to the Environment's annotation" in part.message
    world.restore_consent = ", ".join(items)
    # the database inside has the name of the one that the data is of
    renaming = {("Database", "orders"): Reason.RESTORE_REFUSED}
    await reasons(world, restoring, {TABLE: Reason.READY, INSTANCE: Reason.READY, **renaming})
    world.identity = identity
    assert world.holdings().items() == before.items()
