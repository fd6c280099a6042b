"""PURE: what a table is restored from, and whether its data is proven to be the Microservice's.

A backup has no tags of its own. Its table proves the owner if it still exists with our owner tags. If it is gone, name
and time do: the operator's name of a table holds a hash of the cluster, the namespace and the Microservice, and no
earlier Microservice of that name can own a table that was created after this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...api.restores import TableSource, point_of
from ...errors import NeedsPerson
from ...facts import Reason
from ..engine.restores import restore_time

_TOLERANCE = 1.0  # seconds: DynamoDB restores to the second


@dataclass(frozen=True)
class SourceTable:
    """The table that a backup was taken of, or whose past is restored."""

    name: str
    id: str
    created: datetime
    keys: tuple[str, ...]


def describe_source(source: TableSource) -> str:
    """Describe it in a message."""
    if source.point_in_time:
        return f"table {source.point_in_time.source_table} at {point_of(source.point_in_time)}"
    return f"backup {source.backup_arn}"


def table_of(source: TableSource) -> str:
    """Return the name in AWS of the table that the data is of."""
    if source.point_in_time:
        return source.point_in_time.source_table
    return str(source.backup_arn).split("/")[1]


def source_table(described: Mapping[str, Any]) -> SourceTable:
    """Read a `TableDescription`, or the `SourceTableDetails` of a backup."""
    created = described.get("TableCreationDateTime") or described["CreationDateTime"]
    ordered = sorted(described["KeySchema"], key=lambda key: key["KeyType"])  # HASH before RANGE
    keys = tuple(key["AttributeName"] for key in ordered)
    return SourceTable(described["TableName"], described.get("TableId", ""), created, keys)


def named_and_newer(table: SourceTable, own_name: str, owner_created: datetime | None) -> bool:
    """Whether name and time prove that a table was its Microservice's own."""
    return owner_created is not None and table.name == own_name and table.created >= owner_created


def refuse_misfit(source: TableSource, table: SourceTable, keys: tuple[tuple[str, str], ...], field: str) -> None:
    """Raise NeedsPerson if the restored table could never get the declared keys."""
    declared = tuple(name for name, _ in keys)
    if table.keys != declared:
        message = (
            f"{describe_source(source)} has the keys {', '.join(table.keys)}, but {', '.join(declared)} is declared; "
            "declare its partitionKey and sortKey, or correct restoreFrom"
        )
        raise NeedsPerson(Reason.RESTORE_REFUSED, message, field)


def request(source: TableSource, name: str, key: str, field: str) -> tuple[str, dict[str, Any]]:
    """Return action and parameters of the call that restores table `name`, encrypted with KMS key `key` if not "".

    Everything else that differs from the spec is changed afterwards. Raises NeedsPerson if the time is no date.
    """
    settings: dict[str, Any] = {"TargetTableName": name}
    if key:
        settings["SSESpecificationOverride"] = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    point = source.point_in_time
    if point is None:
        return "RestoreTableFromBackup", {"BackupArn": source.backup_arn, **settings}
    moment = {"RestoreDateTime": restore_time(point.time, field)} if point.time else {"UseLatestRestorableTime": True}
    return "RestoreTableToPointInTime", {"SourceTableName": point.source_table, **moment, **settings}


def is_restored(source: TableSource, table: Mapping[str, Any], field: str) -> bool:
    """Whether a table shows in its `RestoreSummary` that it was restored from this source."""
    summary, point = table.get("RestoreSummary", {}), source.point_in_time
    if point is None:
        return bool(summary.get("SourceBackupArn") == source.backup_arn)
    if summary.get("SourceBackupArn") or summary.get("SourceTableArn", "").rpartition("/")[2] != point.source_table:
        return False
    if point.time is None:
        return True
    restored_to: datetime = summary["RestoreDateTime"]
    return abs((restored_to - restore_time(point.time, field)).total_seconds()) <= _TOLERANCE
