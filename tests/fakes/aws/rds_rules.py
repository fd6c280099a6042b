"""What RDS refuses, and the document that says so.

C  "CreateDBInstance", M "ModifyDBInstance", D "DeleteDBInstance", G "CreateDBSubnetGroup", P "CreateDBParameterGroup",
PM "ModifyDBParameterGroup", S "CreateDBSnapshot" of the Amazon RDS API Reference; U is the Amazon RDS User Guide.
"""

import re
from functools import cache
from typing import Any

import botocore.session

from tests.fakes.aws.proxy import Answer, xml_refusal

CLASSES = re.compile(
    r"^db\.(t4g|t3|m7g|m6g|r7g)\.(micro|small|medium|large|xlarge|2xlarge)$"
)  # U "DB instance classes"
IDENTIFIER = re.compile(r"^[a-z](-?[a-z0-9])*$")  # C: letters, digits, single hyphens, a letter first
WINDOW = re.compile(r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")
MINOR = {13: 20, 14: 17, 15: 12, 16: 8, 17: 4, 18: 1}  # the default minor version of each major
DEFAULT_KEY = "arn:aws:kms:us-east-1:123456789012:key/aaaaaaaa-0000-0000-0000-000000000000"  # aws/rds
DEFAULT_SECRET_KEY = "arn:aws:kms:us-east-1:123456789012:key/bbbbbbbb-0000-0000-0000-000000000000"  # aws/secretsmanager
ENROLLED = "open-source-rds-extended-support"
LIFECYCLES = (ENROLLED, f"{ENROLLED}-disabled")  # C and M: valid values
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
# U "Viewing Amazon RDS DB instance status": only these take changes; M: InvalidDBInstanceState
CHANGEABLE = ("available", "storage-optimization", "storage-full", "incompatible-parameters", "storage-initialization")
BROKEN = ("failed", "incompatible-restore", "incompatible-network", "incompatible-create", "restore-error")
DOWN = (
    *BROKEN,
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-option-group",
    "insufficient-capacity",
)
RESERVED = ("admin", "rdsadmin", "postgres_admin")  # U "Master user account privileges"


def bad(message: str, code: str = "InvalidParameterValue") -> Answer:
    """With the status that the service's model declares for the code."""
    return xml_refusal(code, message, _statuses().get(code, 400))


@cache
def _statuses() -> dict[str, int]:
    errors: Any = botocore.session.get_session().get_service_model("rds").error_shapes
    return {shape.error_code: shape.metadata["error"].get("httpStatusCode", 400) for shape in errors}


def upgrade_targets(version: str) -> list[str]:
    """U "Choosing a major version for an upgrade": a newer minor version needs a newer one of the next majors.

    All majors get their minor versions on the same days: terraform-aws-rds issue 627 has 16.13 and 17.9.
    """
    major, minor = (int(number) for number in version.split("."))
    ahead = max(0, minor - MINOR[major])
    return [f"{later}.{least + ahead}" for later, least in MINOR.items() if later > major]


def state(instance: dict[str, Any], act: str) -> Answer:
    name, status = instance["DBInstanceIdentifier"], instance["DBInstanceStatus"]
    return bad(f"Instance {name} is in state {status} and cannot {act}.", "InvalidDBInstanceState")


def refused_creation(wanted: dict[str, Any]) -> Answer | None:  # noqa: PLR0911 one refusal after another
    name = wanted["DBInstanceIdentifier"]
    if len(name) > 63 or not IDENTIFIER.match(name):  # C
        return bad(f"The parameter DBInstanceIdentifier is not a valid identifier: {name}")
    if not re.match(r"^[A-Za-z]\w{0,15}$", wanted["MasterUsername"]) or wanted["MasterUsername"] in RESERVED:  # C
        return bad("MasterUsername is not valid or is a reserved word used by the engine")
    if wanted.get("ManageMasterUserPassword") and "MasterUserPassword" in wanted:  # C
        return bad("You can't specify MasterUserPassword with ManageMasterUserPassword", "InvalidParameterCombination")
    password = wanted.get("MasterUserPassword", "long-enough")
    if not 8 <= len(password) <= 128 or set(password) & set('/"@ '):  # C
        return bad("The parameter MasterUserPassword is not a valid password")
    if wanted["Engine"] != "postgres" or not re.match(r"^1[3-8](\.\d+)?$", wanted["EngineVersion"]):  # C
        return bad(
            f"Cannot find version {wanted['EngineVersion']} for {wanted['Engine']}", "InvalidParameterCombination"
        )
    if not wanted.get("StorageEncrypted"):  # the tests' own: nothing of ours is unencrypted
        return bad("StorageEncrypted is off")
    if "MasterUserSecretKmsKeyId" in wanted and not wanted.get("ManageMasterUserPassword"):  # C
        return bad("MasterUserSecretKmsKeyId needs ManageMasterUserPassword", "InvalidParameterCombination")
    return refused_values(wanted, {})


def refused_values(wanted: dict[str, Any], instance: dict[str, Any]) -> Answer | None:  # noqa: PLR0911 one refusal after another
    """Values that a creation and a change both hold."""
    if wanted.get("EngineLifecycleSupport", ENROLLED) not in LIFECYCLES:
        return bad(f"Invalid EngineLifecycleSupport: {wanted['EngineLifecycleSupport']}")
    kind = wanted.get("DBInstanceClass")
    if kind and not CLASSES.match(kind):  # C, M
        return bad(f"Invalid DB Instance class: {kind}")
    size = wanted.get("AllocatedStorage", instance.get("AllocatedStorage", 0))
    if not 20 <= size <= 65536:  # C: 20 to 65536 for gp2 and gp3
        return bad(f"Invalid storage size for engine name postgres and storage type gp3: {size}")
    if "AllocatedStorage" in wanted and wanted.get("StorageType", instance.get("StorageType")) == "gp3":
        if size >= 400 and not 12000 <= wanted.get("Iops", 0) <= 64000:  # U "Amazon RDS DB instance storage": gp3
            return bad("You must specify Iops from 12000 to 64000", "InvalidParameterCombination")
        if size < 400 and ("Iops" in wanted or "StorageThroughput" in wanted):  # the same
            return bad("You can't specify IOPS or storage throughput for less than 400", "InvalidParameterCombination")
    ceiling = wanted.get("MaxAllocatedStorage")
    if ceiling and ceiling != size and ceiling * 10 < size * 11:  # U "Managing capacity automatically": 10% more
        return bad("Invalid max storage size for engine name postgres", "InvalidParameterCombination")
    if not 0 <= wanted.get("BackupRetentionPeriod", 1) <= 35:  # C
        return bad("BackupRetentionPeriod must be between 0 and 35")
    return _refused_windows({**instance, **wanted})


def refused_change(wanted: dict[str, Any], instance: dict[str, Any]) -> Answer | None:  # noqa: PLR0911 one refusal after another
    if "KmsKeyId" in wanted:  # M has no such parameter
        return bad("KmsKeyId cannot be changed", "InvalidParameterCombination")
    managed = "MasterUserSecret" in instance or not wanted.get("ManageMasterUserPassword")
    if "MasterUserSecretKmsKeyId" in wanted and managed:  # M: only while management of the password is turned on
        return bad("You can't change the KMS key used to encrypt the secret", "InvalidParameterCombination")
    if "Engine" in wanted and wanted["Engine"] != instance["Engine"]:  # M: Engine is for RDS Custom for Oracle alone
        return bad("The engine of an instance cannot be changed", "InvalidParameterCombination")
    if wanted.get("AllocatedStorage", 10**6) < instance["AllocatedStorage"]:  # U "Working with storage": never less
        return bad("Requested size is smaller than what is allocated", "InvalidParameterCombination")
    changes_disk = {"AllocatedStorage", "StorageType"} & wanted.keys()
    if changes_disk and _refused_disk(wanted, instance):
        return _refused_disk(wanted, instance)
    if {"BackupRetentionPeriod", "PreferredBackupWindow"} & wanted.keys() and "AwsBackupRecoveryPointArn" in instance:
        # crossplane-contrib/provider-aws issue 1356: leave them blank
        message = "The DB instance is associated with an AWS Backup resource; leave BackupRetentionPeriod blank"
        return bad(message, "InvalidParameterCombination")
    if changes_disk and instance["DBInstanceStatus"] == "storage-optimization":  # U "Working with storage": six hours
        message = "You can't currently modify the storage of this DB instance: the previous change is being optimized"
        return bad(message, "InvalidParameterCombination")
    version = wanted.get("EngineVersion")
    if version:
        now, then = (int(each.split(".")[0]) for each in (instance["EngineVersion"], version))
        if then < now:  # U "Upgrading the PostgreSQL DB engine": no way back
            return bad(f"Cannot upgrade postgres from {now} to {then}", "InvalidParameterCombination")
        if then > now and not wanted.get("AllowMajorVersionUpgrade"):  # M
            return bad("The AllowMajorVersionUpgrade flag must be present", "InvalidParameterCombination")
        if then > now and "DBParameterGroupName" not in wanted:  # M: a nondefault group needs one of the new family
            return bad("A parameter group of the new family must be given", "InvalidParameterCombination")
        exact = version if "." in version else f"{version}.{MINOR[then]}"
        if then > now and exact not in upgrade_targets(instance["EngineVersion"]):
            return bad(
                f"Cannot upgrade postgres from {instance['EngineVersion']} to {exact}", "InvalidParameterCombination"
            )
    return refused_values(wanted, instance)


def _refused_disk(wanted: dict[str, Any], instance: dict[str, Any]) -> Answer | None:
    """M, StorageType: io1, io2 and gp3 need Iops; terraform-provider-aws issue 28589: together with the size."""
    will_be = {**instance, **instance["PendingModifiedValues"], **wanted}  # what waits for the window counts
    kind, size = will_be["StorageType"], will_be["AllocatedStorage"]
    needs = kind in ("io1", "io2") or (kind == "gp3" and size >= 400)
    if needs and not {"AllocatedStorage", "Iops"} <= wanted.keys():
        message = "You must specify both the storage size and iops when modifying the storage size or iops on a DB "
        return bad(f"{message}instance that has iops.", "InvalidParameterCombination")
    return None


def refused_deletion(wanted: dict[str, Any], instance: dict[str, Any]) -> Answer | None:  # noqa: PLR0911 one refusal after another
    if instance["DeletionProtection"]:  # U "Deleting a DB instance"
        message = "Cannot delete protected DB Instance, please disable deletion protection and try again."
        return bad(message, "InvalidParameterCombination")
    skips, snapshot = wanted.get("SkipFinalSnapshot", False), wanted.get("FinalDBSnapshotIdentifier")
    if not skips and not snapshot:  # D
        message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        return bad(message, "InvalidParameterCombination")
    if skips and snapshot:  # D
        return bad(
            "FinalDBSnapshotIdentifier cannot be specified with SkipFinalSnapshot", "InvalidParameterCombination"
        )
    if snapshot and not IDENTIFIER.match(snapshot):  # D
        return bad(f"The parameter FinalDBSnapshotIdentifier is not a valid identifier: {snapshot}")
    status = instance["DBInstanceStatus"]
    if not skips and status in BROKEN:  # D: only with SkipFinalSnapshot
        return state(instance, "be snapshotted")
    if status in ("creating", "deleting", "backing-up", "modifying", "rebooting", "upgrading"):  # D
        return state(instance, "be deleted")
    return None


def _refused_windows(instance: dict[str, Any]) -> Answer | None:
    backup, maintenance = instance.get("PreferredBackupWindow"), instance.get("PreferredMaintenanceWindow")
    if backup and not WINDOW.match(backup):  # C
        return bad(f"Invalid backup window format: {backup}")
    if backup and _span(backup) < 30:  # C: at least 30 minutes
        return bad("The backup window must be at least 30 minutes.")
    if backup and maintenance and _overlap(backup, maintenance):  # C: must not conflict
        return bad("The backup window and maintenance window must not overlap.")
    return None


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _span(window: str) -> int:
    start, end = (_minutes(each) for each in window.split("-"))
    return (end - start) % DAY


def _overlap(backup: str, maintenance: str) -> bool:
    start, end = maintenance.split("-")
    first = DAYS.index(start[:3]) * DAY + _minutes(start[4:])
    length = (DAYS.index(end[:3]) * DAY + _minutes(end[4:]) - first) % (7 * DAY)
    daily = _minutes(backup.split("-", maxsplit=1)[0])
    spans = [(day * DAY + daily, _span(backup)) for day in range(-1, 9)]
    return any(begin < first + length and first < begin + long for begin, long in spans)
