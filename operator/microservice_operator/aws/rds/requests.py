"""PURE: fields and steps → parameters of RDS's calls."""

from collections.abc import Mapping
from typing import Any

from ..engine.decide import Step
from ..engine.tags import tag_list
from .responses import group_name, pending
from .support import lifecycle

MASTER = "operator_admin"  # "CreateDBInstance": 1 to 16 letters, numbers or underscores
_FAST_FROM = 400  # GiB of gp3 from which RDS stripes the disk; then its IOPS and throughput have these limits
_WITH_IOPS = ("io1", "io2")  # only of an adopted instance
_FAST = {"Iops": (12000, 64000), "StorageThroughput": (500, 4000)}
_PARAMETERS = {
    "public": "PubliclyAccessible",
    "protection": "DeletionProtection",
    "minor_upgrades": "AutoMinorVersionUpgrade",
    "copy_tags": "CopyTagsToSnapshot",
    "managed_password": "ManageMasterUserPassword",
    "retention": "BackupRetentionPeriod",
    "backup_window": "PreferredBackupWindow",
    "maintenance_window": "PreferredMaintenanceWindow",
    "class": "DBInstanceClass",
    "multi_az": "MultiAZ",
    "storage_type": "StorageType",
    "lifecycle": "EngineLifecycleSupport",
}


def creation(groups: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of CreateDBInstance; `groups` is the base name of its groups."""
    request = {
        "Engine": fields["engine"],
        "EngineVersion": str(fields["major"].number),
        "MasterUsername": MASTER,
        "StorageEncrypted": fields["encrypted"],
        "DBSubnetGroupName": groups,
        "DBParameterGroupName": group_name(groups, fields["major"].number),
        "VpcSecurityGroupIds": sorted(fields["security_groups"]),
        "Tags": tag_list(fields["tags"]),
        **{key: fields[field] for field, key in _PARAMETERS.items() if fields[field] is not None},
        **_storage(fields["storage"].size, fields["storage_type"], {}),
    }
    request.setdefault("EngineLifecycleSupport", lifecycle(enrolled=False))  # RDS enrols an instance by default
    if fields["max_storage"]:
        request["MaxAllocatedStorage"] = fields["max_storage"]
    if fields["key"]:
        request |= {"KmsKeyId": fields["key"], **secret_key(fields)}
    return request


def restoration(groups: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a restored instance; `groups` is the base name of its groups.

    Disk and key are those of the source. Backups, windows and the admin password are changed afterwards:
    ManageMasterUserPassword in "RestoreDBInstanceFromDBSnapshot" is for RDS for Oracle only.
    """
    now = ("public", "protection", "minor_upgrades", "copy_tags", "class", "multi_az", "lifecycle")
    request = {
        "DBSubnetGroupName": groups,
        "DBParameterGroupName": group_name(groups, fields["major"].number),
        "VpcSecurityGroupIds": sorted(fields["security_groups"]),
        "Tags": tag_list(fields["tags"]),
        **{_PARAMETERS[field]: fields[field] for field in now if fields[field] is not None},
    }
    request.setdefault("EngineLifecycleSupport", lifecycle(enrolled=False))
    return request


def secret_key(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key of the secret with the admin password, for the request with which RDS begins to manage it.

    MasterUserSecretKmsKeyId in "ModifyDBInstance": the key cannot change afterwards.
    """
    return {"MasterUserSecretKmsKeyId": fields["key"]} if fields["key"] else {}


def modification(step: Step, instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of ModifyDBInstance for one step; `instance` is RDS's description."""
    will_be = {**instance, **pending(instance)}  # a change must not take back one that waits for the window
    request = {_PARAMETERS[field]: value for field, value in step.changes.items() if field in _PARAMETERS}
    for field, value in step.changes.items():
        match field:
            case "security_groups":
                request["VpcSecurityGroupIds"] = sorted(value)
            case "max_storage":
                # "Managing capacity automatically": to turn it off, set it to the allocated size
                request["MaxAllocatedStorage"] = instance["AllocatedStorage"] if value is None else value
            case "storage":
                request |= _storage(value, step.changes.get("storage_type", will_be["StorageType"]), instance)
            case "storage_type" if "storage" not in step.changes:
                disk = _storage(will_be["AllocatedStorage"], value, instance)
                request |= disk if "Iops" in disk else {}
            case _:
                pass
    return request


def _storage(size: int, kind: str, instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the size, and IOPS and throughput where a request that changes size or type needs all of them.

    StorageType in "ModifyDBInstance": "If you specify io1, io2, or gp3 you must also include a value for the Iops
    parameter"; below `_FAST_FROM`, gp3 takes none. An io2 disk can have more than gp3 allows ("gp3 storage" in the
    Amazon RDS User Guide).
    """
    request: dict[str, Any] = {"AllocatedStorage": size}
    if kind == "gp3" and size >= _FAST_FROM:
        request |= {name: min(max(least, instance.get(name, 0)), most) for name, (least, most) in _FAST.items()}
    elif kind in _WITH_IOPS and "Iops" in instance:
        request["Iops"] = instance["Iops"]
    return request
