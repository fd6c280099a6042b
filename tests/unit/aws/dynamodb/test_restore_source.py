"""When a name and a time prove that a table was its Microservice's, and which restores a table shows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from microservice_operator.api.restores import TableSource
from microservice_operator.aws.dynamodb.restore_source import SourceTable, is_restored, named_and_newer

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BACKUP = "arn:aws:dynamodb:us-east-1:123456789012:table/old/backup/01489602797149-73d8d5bc"
FROM_BACKUP = TableSource.model_validate({"backupARN": BACKUP})
AT_NOON = TableSource.model_validate({"pointInTime": {"sourceTable": "old", "time": "2026-11-30T12:00:00Z"}})
LATEST = TableSource.model_validate({"pointInTime": {"sourceTable": "old", "latest": True}})
OLD = "arn:aws:dynamodb:us-east-1:123456789012:table/old"


@pytest.mark.parametrize(
    ("name", "age", "proven"),
    [
        ("mine", timedelta(0), True),
        ("mine", timedelta(days=1), True),
        ("mine", timedelta(seconds=-1), False),  # an earlier Microservice of the name
        ("other", timedelta(days=1), False),
    ],
)
def test_what_name_and_time_prove(name: str, age: timedelta, proven: bool) -> None:
    table = SourceTable(name, "id", NOON + age, ("id",))
    assert named_and_newer(table, "mine", NOON) is proven
    assert not named_and_newer(table, "mine", None)


@pytest.mark.parametrize(
    ("source", "summary", "restored"),
    [
        (FROM_BACKUP, {"SourceBackupArn": BACKUP, "SourceTableArn": OLD}, True),
        (FROM_BACKUP, {"SourceBackupArn": f"{BACKUP}x", "SourceTableArn": OLD}, False),
        (FROM_BACKUP, {"SourceTableArn": OLD, "RestoreDateTime": NOON}, False),
        (LATEST, {"SourceTableArn": OLD, "RestoreDateTime": NOON}, True),
        (LATEST, {"SourceTableArn": f"{OLD}er", "RestoreDateTime": NOON}, False),
        (LATEST, {"SourceTableArn": OLD, "SourceBackupArn": BACKUP, "RestoreDateTime": NOON}, False),
        (AT_NOON, {"SourceTableArn": OLD, "RestoreDateTime": NOON + timedelta(milliseconds=400)}, True),
        (AT_NOON, {"SourceTableArn": OLD, "RestoreDateTime": NOON + timedelta(minutes=1)}, False),
        (AT_NOON, None, False),
        (FROM_BACKUP, None, False),
    ],
)
def test_the_restore_that_a_table_shows(source: TableSource, summary: Any, restored: bool) -> None:
    table = {"TableName": "mine"} | ({"RestoreSummary": summary} if summary else {})
    assert is_restored(source, table, "spec.tables[0].restoreFrom") is restored
