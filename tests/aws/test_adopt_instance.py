"""Existing RDS instances: adopted if the platform team allows it in the Environment, otherwise unchanged."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.aws.rds import instances as rds_instances
from microservice_operator.aws.rds.desired import DesiredInstance
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resources import Consent, Removal
from tests.aws.conftest import ACCOUNT, REGION
from tests.aws.rds_world import RDSWorld

NAME = "legacy-orders"
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{NAME}"
CONSENT = f"shop/order:databases/{NAME}"
YES, NO = Consent(allowed=True, item=CONSENT), Consent(allowed=False, item=CONSENT)
FITS: dict[str, Any] = {"storage": {"size": "50Gi"}, "adopt": {"identifier": NAME}}


def there(rds: RDSWorld, **more: Any) -> dict[str, Any]:
    """An instance as somebody has made it by hand."""
    found: dict[str, Any] = {
        "DBInstanceIdentifier": NAME,
        "DBInstanceArn": ARN,
        "DBInstanceClass": "db.t4g.small",
        "DBInstanceStatus": "available",
        "Engine": "postgres",
        "EngineVersion": "16.3",
        "MasterUsername": "postgres",
        "AllocatedStorage": 50,
        "StorageType": "gp3",
        "StorageEncrypted": True,
        "MultiAZ": False,
        "PubliclyAccessible": True,
        "AutoMinorVersionUpgrade": True,
        "CopyTagsToSnapshot": False,
        "DeletionProtection": False,
        "BackupRetentionPeriod": 1,
        "PreferredBackupWindow": "07:12-07:42",
        "PreferredMaintenanceWindow": "wed:09:11-wed:09:41",
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-old", "Status": "active"}],
        "DBSubnetGroup": {"DBSubnetGroupName": "old-subnets", "VpcId": rds.network.vpc},
        "DBParameterGroups": [{"DBParameterGroupName": "default.postgres16", "ParameterApplyStatus": "in-sync"}],
        "TagList": [{"Key": "team", "Value": "old"}],
        "PendingModifiedValues": {},
        "Endpoint": {"Address": "legacy.example", "Port": 5432},
        **more,
    }
    rds.strict.instances[NAME] = found
    return found


def wanted(rds: RDSWorld, adoption: Consent | None = YES, **spec: Any) -> DesiredInstance:
    return replace(rds.wanted(**{**FITS, **spec}), adoption=adoption)


def tags(instance: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["TagList"]}


async def untouched(rds: RDSWorld, want: DesiredInstance) -> Part:
    """It needs a person, and neither it nor anything around it was written."""
    before = copy.deepcopy(rds.strict.instances)
    (part,) = await rds.drive(want)
    assert (part.state, part.reason, part.id) == (State.STALLED, Reason.ADOPTION_REFUSED, "")
    assert not rds_instances.answers(part)
    assert rds.proxy.writes() == []
    assert rds.strict.instances == before
    return part


async def adopted(rds: RDSWorld) -> dict[str, Any]:
    parts = await rds.drive(wanted(rds), 300)
    assert {part.state for part in parts} == {State.READY}, parts
    assert parts[0].id == ARN
    rds.strict.settle()
    rds.strict.advance(120)
    return rds.strict.instances[NAME]


async def test_nothing_is_taken_over_or_made_without_consent(rds: RDSWorld) -> None:
    there(rds)
    part = await untouched(rds, wanted(rds, NO))
    assert f"add {CONSENT} to the Environment's annotation {names.ANNOTATION_ADOPT}" in part.message
    assert part.field == "spec.databases[0]"


async def test_with_consent_it_gets_our_marks_first_and_is_then_as_the_spec_says(rds: RDSWorld) -> None:
    there(rds)
    await rds.one_pass(wanted(rds))
    assert rds.proxy.writes() == ["AddTagsToResource"]
    instance = await adopted(rds)
    assert tags(instance).items() >= {**rds.scope.owner.marks, "team": "shop"}.items()
    [group] = rds.network.groups(rds.name)
    assert [member["VpcSecurityGroupId"] for member in instance["VpcSecurityGroups"]] == [group["GroupId"]]
    assert instance["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres16"
    assert (instance["PubliclyAccessible"], instance["DeletionProtection"]) == (False, True)
    assert instance["BackupRetentionPeriod"] == 7
    assert (instance["DBSubnetGroup"]["DBSubnetGroupName"], instance["MasterUsername"]) == ("old-subnets", "postgres")
    assert "CreateDBInstance" not in rds.proxy.writes()
    assert set(rds.strict.instances) == {NAME}
    endpoint = rds_instances.endpoint(rds.scope, NAME)
    assert endpoint
    assert (endpoint.host, (await endpoint.admin.login()).username) == ("legacy.example", "postgres")
    before = rds.proxy.writes()
    parts = await rds.one_pass(wanted(rds, NO))  # consent may be taken back
    assert {part.state for part in parts} == {State.READY}
    assert rds.proxy.writes() == before


async def test_the_key_of_its_disk_stays_and_needs_no_grant(rds: RDSWorld) -> None:
    """RDS uses the key of a disk by a grant of its own, so no pod needs a right on it, unlike the key of a table."""
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11"
    there(rds, KmsKeyId=key)
    instance = await adopted(rds)
    assert instance["KmsKeyId"] == key
    keys = {name for call in rds.proxy.calls if call.changes for name in call.body if "kms" in name.lower()}
    assert keys == set(), "nothing names a key"
    assert "kms" not in {call.service for call in rds.proxy.calls}


async def test_one_that_is_not_there_is_not_made(rds: RDSWorld) -> None:
    (part,) = await rds.drive(wanted(rds))
    assert (part.state, part.reason) == (State.STALLED, Reason.ADOPTION_REFUSED)
    assert rds.proxy.writes() == []


@pytest.mark.parametrize(
    ("differs", "field"),
    [
        ({"StorageEncrypted": False}, "its encryption"),
        ({"Engine": "mysql"}, "engine"),
        ({"AllocatedStorage": 100}, "storage.size"),
        ({"EngineVersion": "17.2"}, "version"),
        ({"Endpoint": {"Address": "legacy.example", "Port": 5433}}, "its port"),
        ({"DBSubnetGroup": {"DBSubnetGroupName": "old-subnets", "VpcId": "vpc-other"}}, "its VPC"),
    ],
)
async def test_what_is_set_once_must_fit(rds: RDSWorld, differs: dict[str, Any], field: str) -> None:
    there(rds, **differs)
    part = await untouched(rds, wanted(rds))
    assert f"database instance orders cannot be adopted: {field} " in part.message


async def test_an_upgrade_is_no_part_of_taking_over(rds: RDSWorld) -> None:
    there(rds, EngineVersion="14.9")
    part = await untouched(rds, wanted(rds))
    assert "declare the current value of version first, and change it after the adoption" in part.message


async def test_what_the_spec_does_not_mention_stays(rds: RDSWorld) -> None:
    legacy = {
        "AllocatedStorage": 300,
        "MaxAllocatedStorage": 1000,
        "StorageType": "io2",
        "Iops": 3000,
        "MultiAZ": True,
        "DBInstanceClass": "db.r6g.4xlarge",
        "BackupRetentionPeriod": 35,
        "DBParameterGroups": [{"DBParameterGroupName": "tuned", "ParameterApplyStatus": "in-sync"}],
    }
    there(rds, **legacy)
    parts = await rds.drive(replace(rds.wanted(adopt={"identifier": NAME}), adoption=YES), 300)
    rds.strict.settle()
    rds.strict.advance(120)
    assert {part.state for part in parts} == {State.READY}, parts
    instance = rds.strict.instances[NAME]
    assert {key: instance[key] for key in legacy if key != "DBParameterGroups"} == {
        key: value for key, value in legacy.items() if key != "DBParameterGroups"
    }
    assert instance["DBParameterGroups"][0]["DBParameterGroupName"] == "tuned"
    assert parts[0].message.endswith(
        "these fields are not declared and stay unchanged: its parameter group, backup.retentionDays, "
        "storage.maxSize, size, highAvailability, storage.size, storage.type"
    )
    assert instance["DeletionProtection"]


async def test_consent_to_take_over_is_none_to_delete(rds: RDSWorld) -> None:
    there(rds)
    await adopted(rds)
    for policy in ("Delete", "Snapshot"):
        leaving = Removal("orders", policy, rds.known, consent=NO)
        for _ in range(3):
            parts = await rds_instances.delete_instance(rds.scope, leaving)
        assert {part.state for part in parts} == {State.RETAINED}, parts
        assert names.ANNOTATION_DELETE_ADOPTED in parts[0].message
        assert parts[0].events[0].type == "Warning"
    assert rds.strict.instances[NAME]["DeletionProtection"]
    assert not {"DeleteDBInstance", "CreateDBSnapshot"} & set(rds.proxy.writes())


async def test_a_consented_deletion_leaves_the_automated_backups(rds: RDSWorld) -> None:
    there(rds)
    await adopted(rds)
    leaving = Removal("orders", "Delete", rds.known, consent=YES)
    for _ in range(5):
        await rds_instances.delete_instance(rds.scope, leaving)
    (call,) = [call for call in rds.proxy.calls if call.action == "DeleteDBInstance"][-1:]
    assert call.body["DeleteAutomatedBackups"] == "false"


async def test_what_carries_the_marks_of_another_stays_its(rds: RDSWorld) -> None:
    marks = Owner("cluster", replace(rds.scope.owner.identity, name="other", uid="x")).marks
    there(rds, TagList=[{"Key": key, "Value": value} for key, value in marks.items()])
    assert "Microservice shop/other" in (await untouched(rds, wanted(rds))).message


@pytest.mark.parametrize("spec", [{"adopt": None}, {"adopt": {"identifier": "another"}}])
async def test_what_is_taken_over_is_so_for_good(rds: RDSWorld, spec: dict[str, Any]) -> None:
    there(rds)
    await adopted(rds)
    before = rds.proxy.writes()
    parts = await rds.drive(wanted(rds, YES if spec["adopt"] else None, **spec))
    assert (parts[0].state, parts[0].reason, parts[0].id) == (State.STALLED, Reason.CHANGE_REFUSED, ARN)
    assert rds_instances.answers(parts[0])
    assert rds.proxy.writes() == before


async def test_a_deletion_leaves_alone_what_was_never_taken_over(rds: RDSWorld) -> None:
    before = copy.deepcopy(there(rds))
    leaving = Removal("orders", "Delete", adopts=NAME)
    parts = await rds_instances.delete_instance(rds.scope, leaving)
    assert (parts[0].state, parts[0].reason) == (State.RETAINED, Reason.CONFLICT)
    assert {part.state for part in parts} <= {State.RETAINED, State.READY}
    assert rds.strict.instances[NAME] == before
    assert rds.proxy.writes() == []


async def test_it_goes_after_a_last_snapshot_with_all_that_was_made_for_it(rds: RDSWorld) -> None:
    there(rds)
    await adopted(rds)
    seen = await rds.gone("Snapshot")
    assert seen[-1].state is State.READY
    assert rds.strict.instances == {}
    assert any(name.startswith(f"{NAME}-final-") for name in rds.strict.snapshots)
    assert rds.network.groups(rds.name) == []
    assert not rds.strict.groups.parameter_groups
    assert not rds.strict.groups.subnet_groups


async def test_retained_and_taken_over_again_by_one_of_the_same_name(rds: RDSWorld) -> None:
    there(rds)
    instance = await adopted(rds)
    assert {part.state for part in await rds.gone("Retain")} == {State.RETAINED}
    assert tags(instance)[names.TAG_RETAINED] == "true"
    owner = rds.scope.owner
    rds.scope = replace(rds.scope, owner=Owner(owner.cluster, replace(owner.identity, uid="later")))
    rds.known = {}
    parts = await rds.drive(wanted(rds, NO), 300)
    assert (parts[0].state, parts[0].id) == (State.READY, ARN)
    assert tags(instance)[names.TAG_UID] == "later"


async def test_an_upgrade_takes_its_snapshot_and_its_groups_by_the_names_of_both(rds: RDSWorld) -> None:
    there(rds)
    await adopted(rds)
    newer = wanted(rds, version="17", maintenance={"apply": "Immediately"})
    for _ in range(3):
        parts = await rds.drive(newer, 300)
        rds.strict.settle()
        rds.strict.advance(120)
    assert {part.state for part in parts} == {State.READY}, parts
    instance = rds.strict.instances[NAME]
    assert instance["EngineVersion"].startswith("17.")
    assert instance["DBParameterGroups"][0]["DBParameterGroupName"] == f"{rds.name}-pg17"
    assert any(name.startswith(f"{NAME}-before-17-") for name in rds.strict.snapshots)


async def test_one_that_is_lost_is_made_anew_only_if_a_person_says_so(rds: RDSWorld) -> None:
    there(rds)
    await adopted(rds)
    del rds.strict.instances[NAME]
    lost = (await rds.drive(wanted(rds)))[0]
    assert (lost.reason, lost.id) == (Reason.DATABASE_LOST, ARN)
    parts = await rds.drive(replace(wanted(rds), recreate=True), 300)
    assert parts[0].state is State.READY, parts
    assert set(rds.strict.instances) == {NAME}
