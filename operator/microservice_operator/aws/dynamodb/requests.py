"""PURE: fields and steps → parameters of DynamoDB's calls."""

from collections.abc import Mapping
from typing import Any

from ..engine.decide import Step
from ..engine.rules import Added, Removed
from ..engine.tags import tag_list

Fields = Mapping[str, Any]
Definitions = Mapping[str, str]  # attribute, type


def creation(fields: Fields) -> dict[str, Any]:
    """Return the parameters of CreateTable; time to live and backups are separate steps, as the API requires."""
    request: dict[str, Any] = {
        "KeySchema": _key_schema(fields["keys"]),
        "AttributeDefinitions": _definitions(fields),
        "BillingMode": fields["billing"],
        "DeletionProtectionEnabled": fields["protection"],
        "Tags": tag_list(fields["tags"]),
    }
    if fields["capacity"]:
        request["ProvisionedThroughput"] = _throughput(_lowest(fields["capacity"]))
    if fields["global_indexes"]:
        request["GlobalSecondaryIndexes"] = [
            _global_index(name, entry, fields) for name, entry in fields["global_indexes"].items()
        ]
    if fields["local_indexes"]:
        request["LocalSecondaryIndexes"] = [_index(name, entry) for name, entry in fields["local_indexes"].items()]
    if fields["encryption"].arn:
        request["SSESpecification"] = _encryption(fields["encryption"].arn)
    if fields["stream"]:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": fields["stream"]}
    return request


def update(step: Step, fields: Fields, defined: Definitions) -> dict[str, Any]:
    """Return the parameters of UpdateTable for one step; `defined` are the attributes that the table already has."""
    value = step.changes.get(step.name)
    match step.name:
        case "throughput":
            return _throughput_update(step.changes)
        case "stream" if value is None:
            return {"StreamSpecification": {"StreamEnabled": False}}
        case "stream":
            return {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": value}}
        case "encryption":
            return {"SSESpecification": _encryption(str(value))}
        case "protection":
            return {"DeletionProtectionEnabled": value}
        case _:
            return _index_update(value, fields, defined)


def _encryption(key: str) -> dict[str, Any]:
    return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}


def _throughput_update(changes: Mapping[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {}
    if "billing" in changes:
        request["BillingMode"] = changes["billing"]
    if "capacity" in changes:
        request["ProvisionedThroughput"] = _throughput(changes["capacity"])
    if "index_capacity" in changes:
        request["GlobalSecondaryIndexUpdates"] = [
            {"Update": {"IndexName": name, "ProvisionedThroughput": _throughput(units)}}
            for name, units in changes["index_capacity"].items()
        ]
    return request


def _index_update(change: Any, fields: Fields, defined: Definitions) -> dict[str, Any]:
    match change:
        case Removed(name):
            return {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
        case Added(name, entry):
            return {
                "AttributeDefinitions": _defined({**defined, **dict(entry[0])}),
                "GlobalSecondaryIndexUpdates": [{"Create": _global_index(name, entry, fields)}],
            }
        case _:
            raise TypeError(change)


def _definitions(fields: Fields) -> list[dict[str, str]]:
    indexes = [*fields["global_indexes"].values(), *fields["local_indexes"].values()]
    return _defined(dict(pair for keys in (fields["keys"], *(entry[0] for entry in indexes)) for pair in keys))


def _defined(attributes: Definitions) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()]


def _key_schema(keys: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": role} for (name, _), role in zip(keys, ("HASH", "RANGE"), strict=False)]


def _index(name: str, entry: tuple[Any, ...]) -> dict[str, Any]:
    keys, kind, included = entry
    projection = {"ProjectionType": kind, **({"NonKeyAttributes": list(included)} if included else {})}
    return {"IndexName": name, "KeySchema": _key_schema(keys), "Projection": projection}


def _global_index(name: str, entry: tuple[Any, ...], fields: Fields) -> dict[str, Any]:
    index = _index(name, entry)
    if fields["capacity"]:
        index["ProvisionedThroughput"] = _throughput(_lowest(fields["capacity"]))
    return index


def _lowest(capacity: Any) -> tuple[int, int]:
    read, write = capacity
    return read.low, write.low


def _throughput(units: tuple[int, int]) -> dict[str, int]:
    return {"ReadCapacityUnits": units[0], "WriteCapacityUnits": units[1]}
