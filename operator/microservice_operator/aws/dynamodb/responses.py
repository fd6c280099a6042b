"""PURE: DynamoDB's answers about a table → fields."""

from collections.abc import Mapping
from typing import Any

from ..engine.decide import Phase
from ..engine.rules import Bounds
from .scaling import UTILIZATION, Tracked

PROVISIONED = "PROVISIONED"
_PHASES = {
    "CREATING": Phase.CREATING,
    "ACTIVE": Phase.READY,
    "UPDATING": Phase.READY,  # usable: only a change must wait, for example while AWS moves its capacity
    "DELETING": Phase.DELETING,
    "ARCHIVING": Phase.UNUSABLE,
    "ARCHIVED": Phase.UNUSABLE,
    "INACCESSIBLE_ENCRYPTION_CREDENTIALS": Phase.UNUSABLE,
    "REPLICATION_NOT_AUTHORIZED": Phase.UNUSABLE,
}


def phase(table: Mapping[str, Any]) -> Phase:
    """Return the phase of a table; while one index is created or deleted, AWS accepts no other index change."""
    table_phase = _PHASES.get(table["TableStatus"], Phase.CHANGING)
    indexes = table.get("GlobalSecondaryIndexes", [])
    if table_phase is Phase.READY and any(index.get("IndexStatus", "ACTIVE") != "ACTIVE" for index in indexes):
        return Phase.CHANGING
    return table_phase


def definitions(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the types of the attributes that keys and indexes use."""
    return {item["AttributeName"]: item["AttributeType"] for item in table["AttributeDefinitions"]}


def observed_fields(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that DescribeTable answers."""
    types = definitions(table)
    indexes = table.get("GlobalSecondaryIndexes", [])
    mode = table.get("BillingModeSummary", {}).get("BillingMode", PROVISIONED)
    provisioned = mode == PROVISIONED
    stream = table.get("StreamSpecification", {})
    return {
        "name": table["TableName"],
        "keys": _keys(table, types),
        "local_indexes": {index["IndexName"]: _index(index, types) for index in table.get("LocalSecondaryIndexes", [])},
        "billing": mode,
        "capacity": _capacity(table) if provisioned else (0, 0),
        "index_capacity": {index["IndexName"]: _capacity(index) if provisioned else (0, 0) for index in indexes},
        "global_indexes": {index["IndexName"]: _index(index, types) for index in indexes},
        "stream": stream.get("StreamViewType") if stream.get("StreamEnabled") else None,
        "protection": table.get("DeletionProtectionEnabled", False),
        "encryption": table.get("SSEDescription", {}).get("KMSMasterKeyArn", ""),
    }


def table_as_made(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that AWS would show for a table created with these fields."""
    least = tuple(bounds.low for bounds in fields["capacity"] or (Bounds(0, 0), Bounds(0, 0)))
    return {
        **fields,
        "encryption": fields["encryption"].arn,
        "capacity": least,
        "index_capacity": dict.fromkeys(fields["global_indexes"], least),
        "tracking": dict.fromkeys(fields["tracking"], Tracked(UTILIZATION)),
    }


def _keys(thing: Mapping[str, Any], types: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    ordered = sorted(thing["KeySchema"], key=lambda key: key["KeyType"])  # HASH before RANGE
    return tuple((key["AttributeName"], types[key["AttributeName"]]) for key in ordered)


def _index(index: Mapping[str, Any], types: Mapping[str, str]) -> tuple[Any, ...]:
    projection = index["Projection"]
    return _keys(index, types), projection["ProjectionType"], tuple(sorted(projection.get("NonKeyAttributes", [])))


def _capacity(thing: Mapping[str, Any]) -> tuple[int, int]:
    throughput = thing.get("ProvisionedThroughput", {})
    return throughput.get("ReadCapacityUnits", 0), throughput.get("WriteCapacityUnits", 0)
