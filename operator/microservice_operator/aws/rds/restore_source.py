"""PURE: what an instance is restored from, and whether it fits the spec."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...api.restores import InstancePointInTime, InstanceSource, point_of
from ...errors import NeedsPerson
from ...facts import Reason
from .responses import Described, major, tags

Call = tuple[str, dict[str, Any]]  # action and parameters


@dataclass(frozen=True)
class SourceData:
    """A snapshot, an instance or its automated backups; `named` are the parameters with which a call names it."""

    engine: str
    version: int
    encrypted: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)


def describe_source(source: InstanceSource) -> str:
    """Describe it in a message."""
    if source.point_in_time:
        return f"instance {source.point_in_time.source_instance} at {point_of(source.point_in_time)}"
    return f"snapshot {source.snapshot_identifier}"


def name_of(source: InstanceSource) -> str:
    """Return the name by which the spec names the source."""
    return source.point_in_time.source_instance if source.point_in_time else str(source.snapshot_identifier)


def source_data(described: Described, named: Mapping[str, str]) -> SourceData:
    """Read RDS's description of a snapshot, an instance or automated backups."""
    encrypted = described.get("Encrypted", described.get("StorageEncrypted", False))
    return SourceData(described["Engine"], major(described["EngineVersion"]), encrypted, tags(described), named)


def choose_backup(backups: Iterable[Described], point: InstancePointInTime, when: datetime | None) -> Described | None:
    """Return the automated backups of a deleted instance that contain the time, else None.

    Several deleted instances may have had the same name; without a time the newest one counts.
    """
    kept = sorted(
        (backup for backup in backups if backup["Status"] == "retained" and backup.get("RestoreWindow")),
        key=lambda backup: backup["InstanceCreateTime"],
    )
    if point.latest:
        return kept[-1] if kept else None
    windows = ((backup, backup["RestoreWindow"]) for backup in reversed(kept))
    return next(
        (backup for backup, span in windows if when and span["EarliestTime"] <= when <= span["LatestTime"]), None
    )


def refuse_misfit(source: InstanceSource, found: SourceData, fields: Mapping[str, Any], at: str) -> None:
    """Raise NeedsPerson if the restored instance could never be as declared; `at` is the path of the database."""
    what = describe_source(source)
    if found.engine != fields["engine"]:
        message = f"{what} is of engine {found.engine}, but {fields['engine']} is declared; correct restoreFrom"
        raise NeedsPerson(Reason.RESTORE_REFUSED, message, f"{at}.restoreFrom")
    wanted = fields["major"].number
    if found.version != wanted:
        message = (
            f"{what} has major version {found.version}, but version is {wanted}; declare a database with version "
            f"{found.version}, restore it, then raise its version"
        )
        raise NeedsPerson(Reason.RESTORE_REFUSED, message, f"{at}.version")
    if not found.encrypted:
        message = f"{what} is not encrypted; copy a snapshot of it with encryption, and restore that"
        raise NeedsPerson(Reason.RESTORE_REFUSED, message, f"{at}.restoreFrom")


def call(source: InstanceSource, found: SourceData, name: str, when: datetime | None) -> Call:
    """Return action and source parameters of the call that restores instance `name`."""
    if source.point_in_time is None:
        return "RestoreDBInstanceFromDBSnapshot", {"DBInstanceIdentifier": name, **found.named}
    moment = {"RestoreTime": when} if when else {"UseLatestRestorableTime": True}
    return "RestoreDBInstanceToPointInTime", {"TargetDBInstanceIdentifier": name, **found.named, **moment}
