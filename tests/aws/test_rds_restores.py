"""Instances that are created from a snapshot or a point in time: proven sources, refused ones, and losses."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.aws.rds.desired import DesiredInstance
from microservice_operator.aws.rds.instances import instance_name
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resources import Consent
from tests.aws.rds_world import RDSWorld
from tests.fakes.aws.proxy import Fault, xml_refusal

NOT_ALLOWED = Consent(allowed=False, item="shop/order:databases/theirs")
WHERE = "spec.databases[0].restoreFrom"
SPEC: dict[str, Any] = {
    "size": "medium",
    "highAvailability": True,
    "storage": {"size": "30Gi", "maxSize": "60Gi"},
    "backup": {"retentionDays": 14, "window": "02:00-03:00"},
    "maintenance": {"window": "sun:04:00-sun:05:00"},
}


def wanted(rds: RDSWorld, source: dict[str, Any], **spec: Any) -> DesiredInstance:
    return replace(rds.wanted(restoreFrom=source, **spec), restore=NOT_ALLOWED)


def past(instance: str, **moment: Any) -> dict[str, Any]:
    return {"pointInTime": {"sourceInstance": instance, **(moment or {"latest": True})}}


async def snapshot_of_a_lost_one(rds: RDSWorld, **spec: Any) -> str:
    await rds.made(**spec)
    name = rds.strict.back_up(rds.name)
    rds.strict.lose(rds.name)
    return name


def assert_refused(part: Part, message: str, field: str = WHERE) -> None:
    assert (part.state, part.reason, part.field) == (State.STALLED, Reason.RESTORE_REFUSED, field), part
    assert message in part.message


def written(rds: RDSWorld, since: int) -> list[str]:
    return rds.proxy.writes()[since:]


@pytest.mark.parametrize("kind", ["snapshot", "automated backups"])
async def test_a_lost_instance_comes_back_with_its_tags_and_settings(rds: RDSWorld, kind: str) -> None:
    snapshot = await snapshot_of_a_lost_one(rds, **SPEC)
    known = rds.known["DatabaseInstance"]
    source = {"snapshotIdentifier": snapshot} if kind == "snapshot" else past(rds.name)
    what = f"snapshot {snapshot}" if kind == "snapshot" else f"instance {rds.name} at its latest restorable time"
    since = len(rds.proxy.writes())
    desired = wanted(rds, source, **SPEC)
    lost = (await rds.drive(desired))[0]
    assert (lost.state, lost.reason, lost.id) == (State.STALLED, Reason.DATABASE_LOST, known)
    assert f"to restore it from {what}, annotate" in lost.message
    assert f"{names.ANNOTATION_RECREATE}=orders" in lost.message
    assert "empty" not in lost.message
    assert written(rds, since) == []

    first = (await rds.one_pass(replace(desired, recreate=True)))[0]
    assert (first.state, first.reason, first.id) == (State.PROGRESSING, Reason.DATABASE_CREATING, "")
    assert first.message == f"database instance orders is being restored from {what}"
    assert [event.message for event in first.events] == [f"restoring database instance orders from {what}"]
    during = (await rds.one_pass(desired))[0]
    assert (during.state, during.message) == (State.PROGRESSING, first.message)
    ready = (await rds.drive(desired, 300))[0]
    assert (ready.state, ready.id) == (State.READY, known)
    rds.strict.settle()
    await rds.drive(desired, 300)

    action = "FromDBSnapshot" if kind == "snapshot" else "ToPointInTime"
    assert written(rds, since)[0] == f"RestoreDBInstance{action}"
    assert set(written(rds, since)[1:]) == {"ModifyDBInstance"}
    made = rds.instance
    assert {tag["Key"]: tag["Value"] for tag in made["TagList"]}.items() >= rds.scope.owner.marks.items()
    assert made["DBInstanceClass"] == "db.m7g.large"
    assert made["MultiAZ"]
    assert made["DeletionProtection"]
    assert made["CopyTagsToSnapshot"]
    assert not made["PubliclyAccessible"]
    assert made["EngineLifecycleSupport"].endswith("-disabled")
    assert "MasterUserSecret" in made
    assert made["BackupRetentionPeriod"] == 14
    assert made["PreferredBackupWindow"] == "02:00-03:00"
    assert made["MaxAllocatedStorage"] == 60
    assert made["DBSubnetGroup"]["DBSubnetGroupName"] == rds.name
    assert made["DBParameterGroups"][0]["DBParameterGroupName"] == f"{rds.name}-pg16"
    assert [group["VpcSecurityGroupId"] for group in made["VpcSecurityGroups"]] == [rds.known["SecurityGroup"]]

    rds.strict.advance(120)
    said = (await rds.quiet(restoreFrom=source, **SPEC))[0]
    assert said.message == "database instance orders exists, so restoreFrom has no effect on it; remove restoreFrom"
    assert said.field == WHERE
    await rds.quiet(**SPEC)
    gone = await rds.gone("Delete")
    assert gone[-1].state is State.READY
    assert rds.strict.instances == {}


async def test_a_new_database_from_the_past_of_another_of_its_own(rds: RDSWorld) -> None:
    await rds.made()
    rds.instance["BackupRetentionPeriod"] = 7
    rds.known = {}
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for name, moment in (("at", {"time": time}), ("latest", {"latest": True})):
        created = datetime.fromisoformat(rds.instance["InstanceCreateTime"]).replace(microsecond=0)
        rds.instance["InstanceCreateTime"] = created.isoformat()
        desired = wanted(rds, past(rds.name, **moment))
        desired = replace(desired, spec=desired.spec.model_copy(update={"name": name}))
        part = (await rds.drive(desired, 300))[0]
        assert part.state is State.READY, part
        copy = rds.strict.instances[instance_name(rds.scope, name)]
        assert {tag["Key"]: tag["Value"] for tag in copy["TagList"]}.items() >= rds.scope.owner.marks.items()
        rds.known = {}


async def test_a_lost_answer_restores_once(rds: RDSWorld) -> None:
    snapshot = await snapshot_of_a_lost_one(rds)
    desired = replace(wanted(rds, {"snapshotIdentifier": snapshot}), recreate=True)
    rds.proxy.faults.append(Fault("RestoreDBInstanceFromDBSnapshot", "drop-after", 1))
    assert (await rds.one_pass(desired))[0].reason is Reason.AWS_UNAVAILABLE
    assert (await rds.drive(desired, 300))[0].state is State.READY
    heard = [code for _, action, code in rds.heard if action == "RestoreDBInstanceFromDBSnapshot"]
    assert heard.count("OK") == 0


async def test_data_of_others_needs_consent(rds: RDSWorld) -> None:
    """Neither a snapshot nor an instance nor automated backups without this Microservice's tags are restored."""
    await rds.made()
    rds.instance["BackupRetentionPeriod"] = 7
    snapshot = rds.strict.back_up(rds.name)
    source = rds.name
    identity = rds.scope.owner.identity
    other = Owner("cluster", replace(identity, name=f"{identity.name}-b", uid="uid-b"))
    rds.scope, rds.known = replace(rds.scope, owner=other), {}
    for gone in (False, True):
        if gone:
            rds.strict.lose(source)
        for data in ({"snapshotIdentifier": snapshot}, past(source)):
            since = len(rds.proxy.writes())
            refused = (await rds.drive(wanted(rds, data)))[0]
            assert_refused(refused, "does not carry the tags of this Microservice")
            assert f"add {NOT_ALLOWED.item} to the Environment's annotation {names.ANNOTATION_RESTORE}" in (
                refused.message
            )
            assert not [action for action in written(rds, since) if action.startswith("Restore")]
    allowed = replace(wanted(rds, {"snapshotIdentifier": snapshot}), restore=replace(NOT_ALLOWED, allowed=True))
    assert (await rds.drive(allowed, 300))[0].state is State.READY
    assert {tag["Key"]: tag["Value"] for tag in rds.instance["TagList"]}.items() >= other.marks.items()


async def test_an_earlier_namesake_without_a_mark_proves_nothing(rds: RDSWorld) -> None:
    """Tags of the same name and another UID: the Microservice may have been another team's."""
    snapshot = await snapshot_of_a_lost_one(rds)
    identity = replace(rds.scope.owner.identity, uid="later")
    rds.scope, rds.known = replace(rds.scope, owner=Owner("cluster", identity, "ns-uid")), {}
    groups = rds.strict.groups
    for group in (*groups.subnet_groups.values(), *groups.parameter_groups.values()):
        group["_tags"] = [{"Key": key, "Value": value} for key, value in rds.scope.owner.marks.items()]
    for group in rds.network.groups(rds.name):
        marks = [{"Key": key, "Value": value} for key, value in rds.scope.owner.marks.items()]
        rds.network.client.create_tags(Resources=[group["GroupId"]], Tags=marks)
    desired = wanted(rds, {"snapshotIdentifier": snapshot})
    assert_refused((await rds.drive(desired))[0], "does not carry the tags")
    tags = rds.strict.snapshots[snapshot]["TagList"]
    retained = {"Key": names.TAG_RETAINED, "Value": "another-ns-uid"}
    rds.strict.snapshots[snapshot]["TagList"] = [*tags, retained]
    assert_refused((await rds.drive(desired))[0], "does not carry the tags")
    rds.strict.snapshots[snapshot]["TagList"] = [*tags, {**retained, "Value": "ns-uid"}]
    assert (await rds.drive(desired, 300))[0].state is State.READY


async def test_what_cannot_be_restored_is_told_and_nothing_is_created(rds: RDSWorld) -> None:
    snapshot = await snapshot_of_a_lost_one(rds)
    rds.known = {}
    record = rds.strict.snapshots[snapshot]
    source = {"snapshotIdentifier": snapshot}
    since = len(rds.proxy.writes())

    async def refused(data: dict[str, Any], message: str, field: str = WHERE, **spec: Any) -> None:
        assert_refused((await rds.drive(wanted(rds, data, **spec)))[0], message, field)

    await refused({"snapshotIdentifier": "rds:nothing"}, "does not exist; correct snapshotIdentifier")
    await refused(past("nothing"), "no automated backups of a deleted instance of that name reach this time")
    await refused(past(rds.name, time="2020-01-01T00:00:00Z"), "no automated backups")
    await refused(past(rds.name, time="2026-02-30T00:00:00Z"), "is not a date", f"{WHERE}.pointInTime.time")
    newer = "has major version 16, but version is 17; declare a database with version 16"
    await refused(source, newer, "spec.databases[0].version", version="17")
    record["Engine"] = "mysql"
    await refused(source, "is of engine mysql, but postgres is declared")
    record["Engine"], record["Encrypted"] = "postgres", False
    await refused(source, "is not encrypted; copy a snapshot of it with encryption")
    assert not [action for action in written(rds, since) if action.startswith("Restore")]
    record["Encrypted"], record["Status"] = True, "creating"
    waiting = (await rds.one_pass(wanted(rds, source)))[0]
    assert (waiting.state, waiting.reason) == (State.PROGRESSING, Reason.DATABASE_CREATING)
    record["Status"] = "available"
    assert (await rds.drive(wanted(rds, source), 300))[0].state is State.READY


async def test_what_rds_refuses_is_told_and_never_starts_with_an_empty_one(rds: RDSWorld) -> None:
    await rds.made()
    name, known = rds.name, dict(rds.known)
    rds.instance["BackupRetentionPeriod"] = 0
    rds.known = {}
    desired = wanted(rds, past(name))
    copy = replace(desired, spec=desired.spec.model_copy(update={"name": "copy"}))
    assert_refused((await rds.drive(copy))[0], "Point in time recovery is not enabled")
    rds.known = known
    snapshot = rds.strict.back_up(name)
    rds.strict.lose(name)
    lost = replace(wanted(rds, {"snapshotIdentifier": f"{snapshot}x"}), recreate=True)
    refused = (await rds.drive(lost))[0]
    assert_refused(refused, "does not exist")
    assert refused.id == known["DatabaseInstance"]
    assert (await rds.drive(replace(lost, recreate=False)))[0].reason is Reason.DATABASE_LOST
    assert name not in rds.strict.instances


async def test_a_restore_that_fails_is_told(rds: RDSWorld) -> None:
    snapshot = await snapshot_of_a_lost_one(rds)
    desired = replace(wanted(rds, {"snapshotIdentifier": snapshot}), recreate=True)
    capacity = xml_refusal("InsufficientDBInstanceCapacity", "no capacity")
    rds.proxy.faults.append(Fault("RestoreDBInstanceFromDBSnapshot", capacity, 1))
    later = (await rds.one_pass(desired))[0]
    assert (later.state, later.reason) == (State.PROGRESSING, Reason.REJECTED)
    await rds.one_pass(desired)
    rds.strict.settle()
    rds.strict.put(rds.name, "incompatible-restore")
    failed = (await rds.drive(desired))[0]
    assert (failed.state, failed.reason) == (State.STALLED, Reason.DATABASE_UNUSABLE)
    assert "RDS could not restore it" in failed.message


async def test_an_existing_instance_is_never_restored_over(rds: RDSWorld) -> None:
    await rds.made()
    snapshot = rds.strict.back_up(rds.name)
    before = {**rds.instance}
    since = len(rds.proxy.writes())
    for data in ({"snapshotIdentifier": snapshot}, past(rds.name), past("nothing")):
        part = (await rds.drive(replace(wanted(rds, data), recreate=True)))[0]
        assert (part.state, part.events) == (State.READY, ())
        assert "so restoreFrom has no effect on it; remove restoreFrom" in part.message
    assert written(rds, since) == []
    assert rds.instance == before


@pytest.mark.parametrize("action", ["DescribeDBSnapshots", "RestoreDBInstanceFromDBSnapshot"])
async def test_a_restore_without_the_option_of_the_policy_names_it(rds: RDSWorld, action: str) -> None:
    snapshot = await snapshot_of_a_lost_one(rds)
    denied = xml_refusal("AccessDenied", f"User is not authorized to perform: rds:{action}", 403)
    rds.proxy.faults = [Fault(action, denied)]
    desired = replace(wanted(rds, {"snapshotIdentifier": snapshot}), recreate=True)
    assert_refused((await rds.drive(desired))[0], "only with its option restores")
