"""DynamoDB as AWS documents it, where the emulator is more permissive: phases take time and refuse changes.

The clock counts reads: a phase lasts for `looks` calls of DescribeTable. Sources are pages of the DynamoDB API
Reference: "CreateTable", "UpdateTable", "DeleteTable", "DescribeTable", "UpdateTimeToLive".
"""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator, refusal
from tests.fakes.aws.table_restores import ACTIONS, TableRestores, other, table_id

# Recorded of AWS by localstack/localstack, `test_table_crud`, key `delete-table`
SHOWN_TO_THE_END = (
    "DeletionProtectionEnabled",
    "ItemCount",
    "ProvisionedThroughput",
    "TableArn",
    "TableId",
    "TableName",
    "TableSizeBytes",
    "TableStatus",
)


@dataclass
class StrictDynamoDB:
    """A layer of the proxy; a table is in the phase that its last change began until it was looked at often enough."""

    looks: int = 1
    at_once: int = 500  # CreateTable, "Errors": so many table operations at a time are allowed to an account
    absent_looks: int = 0  # DescribeTable: "might return ResourceNotFoundException" right after CreateTable
    _phases: dict[str, tuple[str, int]] = field(default_factory=dict)
    _building: dict[str, tuple[str, str]] = field(default_factory=dict)
    _absent: dict[str, int] = field(default_factory=dict)
    _on_demand: set[str] = field(default_factory=set)  # only a table that was so once says how it is paid for
    keys: dict[str, str] = field(default_factory=dict)  # the emulator cannot change the key of a table
    restores: TableRestores = field(init=False)
    _streams: dict[str, dict[str, Any]] = field(default_factory=dict)  # the emulator cannot switch one on again

    def __post_init__(self) -> None:
        """Let restored tables have the keys of their sources."""
        self.restores = TableRestores(self.keys, self._on_demand)

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        name = call.body.get("TableName", "") or call.body.get("ResourceArn", "").rsplit("/", 1)[-1]
        match call.action:
            case "DescribeTable":
                return self._describe(name, call, emulator)
            case "CreateTable":
                return self._too_many() or _refused_creation(call.body) or self._create(name, call, emulator)
            case "UpdateTable":
                refused = self._busy(name) or self._too_many() or self._refused_update(call, emulator)
                return refused or self._update(name, call, emulator)
            case "DeleteTable":
                return self._busy(name) or self._too_many() or self._delete(name, call, emulator)
            case "TagResource":  # replaces the value of a key; moto lists the key twice
                keys = [tag["Key"] for tag in call.body["Tags"]]
                untag = {"ResourceArn": call.body["ResourceArn"], "TagKeys": keys}
                emulator(replace(call, action="UntagResource", body=untag))
            case "UpdateTimeToLive":
                return self._refused_ttl(call, emulator) or emulator(call)
        return self._restore(call, emulator) if call.action in ACTIONS else other(call, emulator)

    def _busy(self, name: str) -> Answer | None:
        if name in self._phases:
            return refusal("ResourceInUseException", f"Attempt to change a resource which is still in use: {name}")
        return None

    def _too_many(self) -> Answer | None:
        if len(self._phases) < self.at_once:
            return None
        message = "Subscriber limit exceeded: There is a limit to the number of concurrent table operations"
        return refusal("LimitExceededException", message)

    def _describe(self, name: str, call: Call, emulator: Emulator) -> Answer:
        if self._absent.get(name, 0) > 0:
            self._absent[name] -= 1
            return refusal("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
        status, left = self._phases.get(name, ("", 0))
        if status and left == 0:
            del self._phases[name]
            self._building.pop(name, None)
            if status == "DELETING":
                emulator(Call(call.service, "DeleteTable", {"TableName": name}))
        answer = emulator(call)
        if answer.status == 200:
            self._as_aws_shows(answer.body["Table"])
        if answer.status == 200 and name in self._streams:
            answer.body["Table"]["StreamSpecification"] = self._streams[name]
        if answer.status == 200 and status and left > 0:
            self._phases[name] = (status, left - 1)
            self._show(answer.body["Table"], status, self._building.get(name))
        return answer

    def _show(self, table: dict[str, Any], status: str, building: tuple[str, str] | None) -> None:
        if status == "DELETING":
            for key in [key for key in table if key not in SHOWN_TO_THE_END]:
                del table[key]
        table["TableStatus"] = "ACTIVE" if building else status
        if "RestoreSummary" in table:
            table["RestoreSummary"]["RestoreInProgress"] = status == "CREATING"
        for index in table.get("GlobalSecondaryIndexes", []):
            if building and index["IndexName"] == building[0]:
                index["IndexStatus"] = building[1]

    def _as_aws_shows(self, table: dict[str, Any]) -> None:
        if table["TableName"] in self.keys:
            arn = self.keys[table["TableName"]]
            table["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}
        table["TableId"] = table_id(table)
        name, billing = table["TableName"], table.get("BillingModeSummary", {}).get("BillingMode")
        if billing == "PAY_PER_REQUEST":
            self._on_demand.add(name)
        if name not in self._on_demand:
            table.pop("BillingModeSummary", None)
        for key in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            if not table.get(key):
                table.pop(key, None)
        self.restores.show(table)

    def _create(self, name: str, call: Call, emulator: Emulator) -> Answer:
        answer = emulator(call)
        if answer.status == 200:
            self._on_demand.discard(name)
            self.restores.summaries.pop(name, None)
            self._as_aws_shows(answer.body["TableDescription"])
            self._phases[name] = ("CREATING", self.looks)
            self._absent[name] = self.absent_looks
            self._show(answer.body["TableDescription"], "CREATING", None)
        return answer

    def _restore(self, call: Call, emulator: Emulator) -> Answer:
        creating = {name for name, (status, _) in self._phases.items() if status == "CREATING"}
        refused = self.restores.refused(call, emulator, len(creating & self.restores.summaries.keys()))
        answer = refused or self.restores.restore(call, emulator)
        if answer.status == 200:
            name, table = call.body["TargetTableName"], answer.body["TableDescription"]
            self._on_demand.discard(name)
            self._streams.pop(name, None)
            self._phases[name] = ("CREATING", self.looks)
            self._as_aws_shows(table)
            self._show(table, "CREATING", None)
        return answer

    def _update(self, name: str, call: Call, emulator: Emulator) -> Answer:
        key = call.body.pop("SSESpecification", None)
        if key:
            self.keys[name] = key["KMSMasterKeyId"]
        stream = call.body.pop("StreamSpecification", None)
        if stream:
            self._streams[name] = stream
        answer = emulator(call)
        if answer.status == 200:
            self._as_aws_shows(answer.body["TableDescription"])
            self._phases[name] = ("UPDATING", self.looks)
            for update in call.body.get("GlobalSecondaryIndexUpdates", []):
                if "Create" in update:
                    self._building[name] = (update["Create"]["IndexName"], "CREATING")
        return answer

    def _delete(self, name: str, call: Call, emulator: Emulator) -> Answer:
        described = emulator(Call(call.service, "DescribeTable", {"TableName": name}))
        if described.status != 200:
            return described
        if described.body["Table"].get("DeletionProtectionEnabled"):
            return refusal("ValidationException", "Resource cannot be deleted as it is currently protected")
        self._phases[name] = ("DELETING", self.looks)
        table = described.body["Table"]
        self._show(table, "DELETING", None)
        return Answer(200, {"TableDescription": table})

    def _refused_update(self, call: Call, emulator: Emulator) -> Answer | None:
        described = emulator(Call(call.service, "DescribeTable", {"TableName": call.body["TableName"]}))
        if described.status != 200:
            return described
        table = described.body["Table"]
        updates = call.body.get("GlobalSecondaryIndexUpdates", [])
        online = [update for update in updates if "Create" in update or "Delete" in update]
        if len(online) > 1 or (online and ("ProvisionedThroughput" in call.body or "StreamSpecification" in call.body)):
            return refusal("LimitExceededException", "Only 1 online index can be created or deleted simultaneously")
        wanted = call.body.get("ProvisionedThroughput")
        current = table.get("ProvisionedThroughput", {})
        if wanted and "BillingMode" not in call.body and wanted.items() <= current.items():
            return refusal("ValidationException", "The requested value equals the current value.")
        key = call.body.get("SSESpecification")
        # "UpdateTable": one of throughput, streams, and indexes at a time; the tests' own: nor together with the key
        if key and call.body.keys() - {"TableName", "SSESpecification"}:
            return refusal("ValidationException", "SSESpecification and other changes in one call")
        stream = call.body.get("StreamSpecification")
        on = self._streams.get(table["TableName"], table.get("StreamSpecification", {})).get("StreamEnabled", False)
        if stream and stream["StreamEnabled"] == on:
            return refusal("ValidationException", f"Table already {'has an' if on else 'has no'} enabled stream")
        return None

    def _refused_ttl(self, call: Call, emulator: Emulator) -> Answer | None:
        described = emulator(Call(call.service, "DescribeTimeToLive", {"TableName": call.body["TableName"]}))
        current = described.body.get("TimeToLiveDescription", {})
        on = current.get("TimeToLiveStatus") == "ENABLED"
        wanted = call.body["TimeToLiveSpecification"]
        if wanted["Enabled"] == on:
            return refusal("ValidationException", f"TimeToLive is already {'enabled' if on else 'disabled'}")
        if on and wanted["AttributeName"] != current.get("AttributeName"):
            return refusal("ValidationException", "TimeToLive is active on a different AttributeName")
        return None


def _refused_creation(body: dict[str, Any]) -> Answer | None:
    if body.get("BillingMode") != "PAY_PER_REQUEST" or "ProvisionedThroughput" not in body:
        return None
    text = "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    return refusal("ValidationException", f"One or more parameter values were invalid: {text}")
