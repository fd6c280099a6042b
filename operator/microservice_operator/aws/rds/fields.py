"""PURE: the field rules of a `rds` database's resources: instance, subnet, parameter and security group."""

from dataclasses import dataclass
from typing import Any

from ...facts import Reason
from ..engine.fields import Field, Reasons, ResourceSchema
from ..engine.rules import (
    Change,
    Effect,
    Outcome,
    Refusal,
    Rule,
    at_least,
    entries,
    exact,
    if_given,
    ignore_after_create,
    immutable,
    immutable_if_given,
)
from ..engine.tags import owned_tags
from .parameters import parameters
from .responses import BY_AWS_BACKUP, Major
from .support import lifecycle

_MOVE = "restore it, or declare a database with another name and move the data"
_NETWORK = "restore aws.vpcID of the Environment, or declare a database with another name and move the data"


@dataclass(frozen=True)
class DesiredMajor:
    """The desired major version, and the name of the snapshot before an upgrade to it."""

    number: int
    snapshot: str


@dataclass(frozen=True)
class Disk:
    """The desired size in GiB, and the size up to which AWS may grow the disk automatically."""

    size: int
    ceiling: int


def upgraded(desired: DesiredMajor, observed: Major) -> Outcome:
    """Rule: upgrade only upwards and only after a snapshot; AWS chooses the minor version."""
    if desired.number == observed.number:
        return None
    if desired.number < observed.number:
        return Refusal(
            f"cannot be lowered (current {observed.number}, requested {desired.number}); set it to {observed.number}, "
            "or declare a database with another name and move the data"
        )
    if observed.failed:
        return Refusal(
            f"could not be upgraded to {desired.number}, and RDS kept {observed.number}; fix the cause named in the "
            "instance's events and upgrade log; retried within six hours"
        )
    if observed.snapshot == "available":
        return Change(desired.number, f"upgrading to {desired.number}")
    return Change(desired.snapshot, f"taking snapshot {desired.snapshot} before the upgrade to {desired.number}")


def grown(desired: Disk, observed: int) -> Outcome:
    """Rule: only grow the disk; growth by AWS up to the ceiling stays, and so does what RDS rounds up.

    AllocatedStorage in "ModifyDBInstance": values that are not at least 10% greater are rounded up to 10% more.
    """
    if observed < desired.size:
        size = max(desired.size, _a_tenth_more(observed))
        return Change(size, f"growing the disk from {observed}Gi to {size}Gi")
    if observed <= max(_a_tenth_more(desired.size), desired.ceiling):
        return None
    return Refusal(f"cannot shrink (current {observed}Gi, requested {desired.size}Gi); set it to {observed}Gi")


def _a_tenth_more(size: int) -> int:
    return -(-size * 11 // 10)


def supported(desired: str | None, observed: str | None) -> Outcome:
    """Rule: enrol in RDS Extended Support or end it, if the spec says so and RDS shows it."""
    if desired is None or observed in (None, desired):
        return None
    on = desired == lifecycle(enrolled=True)
    return Change(desired, "enrolling it in RDS Extended Support" if on else "ending its RDS Extended Support")


def of_backups(rule: Rule) -> Rule:
    """Apply a rule unless AWS Backup takes the backups: RDS then refuses to change retention and window.

    "Using AWS Backup to manage automated backups" in the Amazon RDS User Guide.
    """

    def unless_aws_backup(desired: Any, observed: Any) -> Outcome:
        return None if observed == BY_AWS_BACKUP else rule(desired, observed)

    return unless_aws_backup


def on_port(desired: int, observed: int | None) -> Outcome:
    """Rule: refuse another port, because the operator opens only the default port."""
    if observed in (None, desired):
        return None
    return Refusal(
        f"is {observed}, but the operator opens only port {desired}; change the instance's port first "
        "(ModifyDBInstance, DBPortNumber)"
    )


def at_once(desired: bool, observed: Any) -> Outcome:  # noqa: FBT001 the signature of a rule
    """Rule: apply pending changes now, if the spec says so."""
    return Change(to=True) if desired and observed else None


def _reasons(created: Reason, deleted: Reason) -> Reasons:
    return Reasons(
        creating=Reason.DATABASE_CREATING,
        created=created,
        updating=Reason.DATABASE_UPDATING,
        deleting=Reason.DATABASE_DELETING,
        deleted=deleted,
        retained=Reason.DATABASE_RETAINED,
        lost=Reason.DATABASE_LOST,
        unusable=Reason.DATABASE_UNUSABLE,
    )


_GROUP = _reasons(Reason.CHILD_CREATED, Reason.CHILD_DELETED)

SECURITY_GROUP = ResourceSchema(
    "SecurityGroup",
    (
        Field("vpc", immutable(_NETWORK), "its VPC"),
        Field("tags", owned_tags, "tags"),
        Field("ingress", entries, "its ingress rules"),
        Field("egress", entries, "its egress rules"),
    ),
    _GROUP,
    "database",
)
SUBNET_GROUP = ResourceSchema(
    "SubnetGroup",
    (
        Field("vpc", immutable(_NETWORK), "its VPC"),
        Field("tags", owned_tags, "tags"),
        Field("subnets", exact, "its subnets"),
    ),
    _GROUP,
    "database",
)
PARAMETER_GROUP = ResourceSchema(
    "ParameterGroup",
    (
        Field("family", immutable("delete that group"), "its family"),
        Field("tags", owned_tags, "tags"),
        Field("parameters", parameters, "parameters"),
    ),
    _GROUP,
    "database",
)
INSTANCE = ResourceSchema(
    "DatabaseInstance",
    (
        Field("identifier", immutable(_MOVE), "adopt.identifier"),
        Field("engine", immutable(_MOVE), "engine"),
        Field("encrypted", immutable("copy a snapshot of it with encryption and restore that"), "its encryption"),
        Field("key", ignore_after_create, "the Environment's aws.databaseKeyARN"),
        Field("vpc", immutable_if_given(_NETWORK), "its VPC"),
        Field("subnet_group", immutable_if_given(_NETWORK), "its subnet group"),
        Field("port", on_port, "its port", once=True),
        Field("tags", owned_tags, "tags"),
        Field("public", exact, "its public address", step="settings"),
        Field("protection", exact, "its deletion protection", step="settings"),
        Field("managed_password", exact, "management of its admin password", step="settings"),
        Field("minor_upgrades", exact, "its minor upgrades", step="settings"),
        Field("copy_tags", exact, "copying of tags to its snapshots", step="settings"),
        Field("security_groups", if_given, "its security group", step="settings"),
        Field("parameter_group", if_given, "its parameter group", step="settings", effect=Effect.RESTART),
        Field("retention", of_backups(exact), "backup.retentionDays", step="settings", unsaid=of_backups(at_least)),
        Field("backup_window", of_backups(if_given), "backup.window", step="settings"),
        Field("maintenance_window", if_given, "maintenance.window", step="settings"),
        Field("max_storage", exact, "storage.maxSize", step="settings"),
        # a step of its own: if RDS refuses it, the settings change all the same
        Field("lifecycle", supported, "extendedSupport"),
        Field("major", upgraded, "version", effect=Effect.RESTART, later=True),
        Field("class", exact, "size", step="hardware", effect=Effect.RESTART),
        Field("multi_az", exact, "highAvailability", step="hardware", effect=Effect.RESTART),
        Field("storage", grown, "storage.size", step="hardware", effect=Effect.RESTART),
        Field("storage_type", exact, "storage.type", step="hardware", effect=Effect.RESTART),
        Field("waiting", at_once, "pending changes of the maintenance window at once", effect=Effect.RESTART),
        Field("restart", at_once, "parameters that need a restart", effect=Effect.RESTART),
    ),
    _reasons(Reason.DATABASE_CREATED, Reason.DATABASE_DELETED),
    "database",
)
KINDS = (INSTANCE, SUBNET_GROUP, PARAMETER_GROUP, SECURITY_GROUP)  # in the order of deletion
