"""Sources from which a database or a table is restored when it is created."""

from typing import Annotated

from pydantic import Field, StringConstraints

from .arns import BACKUP_ARN
from .base import Model, Rule
from .patterns import pattern
from .scalars import DNS_LABEL_ALPHA, SNAPSHOT_IDENTIFIER, UTC_TIME, AlwaysTrue

SnapshotIdentifier = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=SNAPSHOT_IDENTIFIER)]
InstanceIdentifier = Annotated[str, StringConstraints(max_length=63, pattern=DNS_LABEL_ALPHA)]
TableName = Annotated[
    str,
    StringConstraints(min_length=3, max_length=255, pattern=pattern(r"^[a-zA-Z0-9_.-]+$", "letters, digits and _ . -")),
]
BackupARN = Annotated[str, StringConstraints(max_length=400, pattern=BACKUP_ARN)]
Time = Annotated[str, StringConstraints(max_length=20, pattern=UTC_TIME)]

_TIME_OR_LATEST = Rule(
    cel="has(self.time) != has(self.latest)",
    holds=lambda self: (self.time is None) != (self.latest is None),
    message="pointInTime must set exactly one of time and latest; add or remove one of them",
)


class InstancePointInTime(Model):
    """A point in time of an RDS instance, or of its automated backups if the instance was deleted."""

    source_instance: InstanceIdentifier
    """Identifier in AWS of the instance."""
    time: Time | None = None
    """Time in UTC, such as 2026-11-30T09:15:00Z."""
    latest: AlwaysTrue | None = None
    """Latest time to which AWS can restore."""
    rules = (_TIME_OR_LATEST,)


class InstanceSource(Model):
    """What a new instance is restored from; set exactly one."""

    snapshot_identifier: SnapshotIdentifier | None = None
    """Identifier of a DB snapshot in the account and region of the Environment."""
    point_in_time: InstancePointInTime | None = None
    """A point in time of an instance."""
    rules = (
        Rule(
            cel="has(self.snapshotIdentifier) != has(self.pointInTime)",
            holds=lambda self: (self.snapshot_identifier is None) != (self.point_in_time is None),
            message="restoreFrom must set exactly one of snapshotIdentifier and pointInTime; add or remove one of them",
        ),
    )


class TablePointInTime(Model):
    """A point in time of a table with point-in-time recovery."""

    source_table: TableName
    """Name of the table in AWS, which must exist."""
    time: Time | None = None
    """Time in UTC, such as 2026-11-30T09:15:00Z."""
    latest: AlwaysTrue | None = None
    """Latest time to which AWS can restore."""
    rules = (_TIME_OR_LATEST,)


class TableSource(Model):
    """What a new table is restored from; set exactly one."""

    backup_arn: Annotated[BackupARN | None, Field(alias="backupARN")] = None
    """ARN of a backup in the account and region of the Environment."""
    point_in_time: TablePointInTime | None = None
    """A point in time of another table."""
    rules = (
        Rule(
            cel="has(self.backupARN) != has(self.pointInTime)",
            holds=lambda self: (self.backup_arn is None) != (self.point_in_time is None),
            message="restoreFrom must set exactly one of backupARN and pointInTime; add or remove one of them",
        ),
    )


def point_of(source: InstancePointInTime | TablePointInTime) -> str:
    """Describe the point in time in a message."""
    return source.time or "its latest restorable time"
