"""PURE: RDS's answers about an instance → fields.

A change that waits for the maintenance window is not drift: the future value counts
("PendingModifiedValues" of DescribeDBInstances).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .support import lifecycle

Described = Mapping[str, Any]
BY_AWS_BACKUP = "by AWS Backup"  # in place of the retention and window of backups that are not the operator's


@dataclass(frozen=True)
class Major:
    """The engine's major version, and the progress of an upgrade.

    `snapshot` is the state of the snapshot before the upgrade, "" without one; `failed` if RDS did not upgrade.
    """

    number: int
    snapshot: str = ""
    failed: bool = False


def observed_fields(instance: Described, snapshot: str, *, failed: bool = False) -> dict[str, Any]:
    """Return the fields that DescribeDBInstances answers; `snapshot` and `failed` are those of `Major`."""
    will_be = {**instance, **pending(instance)}
    by_aws_backup = bool(instance.get("AwsBackupRecoveryPointArn"))
    return {
        "identifier": instance["DBInstanceIdentifier"],
        "engine": instance["Engine"],
        "encrypted": instance["StorageEncrypted"],
        "key": instance.get("KmsKeyId", ""),
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
        "retention": BY_AWS_BACKUP if by_aws_backup else will_be["BackupRetentionPeriod"],
        "backup_window": BY_AWS_BACKUP if by_aws_backup else instance["PreferredBackupWindow"],
        "maintenance_window": instance["PreferredMaintenanceWindow"],
        "max_storage": instance.get("MaxAllocatedStorage"),
        "lifecycle": instance.get("EngineLifecycleSupport"),
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
    """Return the fields that RDS would show for an available instance created with these fields."""
    return {
        **fields,
        "lifecycle": fields["lifecycle"] or lifecycle(enrolled=False),
        "major": Major(fields["major"].number),
        "storage": fields["storage"].size,
        "waiting": frozenset(),
        "restart": False,
    }


def pending(instance: Described) -> dict[str, Any]:
    """Return the changes that wait for the maintenance window."""
    shown = instance.get("PendingModifiedValues", {})
    fields = ("AllocatedStorage", "BackupRetentionPeriod", "DBInstanceClass", "EngineVersion", "MultiAZ", "StorageType")
    return {name: shown[name] for name in fields if name in shown and shown[name] != instance.get(name)}


def restart_awaited(instance: Described) -> bool:
    """Whether parameters wait for a restart; the maintenance window alone does not restart the instance."""
    return any(group.get("ParameterApplyStatus") == "pending-reboot" for group in instance["DBParameterGroups"])


def major(version: str) -> int:
    """`16.4` → 16."""
    return int(version.split(".", maxsplit=1)[0])


def tags(instance: Described) -> dict[str, str]:
    """Return the tags, which are part of the instance's description."""
    return {tag["Key"]: tag["Value"] for tag in instance.get("TagList", [])}


def group_name(instance: str, number: int) -> str:
    """Return the name of an instance's parameter group: each major version has its own family and group."""
    return f"{instance}-pg{number}"


def _parameter_group(instance: Described) -> str:
    """Return the group's name without the version: an upgrade switches to the next version's group.

    While the upgrade waits, either group may be shown: the "ModifyDBInstance" page says that the name changes
    immediately, and hashicorp/terraform-provider-aws#47121 that RDS shows the old one. To take the new group back
    would leave the upgrade without it.
    """
    name = "".join(str(group["DBParameterGroupName"]) for group in instance["DBParameterGroups"][:1])
    for version in (instance["EngineVersion"], pending(instance).get("EngineVersion", "")):
        if version and name.endswith(suffix := f"-pg{major(version)}"):
            return name.removesuffix(suffix)
    return name
