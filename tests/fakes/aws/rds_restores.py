"""Restores of RDS instances, and the snapshots and automated backups that they start from.

RS "RestoreDBInstanceFromDBSnapshot", RT "RestoreDBInstanceToPointInTime" of the Amazon RDS API Reference; the other
letters are those of `rds_rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from tests.fakes.aws import rds_rules
from tests.fakes.aws.proxy import Answer
from tests.fakes.aws.rds_groups import Groups
from tests.fakes.aws.rds_rules import bad, state

ACTIONS = ("RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime")
Instance = dict[str, Any]
# RS and RT: "created from the source database restore point with most of the source's original configuration"
KEPT = (
    "Engine", "EngineVersion", "MasterUsername", "AllocatedStorage", "StorageType", "Iops", "StorageThroughput",
    "StorageEncrypted", "KmsKeyId", "DBInstanceClass", "BackupRetentionPeriod", "PreferredBackupWindow",
    "PreferredMaintenanceWindow", "AvailabilityZone", "_data",
)  # fmt: skip


@runtime_checkable
class Copying(Protocol):
    """Servers of instances whose data can be copied."""

    def copy(self, name: str) -> Any:
        """Copy the data of an instance."""

    def restore(self, name: str, data: Any) -> tuple[str, int]:
        """Start the server of a new instance with copied data; return where it answers."""

    def renew(self, name: str, admin: str, password: str) -> None:
        """Give the admin another password."""


@dataclass
class Backups:
    """The automated backups of deleted instances."""

    retained: list[dict[str, Any]] = field(default_factory=list)

    def past_of(self, wanted: Mapping[str, Any], instances: Mapping[str, Instance]) -> Instance | Answer:
        """The instance whose past a request restores."""
        if "SourceDbiResourceId" in wanted:
            wanted_id = wanted["SourceDbiResourceId"]
            kept = next((each for each in self.retained if each["DbiResourceId"] == wanted_id), None)
            if kept is None:
                return bad(f"Automated backup {wanted_id} not found", "DBInstanceAutomatedBackupNotFound")
            return _outside(wanted, kept["RestoreWindow"]["EarliestTime"]) or {**kept["_instance"], "TagList": []}
        name = wanted["SourceDBInstanceIdentifier"]
        instance = instances.get(name)
        if instance is None:
            return bad(f"DBInstance {name} not found.", "DBInstanceNotFound")
        if not instance["BackupRetentionPeriod"]:  # RT: PointInTimeRestoreNotEnabled
            message = f"Point in time recovery is not enabled for {name}"
            return bad(message, "PointInTimeRestoreNotEnabled")
        if instance["DBInstanceStatus"] in ("creating", "deleting"):  # RT: InvalidDBInstanceState
            return state(instance, "be restored")
        return _outside(wanted, instance["InstanceCreateTime"]) or {**instance, "TagList": []}

    @staticmethod
    def snapshot(name: str, snapshots: Mapping[str, dict[str, Any]]) -> Instance | Answer:
        """The instance that a snapshot was taken of, as it was."""
        snapshot = snapshots.get(name)
        if snapshot is None:  # RS
            return bad(f"DBSnapshot {name} not found.", "DBSnapshotNotFound")
        if snapshot["Status"] != "available":  # RS
            return bad("The snapshot is not available", "InvalidDBSnapshotState")
        return {**snapshot["_instance"], "TagList": snapshot["TagList"]}

    def retain(self, instance: Instance) -> None:
        """U "Retaining automated backups": they stay for the retention period, with the instance's tags."""
        named = ("DBInstanceIdentifier", "DBInstanceArn", "DbiResourceId", "Engine", "EngineVersion",
                 "InstanceCreateTime", "AllocatedStorage", "TagList", "MasterUsername")  # fmt: skip
        window = {"EarliestTime": instance["InstanceCreateTime"], "LatestTime": datetime.now(UTC).isoformat()}
        self.retained.append(
            {
                **{key: instance[key] for key in named},
                "Encrypted": instance["StorageEncrypted"],
                "Status": "retained",
                "RestoreWindow": window,
                "_instance": {**instance},
            }
        )

    def described(self, wanted: Mapping[str, Any]) -> dict[str, Any] | Answer:
        """The retained ones of a name; those of existing instances are the tests' own omission."""
        name = wanted["DBInstanceIdentifier"]
        found = [each for each in self.retained if each["DBInstanceIdentifier"] == name]
        if not found:  # "DescribeDBInstanceAutomatedBackups": DBInstanceAutomatedBackupNotFound
            return bad(f"Automated backups of {name} not found", "DBInstanceAutomatedBackupNotFound")
        return {"DBInstanceAutomatedBackups": found}


def _outside(wanted: Mapping[str, Any], earliest: str) -> Answer | None:
    """RT, RestoreTime: not before the first backup, not in the future."""
    moment = wanted.get("RestoreTime")
    if moment is None:
        return None
    if datetime.fromisoformat(earliest) <= datetime.fromisoformat(moment) <= datetime.now(UTC):
        return None
    return bad("The specified instance cannot be restored to that time: it is outside the restore window")


def refused(wanted: dict[str, Any], source: Instance, groups: Groups) -> Answer | None:
    """What both calls refuse about the new instance."""
    if "ManageMasterUserPassword" in wanted:  # RS and RT: "Applies to RDS for Oracle only"
        return bad("ManageMasterUserPassword applies to RDS for Oracle only", "InvalidParameterCombination")
    return rds_rules.refused_values(wanted, source) or groups.refused_use(wanted, None, source)


def restored(name: str, wanted: dict[str, Any], source: Instance, groups: Groups) -> Instance:
    """The new instance. RS: without tags in the request, it gets those of the source; by default no protection."""
    group = groups.subnet_groups[wanted["DBSubnetGroupName"]]
    given = ("DBInstanceClass", "MultiAZ", "PubliclyAccessible", "AutoMinorVersionUpgrade", "CopyTagsToSnapshot",
             "DeletionProtection")  # fmt: skip
    return {
        "MultiAZ": False,
        "PubliclyAccessible": True,
        "AutoMinorVersionUpgrade": True,
        "CopyTagsToSnapshot": False,
        "DeletionProtection": False,
        **{key: source[key] for key in KEPT if key in source},
        **{key: wanted[key] for key in given if key in wanted},
        "DBInstanceIdentifier": name,
        "DBInstanceStatus": "creating",
        "EngineLifecycleSupport": wanted.get("EngineLifecycleSupport", rds_rules.ENROLLED),
        "DBSubnetGroup": {"DBSubnetGroupName": group["DBSubnetGroupName"], "VpcId": group["VpcId"]},
        "TagList": wanted.get("Tags") or source["TagList"],
        "PendingModifiedValues": {},
        "_restored": True,
    }
