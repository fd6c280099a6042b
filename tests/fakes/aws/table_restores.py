"""Restores of DynamoDB tables as AWS documents them, where the emulator is more permissive.

Sources are "RestoreTableFromBackup", "RestoreTableToPointInTime" and "RestoreSummary" in the DynamoDB API Reference.
"""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.fakes.aws.proxy import Answer, Call, Emulator, refusal

ACTIONS = ("RestoreTableFromBackup", "RestoreTableToPointInTime")
CONCURRENT = 50  # both pages: "up to 50 concurrent restores (any type of restore) in a given account"


@dataclass
class TableRestores:
    """What tables were restored from, by name; `keys` are the KMS keys of tables, `on_demand` those billed so."""

    keys: dict[str, str]
    on_demand: set[str]
    at_once: int = CONCURRENT
    summaries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def refused(self, call: Call, emulator: Emulator, under_way: int) -> Answer | None:
        """The errors that both pages declare, beyond those of the emulator."""
        if under_way >= self.at_once:
            return refusal("LimitExceededException", f"Up to {self.at_once} concurrent restores are allowed")
        if call.action == "RestoreTableFromBackup":
            return None
        source = call.body["SourceTableName"]
        described = emulator(Call(call.service, "DescribeContinuousBackups", {"TableName": source}))
        if described.status != 200:
            return refusal("TableNotFoundException", f"Table not found: {source}")
        recovery = described.body["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            message = f"Point in time recovery is not enabled for table '{source}'"
            return refusal("PointInTimeRecoveryUnavailableException", message)
        wanted = call.body.get("RestoreDateTime")
        if wanted is not None and not int(recovery["EarliestRestorableDateTime"]) <= wanted <= time.time():
            return refusal("InvalidRestoreTimeException", "RestoreDateTime is not within the restorable period")
        return None

    def restore(self, call: Call, emulator: Emulator) -> Answer:
        """Restore it with billing and key of the source, without tags, stream, time to live, backups, protection."""
        source = self._source(call, emulator)
        answer = emulator(call)
        if answer.status != 200:
            return answer
        name = call.body["TargetTableName"]
        summary = answer.body["TableDescription"]["RestoreSummary"]
        if "RestoreDateTime" in call.body:
            summary["RestoreDateTime"] = call.body["RestoreDateTime"]
        self.summaries[name] = summary
        override = call.body.get("SSESpecificationOverride", {}).get("KMSMasterKeyId")
        key = override or self.keys.get(source)
        self.keys.pop(name, None)
        if key:
            self.keys[name] = key
        if source in self.on_demand:  # the emulator forgets it
            emulator(Call(call.service, "UpdateTable", {"TableName": name, "BillingMode": "PAY_PER_REQUEST"}))
        return answer

    def _source(self, call: Call, emulator: Emulator) -> str:
        """The name of the table that the data is of, "" for a backup that does not exist."""
        if call.action == "RestoreTableToPointInTime":
            return str(call.body["SourceTableName"])
        answer = emulator(Call(call.service, "DescribeBackup", {"BackupArn": call.body["BackupArn"]}))
        return str(answer.body.get("BackupDescription", {}).get("SourceTableDetails", {}).get("TableName", ""))

    def show(self, table: dict[str, Any]) -> None:
        """Show where a table comes from."""
        summary = self.summaries.get(table["TableName"])
        if summary:
            table["RestoreSummary"] = {**summary, "RestoreInProgress": False}


def table_id(table: dict[str, Any]) -> str:
    """The emulator gives tables no id: it is new for each table, also for one of an earlier one's name."""
    created = table.get("TableCreationDateTime") or table.get("CreationDateTime")
    return str(uuid5(NAMESPACE_URL, f"{table['TableArn']} {created}"))


def other(call: Call, emulator: Emulator) -> Answer:
    """The answer to any other call; in the description of a backup, "SourceTableDetails" requires the table's id."""
    answer = emulator(call)
    if call.action == "DescribeBackup" and answer.status == 200:
        table = answer.body["BackupDescription"]["SourceTableDetails"]
        table["TableId"] = table_id(table)
    return answer
