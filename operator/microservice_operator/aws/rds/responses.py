"""PURE: what RDS says of an instance, as the plan's fields.

A change that waits for the maintenance window is not drift: what counts is what the instance will be
("PendingModifiedValues" of DescribeDBInstances).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Major:
    """The engine's major version, and how far an upgrade has come.

    `snapshot` is the state of the one that is made first, "" without one; `failed` that RDS was told and did not do it.
    """

    number: int
    snapshot: str = ""
    failed: bool = False


def observed_fields(instance: Described, snapshot: str, *, failed: bool = False) -> dict[str, Any]:
    """Fields that DescribeDBInstances answers; `snapshot` and `failed` are those of `Major`."""
    will_be = {**instance, **pending(instance)}
    return {
        "identifier": instance["DBInstanceIdentifier"],
        "engine": instance["Engine"],
        "encrypted": instance["StorageEncrypted"],
        "vpc": instance.get("DBSubnetGroup", {}).get("VpcId", ""),
        "subnet_group": instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName", ""),
        "port": instance.get("Endpoint", {}).get("Port"),
        "tags": tags(instance),
        "managed_password": "MasterUserSecret" in instance,
        "public": instance["PubliclyAccessible"],
        "protection": instance["DeletionProtection"],
        "minor_upgrades": instance["AutoMinorVersionUpgrade"],
        "copy_tags": instance.get("CopyTagsToSnapshot", False),
        "security_groups": frozenset(
            group["VpcSecurityGroupId"] for group in instance["VpcSecurityGroups"] if group["Status"] != "removing"
        ),
        "retention": will_be["BackupRetentionPeriod"],
        "backup_window": instance["PreferredBackupWindow"],
        "maintenance_window": instance["PreferredMaintenanceWindow"],
        "max_storage": instance.get("MaxAllocatedStorage"),
        "major": Major(major(will_be["EngineVersion"]), snapshot, failed),
        "parameter_group": _parameter_group(instance),
        "class": will_be["DBInstanceClass"],
        "multi_az": will_be["MultiAZ"],
        "storage": will_be["AllocatedStorage"],
        "storage_type": will_be["StorageType"],
        "waiting": frozenset(pending(instance)),
        "restart": restart_awaited(instance),
    }


def instance_as_made(fields: Mapping[str, Any]) -> dict[str, Any]:
    """How RDS would show an instance that was made as these fields want it, and has settled."""
    return {
        **fields,
        "major": Major(fields["major"].number),
        "storage": fields["storage"].size,
        "waiting": frozenset(),
        "restart": False,
    }


def pending(instance: Described) -> dict[str, Any]:
    """What waits for the maintenance window."""
    shown = instance.get("PendingModifiedValues", {})
    fields = ("AllocatedStorage", "BackupRetentionPeriod", "DBInstanceClass", "EngineVersion", "MultiAZ", "StorageType")
    return {name: shown[name] for name in fields if name in shown and shown[name] != instance.get(name)}


def restart_awaited(instance: Described) -> bool:
    """Whether parameters wait for a restart, which a maintenance window does not bring by itself."""
    return any(group.get("ParameterApplyStatus") == "pending-reboot" for group in instance["DBParameterGroups"])


def major(version: str) -> int:
    """`16.4` → 16."""
    return int(version.split(".", maxsplit=1)[0])


def tags(instance: Described) -> dict[str, str]:
    """Tags, which come with the instance."""
    return {tag["Key"]: tag["Value"] for tag in instance.get("TagList", [])}


def group_name(instance: str, number: int) -> str:
    """Name of the parameter group of an instance: each major version has a family, and a group, of its own."""
    return f"{instance}-pg{number}"


def _parameter_group(instance: Described) -> str:
    """The group without its version: an upgrade brings the next one's along."""
    name = "".join(group["DBParameterGroupName"] for group in instance["DBParameterGroups"][:1])
    return str(name).removesuffix(f"-pg{major(instance['EngineVersion'])}")
