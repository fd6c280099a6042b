"""RDS instances against the strict layer: created, each field changed, deleted."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.stores import Database
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.rds import instances as rds_instances
from microservice_operator.aws.rds.fields import INSTANCE, KINDS
from microservice_operator.facts import Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resources import Removal
from microservice_operator.resync_cache import ResyncCache
from tests.aws.rds_world import RDSWorld
from tests.fakes.aws import rds_rules
from tests.fakes.aws.proxy import Fault, xml_refusal

CREATION = {"CreateSecurityGroup", "CreateDBSubnetGroup", "CreateDBParameterGroup", "CreateDBInstance"}
NOW = {"apply": "Immediately"}
# Each optional field of the model: what differs from the default, and the writes that it takes to come to it at once.
FIELDS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "size": ({"size": "medium"}, ["ModifyDBInstance"]),
    "storage": ({"storage": {"size": "30Gi", "maxSize": "60Gi"}}, ["ModifyDBInstance", "ModifyDBInstance"]),
    "high_availability": ({"highAvailability": True}, ["ModifyDBInstance"]),
    "backup": ({"backup": {"retentionDays": 14, "window": "02:00-03:00"}}, ["ModifyDBInstance"]),
    "maintenance": ({"maintenance": {"window": "sun:03:00-sun:04:00"}}, ["ModifyDBInstance"]),
    "parameters": ({"parameters": {"log_min_duration_statement": "500"}}, ["ModifyDBParameterGroup"]),
    "version": (
        {"version": "17"},
        ["CreateDBParameterGroup", "CreateDBSnapshot", "ModifyDBParameterGroup", "ModifyDBInstance"],
    ),
    "deletion_policy": ({"deletionPolicy": "Snapshot"}, []),
    "extended_support": ({"extendedSupport": True}, ["ModifyDBInstance"]),
    "extensions": ({"extensions": ["pg_trgm"]}, []),
    "migration": ({"migration": {"command": ["migrate"]}}, []),
    "connection": ({"connection": {"secretName": "orders"}}, []),
}


def test_every_field_of_the_model_has_a_case() -> None:
    in_a_file_of_its_own = {"adopt", "credentials", "restore_from"}
    assert set(FIELDS) | in_a_file_of_its_own | {"name", "engine"} == set(Database.model_fields)


async def test_from_nothing_to_ready_each_made_once_and_ours_from_the_first_moment(rds: RDSWorld) -> None:
    await rds.made()
    writes = rds.proxy.writes()
    assert [write for write in writes if write in CREATION].count("CreateDBInstance") == 1
    assert set(writes[:3]) == CREATION - {"CreateDBInstance"}
    assert sorted(writes) == sorted(
        [*CREATION, "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupEgress", "ModifyDBParameterGroup"]
    )
    [group] = rds.network.groups(rds.name)
    [admitted] = group["IpPermissions"]
    assert (admitted["IpProtocol"], admitted["FromPort"], admitted["ToPort"]) == ("tcp", 5432, 5432)
    assert [pair["GroupId"] for pair in admitted["UserIdGroupPairs"]] == [rds.network.pods]
    assert (admitted["IpRanges"], group["IpPermissionsEgress"]) == ([], [])
    instance = rds.instance
    assert {tag["Key"]: tag["Value"] for tag in instance["TagList"]}.items() >= rds.scope.owner.marks.items()
    for flag in ("StorageEncrypted", "DeletionProtection", "AutoMinorVersionUpgrade", "CopyTagsToSnapshot"):
        assert instance[flag] is True
    assert instance["PubliclyAccessible"] is False
    assert "MasterUserPassword" not in {key for call in rds.proxy.calls for key in call.body}
    await rds.quiet()


@pytest.mark.parametrize("name", FIELDS)
async def test_each_field_from_the_start_alone(rds: RDSWorld, name: str) -> None:
    spec, _ = FIELDS[name]
    await rds.made(**spec)
    await rds.quiet(**spec)


@pytest.mark.parametrize("name", FIELDS)
async def test_each_field_changed_at_once(rds: RDSWorld, name: str) -> None:
    spec, expected = FIELDS[name]
    await rds.made(maintenance=NOW)
    before = len(rds.proxy.writes())
    changed = {**spec, "maintenance": {**NOW, **spec.get("maintenance", {})}}
    await rds.made(**changed)
    await rds.quiet(**changed)
    assert rds.proxy.writes()[before:] == expected


async def test_what_interrupts_waits_for_the_window_and_is_no_drift(rds: RDSWorld) -> None:
    await rds.made()
    spec = {"size": "medium", "highAvailability": True, "storage": {"size": "40Gi"}}
    await rds.made(**spec)
    waiting = (await rds.quiet(**spec))[0]
    assert rds.instance["DBInstanceClass"] == "db.t4g.small"
    assert waiting.message == (
        "AllocatedStorage, DBInstanceClass, MultiAZ will change in the maintenance window wed:09:11-wed:09:41"
    )
    # something else that changes now must not take along what waits
    await rds.made(**spec, backup={"retentionDays": 9})
    assert rds.instance["DBInstanceClass"] == "db.t4g.small"
    rds.strict.window(rds.name)
    assert (rds.instance["DBInstanceClass"], rds.instance["AllocatedStorage"]) == ("db.m7g.large", 40)
    assert (await rds.quiet(**spec, backup={"retentionDays": 9}))[0].message == ""


async def test_what_waits_is_done_once_the_spec_says_at_once(rds: RDSWorld) -> None:
    await rds.made()
    await rds.made(size="medium")
    before = len(rds.proxy.writes())
    await rds.made(size="medium", maintenance=NOW)
    assert rds.instance["DBInstanceClass"] == "db.m7g.large"
    assert rds.proxy.writes()[before:] == ["ModifyDBInstance"]


async def test_what_aws_changes_by_itself_is_no_drift(rds: RDSWorld) -> None:
    spec = {"storage": {"size": "20Gi", "maxSize": "100Gi"}, "parameters": {"work_mem": "64000"}}
    await rds.made(**spec)
    rds.instance["EngineVersion"] = "16.9"
    rds.instance["AllocatedStorage"] = 88
    rds.instance["AvailabilityZone"] = "us-east-1c"
    rds.strict.groups.subnet_groups[rds.name]["Subnets"].reverse()
    rds.instance["TagList"].reverse()
    rds.instance["TagList"].append({"Key": "backup", "Value": "daily"})
    await rds.quiet(**spec)


async def test_an_upgrade_takes_a_snapshot_first_and_never_goes_back(rds: RDSWorld) -> None:
    await rds.made(maintenance=NOW)
    before = len(rds.proxy.writes())
    await rds.made(version="17", maintenance=NOW)
    writes = rds.proxy.writes()[before:]
    assert writes.index("CreateDBSnapshot") < writes.index("ModifyDBInstance")
    [snapshot] = rds.strict.snapshots.values()
    assert (snapshot["EngineVersion"], snapshot["Status"]) == ("16.8", "available")
    assert rds.instance["EngineVersion"] == "17.4"
    assert rds.instance["DBParameterGroups"][0]["DBParameterGroupName"] == f"{rds.name}-pg17"
    refused = (await rds.drive(rds.wanted(version="16", maintenance=NOW)))[0]
    assert (refused.state, refused.reason) == (State.STALLED, Reason.CHANGE_REFUSED)
    assert refused.field == "spec.databases[0].version"
    assert "set it to 17" in refused.message


async def test_an_upgrade_goes_to_a_version_that_rds_offers(rds: RDSWorld) -> None:
    await rds.made(maintenance=NOW)
    rds.instance["EngineVersion"] = "16.13"  # as AutoMinorVersionUpgrade does
    await rds.made(version="17", maintenance=NOW)
    assert rds.instance["EngineVersion"] == "17.9"


async def test_an_upgrade_that_rds_does_not_offer_takes_no_snapshot(
    rds: RDSWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rds.made(maintenance=NOW)
    before = rds.proxy.writes()
    monkeypatch.setattr(rds_rules, "upgrade_targets", lambda _version: ["18.1"])
    part = (await rds.drive(rds.wanted(version="17", maintenance=NOW)))[0]
    assert (part.state, part.reason) == (State.STALLED, Reason.CHANGE_REFUSED)
    assert "offers no upgrade" in part.message
    assert part.message.endswith("declare one of the versions that it offers: 18")
    # the parameter group of the next major version comes before its upgrade
    assert not {"CreateDBSnapshot", "ModifyDBInstance"} & set(rds.proxy.writes()[len(before) :])


async def test_an_upgrade_does_not_rely_on_a_snapshot_of_an_earlier_attempt(rds: RDSWorld) -> None:
    await rds.made(maintenance=NOW)
    rds.strict.upgrades_fail = True
    await rds.drive(rds.wanted(version="17", maintenance=NOW))
    await rds.made(maintenance=NOW)
    [(name, earlier)] = rds.strict.snapshots.items()
    rds.strict.upgrades_fail = False
    rds.strict.advance(6 * 3600)
    # as if that had been days ago
    earlier["SnapshotCreateTime"] = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    earlier["DBSnapshotIdentifier"] = re.sub(r"-\d{8}$", "-20200101", name)
    rds.strict.snapshots = {earlier["DBSnapshotIdentifier"]: earlier}
    await rds.made(version="17", maintenance=NOW)
    assert len(rds.strict.snapshots) == 2
    assert rds.instance["EngineVersion"] == "17.4"


async def test_an_upgrade_that_fails_is_not_retried_in_every_reconciliation(rds: RDSWorld) -> None:
    await rds.made(maintenance=NOW)
    rds.strict.upgrades_fail = True
    wanted = rds.wanted(version="17", maintenance=NOW)
    failed = (await rds.drive(wanted))[0]
    assert (failed.state, failed.reason) == (State.STALLED, Reason.CHANGE_REFUSED)
    assert "RDS kept 16" in failed.message
    before = rds.proxy.writes()
    for _ in range(5):
        rds.strict.advance(600)
        assert (await rds.one_pass(wanted))[0].message == failed.message
    assert rds.proxy.writes() == before
    rds.strict.upgrades_fail = False
    rds.strict.advance(6 * 3600)
    await rds.made(version="17", maintenance=NOW)
    assert rds.instance["EngineVersion"] == "17.4"


async def test_an_upgrade_in_the_window_waits_there(rds: RDSWorld) -> None:
    await rds.made()
    await rds.made(version="17")
    await rds.quiet(version="17")
    assert rds.instance["EngineVersion"] == "16.8"
    rds.strict.window(rds.name)
    assert rds.instance["EngineVersion"] == "17.4"
    await rds.quiet(version="17")


async def test_a_disk_never_shrinks(rds: RDSWorld) -> None:
    await rds.made(storage={"size": "50Gi"})
    before = rds.proxy.writes()
    refused = (await rds.drive(rds.wanted()))[0]
    assert (refused.state, refused.reason) == (State.STALLED, Reason.CHANGE_REFUSED)
    assert refused.field == "spec.databases[0].storage.size"
    assert refused.message.endswith("set it to 50Gi")
    assert rds.proxy.writes() == before


async def test_big_disks_name_their_iops(rds: RDSWorld) -> None:
    await rds.made(storage={"size": "300Gi"}, maintenance=NOW)
    await rds.made(storage={"size": "500Gi"}, maintenance=NOW)
    assert rds.instance["AllocatedStorage"] == 500


@pytest.mark.parametrize(
    ("size", "of", "to"), [("300Gi", "gp2", "gp3"), ("500Gi", "gp2", "gp3"), ("500Gi", "gp3", "gp2")]
)
async def test_a_disk_changes_its_type(rds: RDSWorld, size: str, of: str, to: str) -> None:
    await rds.made(storage={"size": size, "type": of}, maintenance=NOW)
    await rds.made(storage={"size": size, "type": to}, size="medium", maintenance=NOW)
    assert (rds.instance["StorageType"], f"{rds.instance['AllocatedStorage']}Gi") == (to, size)
    await rds.quiet(storage={"size": size, "type": to}, size="medium", maintenance=NOW)


async def test_a_disk_that_waits_to_grow_changes_its_type(rds: RDSWorld) -> None:
    await rds.made(storage={"size": "300Gi", "type": "gp2"})
    await rds.made(storage={"size": "600Gi", "type": "gp2"})
    await rds.made(storage={"size": "600Gi", "type": "gp3"})
    rds.strict.window(rds.name)
    assert (rds.instance["StorageType"], rds.instance["AllocatedStorage"]) == ("gp3", 600)
    await rds.quiet(storage={"size": "600Gi", "type": "gp3"})


@pytest.mark.parametrize(
    ("size", "iops", "kept"), [("100Gi", 3000, None), ("500Gi", 20000, 20000), ("500Gi", 80000, 64000)]
)
async def test_a_disk_with_iops_becomes_another_one(rds: RDSWorld, size: str, iops: int, kept: int | None) -> None:
    """As an adopted instance may have it."""
    await rds.made(storage={"size": size}, maintenance=NOW)
    rds.instance.update({"StorageType": "io2", "Iops": iops})
    await rds.made(storage={"size": size}, maintenance=NOW)
    assert rds.instance["StorageType"] == "gp3"
    asked = [call.body for call in rds.proxy.calls if call.action == "ModifyDBInstance"][-1]
    assert asked.get("Iops") == (None if kept is None else str(kept))


async def test_growth_that_rds_rounds_up_is_no_drift(rds: RDSWorld) -> None:
    await rds.made(storage={"size": "100Gi"}, maintenance=NOW)
    await rds.made(storage={"size": "105Gi"}, maintenance=NOW)
    assert rds.instance["AllocatedStorage"] == 110
    await rds.quiet(storage={"size": "105Gi"}, maintenance=NOW)


async def test_backups_by_aws_backup_are_left_alone_and_hold_up_nothing_else(rds: RDSWorld) -> None:
    await rds.made(maintenance=NOW)
    point = "arn:aws:backup:us-east-1:123456789012:recovery-point:continuous:db-1"
    rds.instance.update({"AwsBackupRecoveryPointArn": point, "BackupRetentionPeriod": 35})
    backup = {"retentionDays": 14, "window": "02:00-03:00"}
    await rds.made(backup=backup, storage={"maxSize": "60Gi"}, maintenance=NOW)
    assert (rds.instance["BackupRetentionPeriod"], rds.instance["MaxAllocatedStorage"]) == (35, 60)
    await rds.quiet(backup=backup, storage={"maxSize": "60Gi"}, maintenance=NOW)


async def test_a_disk_that_is_being_optimised_is_waited_for(rds: RDSWorld) -> None:
    await rds.made(maintenance=NOW)
    await rds.drive(rds.wanted(storage={"size": "30Gi"}, maintenance=NOW))
    assert rds.instance["DBInstanceStatus"] == "storage-optimization"
    part = (await rds.one_pass(rds.wanted(storage={"size": "40Gi"}, size="medium", maintenance=NOW)))[0]
    assert (part.state, part.reason) == (State.PROGRESSING, Reason.DATABASE_UPDATING)
    changed = [call.body for call in rds.proxy.calls if call.action == "ModifyDBInstance"][-1]
    assert "DBInstanceClass" in changed
    assert "AllocatedStorage" not in changed


async def test_static_parameters_wait_for_a_restart_or_get_one(rds: RDSWorld) -> None:
    await rds.made()
    spec = {"parameters": {"max_connections": "200"}}
    await rds.made(**spec)
    assert "wait for a restart" in (await rds.quiet(**spec))[0].message
    before = len(rds.proxy.writes())
    await rds.made(**spec, maintenance=NOW)
    assert rds.proxy.writes()[before:] == ["RebootDBInstance"]
    await rds.quiet(**spec, maintenance=NOW)
    await rds.made(maintenance=NOW)
    assert "max_connections" not in rds.strict.groups.parameter_groups[f"{rds.name}-pg16"]["_values"]


async def test_a_parameter_that_rds_does_not_know_is_refused(rds: RDSWorld) -> None:
    await rds.made()
    part = (await rds.drive(rds.wanted(parameters={"data_directory": "/"})))[2]
    assert (part.state, part.reason) == (State.STALLED, Reason.REJECTED)
    assert "parameter data_directory of database orders" in part.message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("PubliclyAccessible", True),
        ("DeletionProtection", False),
        ("AutoMinorVersionUpgrade", False),
        ("CopyTagsToSnapshot", False),
        ("BackupRetentionPeriod", 1),
        ("DBInstanceClass", "db.r7g.large"),
        ("MultiAZ", True),
    ],
)
async def test_what_somebody_else_changes_is_put_right(rds: RDSWorld, field: str, value: Any) -> None:
    await rds.made(maintenance=NOW)
    wanted = rds.instance[field]
    rds.instance[field] = value
    before = len(rds.proxy.writes())
    await rds.made(maintenance=NOW)
    assert rds.instance[field] == wanted
    assert rds.proxy.writes()[before:] == ["ModifyDBInstance"]


async def test_a_rule_that_somebody_adds_to_the_group_goes(rds: RDSWorld) -> None:
    await rds.made()
    [group] = rds.network.groups(rds.name)
    everybody = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    rds.network.client.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[everybody])
    await rds.made()
    [group] = rds.network.groups(rds.name)
    assert [permission["IpRanges"] for permission in group["IpPermissions"]] == [[]]
    await rds.quiet()


async def test_subnets_follow_the_environment(rds: RDSWorld) -> None:
    await rds.made()
    wanted = rds.wanted()
    moved = replace(wanted, network=replace(wanted.network, subnets=frozenset({"subnet-2", "subnet-3"})))
    await rds.drive(moved)
    found = rds.strict.groups.subnet_groups[rds.name]["Subnets"]
    assert {subnet["SubnetIdentifier"] for subnet in found} == {"subnet-2", "subnet-3"}
    elsewhere = replace(wanted, network=replace(wanted.network, vpc="vpc-other"))
    parts = await rds.drive(elsewhere)
    assert {part.reason for part in parts if part.state is State.STALLED} == {Reason.CHANGE_REFUSED}
    assert "aws.vpcID" in next(part.message for part in parts if part.state is State.STALLED)


async def test_a_group_that_somebody_deletes_is_made_anew(rds: RDSWorld) -> None:
    await rds.made()
    del rds.strict.groups.parameter_groups[f"{rds.name}-pg16"]
    await rds.made()
    await rds.quiet()


async def test_a_lost_instance_is_never_made_again_in_silence(rds: RDSWorld) -> None:
    await rds.made()
    del rds.strict.instances[rds.name]
    before = rds.proxy.writes()
    lost = (await rds.drive(rds.wanted()))[0]
    assert (lost.state, lost.reason) == (State.STALLED, Reason.DATABASE_LOST)
    assert [event.type for event in lost.events] == ["Warning"]
    assert names.ANNOTATION_RECREATE in lost.message
    assert rds.proxy.writes() == before
    parts = await rds.drive(replace(rds.wanted(), recreate=True))
    assert parts[0].state is State.READY


async def test_a_foreign_instance_of_the_name_is_left_alone(rds: RDSWorld) -> None:
    await rds.made()
    rds.instance["TagList"] = []
    before = {**rds.instance}
    writes = rds.proxy.writes()
    rds.known = {}
    part = (await rds.drive(rds.wanted(size="medium")))[0]
    assert (part.state, part.reason) == (State.STALLED, Reason.CONFLICT)
    assert rds.proxy.writes() == writes
    left = await rds_only(rds, "Delete")
    assert (left.state, left.reason) == (State.RETAINED, Reason.CONFLICT)
    assert rds.instance == before


async def rds_only(rds: RDSWorld, policy: Any) -> Any:
    return (await rds_instances.delete_instance(rds.scope, Removal("orders", policy, rds.known)))[0]


async def test_one_that_lists_do_not_show_yet_is_not_made_twice(rds: RDSWorld) -> None:
    rds.strict.absent_looks = 3
    await rds.made()
    made = [code for _, action, code in rds.heard if action == "CreateDBInstance"]
    assert made.count("OK") == 1


async def test_what_is_settled_is_not_asked_for(rds: RDSWorld) -> None:
    rds.scope = replace(rds.scope, resync_cache=ResyncCache(300))
    await rds.made()
    await rds.quiet()
    calls = len(rds.proxy.calls)
    parts, endpoint = await rds_instances.reconcile_instance(rds.scope, rds.wanted())
    assert (len(rds.proxy.calls), len(parts)) == (calls, 4)
    assert endpoint
    await rds.made(backup={"retentionDays": 8})
    assert len(rds.proxy.calls) > calls


async def of_one_region(rds: RDSWorld, count: int) -> list[RDSWorld]:
    """So many Microservices with an instance each, and with lists that are valid for four seconds."""
    owners = [Owner("cluster", replace(rds.scope.owner.identity, name=f"s-{n}", uid=f"s-{n}")) for n in range(count)]
    worlds = [replace(rds, scope=replace(rds.scope, owner=owner), known={}) for owner in owners]
    for world in worlds:
        await world.made()
    rds.scope.clients.lists = ListCache(4, lambda: rds.strict.now)
    return worlds


async def test_one_read_serves_all_instances_of_a_region(rds: RDSWorld) -> None:
    worlds = await of_one_region(rds, 3)
    before = len(rds.proxy.calls)
    for world in worlds:
        await world.quiet()
    looks = [call for call in rds.proxy.calls[before:] if call.action == "DescribeDBInstances"]
    assert len(looks) == 1
    assert INSTANCE.name in worlds[0].known


async def test_a_new_instance_is_not_enrolled_in_extended_support(rds: RDSWorld) -> None:
    """Enrolment is the default of RDS, and costs extra once the standard support of a version has ended."""
    await rds.made()
    assert rds.instance["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"


async def test_an_existing_instance_keeps_its_enrolment_until_it_is_declared(rds: RDSWorld) -> None:
    await rds.made()
    rds.instance["EngineLifecycleSupport"] = rds_rules.ENROLLED  # as an operator of an earlier version made it
    await rds.quiet()
    await rds.drive(rds.wanted(extendedSupport=False))
    assert rds.instance["EngineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    await rds.quiet(extendedSupport=False)
    await rds.quiet()


async def test_rds_shows_no_enrolment(rds: RDSWorld) -> None:
    await rds.made()
    del rds.instance["EngineLifecycleSupport"]
    await rds.quiet(extendedSupport=True)


async def test_a_version_without_standard_support_needs_extended_support(rds: RDSWorld) -> None:
    rds.strict.ended = frozenset({13})
    refused, *_ = await rds.drive(rds.wanted(version="13"))
    assert (refused.state, refused.reason) == (State.STALLED, Reason.REJECTED)
    assert "past its end of standard support date" in refused.message
    await rds.made(version="13", extendedSupport=True)
    assert rds.instance["EngineLifecycleSupport"] == rds_rules.ENROLLED


GROUP_LISTS = ("DescribeDBSubnetGroups", "DescribeDBParameterGroups", "DescribeSecurityGroups")


async def test_one_read_serves_all_groups_of_a_region(rds: RDSWorld) -> None:
    worlds = await of_one_region(rds, 6)
    before = len(rds.proxy.calls)
    for world in worlds:
        await world.quiet()
    calls = [call for call in rds.proxy.calls[before:] if call.action in GROUP_LISTS]
    first = [call.action for call in calls if "Marker" not in call.body]
    assert sorted(first) == sorted(GROUP_LISTS)
    assert len(calls) > len(first)  # six groups of RDS have two pages


@pytest.mark.parametrize("changed", ["subnets", "parameters", "ingress"])
async def test_a_group_is_seen_as_it_is_after_a_write_to_it(rds: RDSWorld, changed: str) -> None:
    """The clock stands still, so that only the write makes the list stale; the other lists are not read again."""
    await rds.made()
    rds.scope.clients.lists = ListCache(4, lambda: rds.strict.now)
    await rds.quiet()
    wanted = rds.wanted(**({"parameters": {"work_mem": "8192"}} if changed == "parameters" else {}))
    if changed == "subnets":
        wanted = replace(wanted, network=replace(wanted.network, subnets=frozenset({"subnet-1", "subnet-3"})))
    if changed == "ingress":
        wanted = replace(wanted, network=replace(wanted.network, pods=rds.network.groups(rds.name)[0]["GroupId"]))
    before, writes = len(rds.proxy.calls), len(rds.proxy.writes())
    for _ in range(6):
        parts = await rds.one_pass(wanted)
    assert {part.state for part in parts} == {State.READY}
    assert len(rds.proxy.writes()) - writes == (2 if changed == "ingress" else 1)
    listed = [call.action for call in rds.proxy.calls[before:] if call.action in GROUP_LISTS]
    assert len(set(listed)) <= 1


async def test_a_list_of_groups_that_fails_changes_nothing(rds: RDSWorld) -> None:
    await rds.made()
    rds.scope.clients.lists = ListCache(4, lambda: rds.strict.now)
    before, known = rds.proxy.writes(), dict(rds.known)
    rds.proxy.faults = [Fault(action, xml_refusal("Throttling", "Rate exceeded"), 1) for action in GROUP_LISTS]
    parts = await rds.one_pass(rds.wanted())
    assert {part.kind for part in parts if part.reason is Reason.AWS_THROTTLED} == {kind.name for kind in KINDS[1:]}
    assert (rds.proxy.writes(), rds.known) == (before, known)
    await rds.quiet()


async def test_pods_of_another_account_are_named_with_their_account(rds: RDSWorld) -> None:
    """As "Update your security groups to reference peer security groups" has it: 123456789012/sg-1a2b3c4d."""
    group = rds.network.pods
    rds.network = replace(rds.network, pods=f"210987654321/{group}")
    await rds.made()
    (call,) = (call for call in rds.proxy.calls if call.action == "AuthorizeSecurityGroupIngress")
    assert call.body["IpPermissions.1.Groups.1.GroupId"] == group
    assert call.body["IpPermissions.1.Groups.1.UserId"] == "210987654321"
    await rds.quiet()


async def test_a_group_of_the_pods_that_does_not_exist_is_told(rds: RDSWorld) -> None:
    rds.network = replace(rds.network, pods="sg-0123456789abcdef0")
    for _ in range(30):
        parts = await rds.one_pass(rds.wanted())
        rds.strict.advance(min(part.after for part in parts if part.after))
    (told,) = (part for part in parts if part.kind == "SecurityGroup")
    assert (told.reason, told.after) == (Reason.REJECTED, 60)
    assert "sg-0123456789abcdef0 of the pods; correct spec.aws.podSecurityGroupID" in told.message
