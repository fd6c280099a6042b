"""PURE: the tables of field rules of what one database of provider `rds` is made of."""

from dataclasses import dataclass
from typing import Any

from ...facts import Reason
from ..engine.fields import Field, Reasons, ResourceSchema
from ..engine.rules import (
    Change,
    Effect,
    Outcome,
    Refusal,
    at_least,
    entries,
    exact,
    if_given,
    immutable,
    immutable_if_given,
)
from ..engine.tags import owned_tags
from .parameters import parameters
from .responses import Major

_MOVE = "restore it, or declare a database of another name and move the data"
_NETWORK = "restore aws.vpcID of the Environment, or declare a database of another name and move the data"


@dataclass(frozen=True)
class WantedMajor:
    """The major version, and the name of the snapshot that is taken before an upgrade to it."""

    number: int
    snapshot: str


@dataclass(frozen=True)
class Disk:
    """GiB that are wanted, and up to where AWS may grow the disk by itself."""

    size: int
    ceiling: int


def upgraded(desired: WantedMajor, observed: Major) -> Outcome:
    """Upwards only, and not without a snapshot; the minor version is AWS's."""
    if desired.number == observed.number:
        return None
    if desired.number < observed.number:
        return Refusal(
            f"is never lowered, {observed.number} in place and {desired.number} wanted; set it to {observed.number}, "
            "or declare a database of another name and move the data"
        )
    if observed.failed:
        return Refusal(
            f"was to become {desired.number}, and RDS left it at {observed.number}; read the events of the instance "
            "and its upgrade log, and mend what they name; it is tried again within six hours"
        )
    if observed.snapshot == "available":
        return Change(desired.number, f"upgrading to {desired.number}")
    return Change(desired.snapshot, f"taking snapshot {desired.snapshot} before the upgrade to {desired.number}")


def grown(desired: Disk, observed: int) -> Outcome:
    """It only grows: what AWS added, within what it may, stays."""
    if observed < desired.size:
        return Change(desired.size, f"growing the disk from {observed}Gi to {desired.size}Gi")
    if observed <= max(desired.size, desired.ceiling):
        return None
    return Refusal(f"never shrinks, {observed}Gi in place and {desired.size}Gi wanted; set it to {observed}Gi")


def on_port(desired: int, observed: int | None) -> Outcome:
    """Elsewhere nobody would reach it: what is opened for an instance is its usual port."""
    if observed in (None, desired):
        return None
    return Refusal(
        f"is {observed}, and what the operator opens for an instance is {desired}; change that first "
        "(ModifyDBInstance, DBPortNumber)"
    )


def at_once(desired: bool, observed: Any) -> Outcome:  # noqa: FBT001 a rule looks at both sides
    """What waits is done now, if the spec says so."""
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
        Field("ingress", entries, "what it admits"),
        Field("egress", entries, "what it lets out"),
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
        Field("family", immutable("remove that group"), "its family"),
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
        Field("vpc", immutable_if_given(_NETWORK), "its VPC"),
        Field("subnet_group", immutable_if_given(_NETWORK), "its subnet group"),
        Field("port", on_port, "its port", once=True),
        Field("tags", owned_tags, "tags"),
        Field("public", exact, "its public address", step="settings"),
        Field("protection", exact, "its deletion protection", step="settings"),
        Field("managed_password", exact, "who keeps its admin password", step="settings"),
        Field("minor_upgrades", exact, "its minor upgrades", step="settings"),
        Field("copy_tags", exact, "tags of its snapshots", step="settings"),
        Field("security_groups", if_given, "its security group", step="settings"),
        Field("parameter_group", if_given, "its parameter group", step="settings", effect=Effect.RESTART),
        Field("retention", exact, "backup.retentionDays", step="settings", unsaid=at_least),
        Field("backup_window", if_given, "backup.window", step="settings"),
        Field("maintenance_window", if_given, "maintenance.window", step="settings"),
        Field("max_storage", exact, "storage.maxSize", step="settings"),
        Field("major", upgraded, "version", effect=Effect.RESTART, later=True),
        Field("class", exact, "size", step="hardware", effect=Effect.RESTART),
        Field("multi_az", exact, "highAvailability", step="hardware", effect=Effect.RESTART),
        Field("storage", grown, "storage.size", step="hardware", effect=Effect.RESTART),
        Field("storage_type", exact, "storage.type", step="hardware", effect=Effect.RESTART),
        Field("waiting", at_once, "at once what waited for the maintenance window", effect=Effect.RESTART),
        Field("restart", at_once, "parameters that a restart brings", effect=Effect.RESTART),
    ),
    _reasons(Reason.DATABASE_CREATED, Reason.DATABASE_DELETED),
    "database",
)
KINDS = (INSTANCE, SUBNET_GROUP, PARAMETER_GROUP, SECURITY_GROUP)  # in the order in which they go
