"""Each spec field that affects AWS: an old value, a new value, and the expected effect of the change.

The effects are those of `plan` (`Effect`) plus NOTHING, for changes that do not reach AWS. The API server refuses
forbidden changes; the reconciler refuses them if the API server has an older CRD without the rule.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from microservice_operator.api.base import Model
from microservice_operator.aws.engine.rules import Effect

IN_PLACE, RESTART, REPLACE, REFUSED = Effect.IN_PLACE, Effect.RESTART, Effect.REPLACE, Effect.REFUSED
NOTHING = None
Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One change of one field of an item; `before` and `after` extend the required fields."""

    field: str
    label: Effect | None
    after: Spec
    before: Spec = dataclasses.field(default_factory=dict)


def _capacity(read: tuple[int, int] = (1, 4), write: tuple[int, int] = (1, 4)) -> Spec:
    both = {"read": read, "write": write}
    return {
        "billingMode": "Provisioned",
        "capacity": {name: {"min": low, "max": high} for name, (low, high) in both.items()},
    }


def _gsi(**more: Any) -> Spec:
    return {"globalSecondaryIndexes": [{"name": "byAge", "partitionKey": {"name": "age"}, **more}]}


def _lsi(**more: Any) -> Spec:
    index = {"name": "byAge", "sortKey": {"name": "age"}, **more}
    return {"sortKey": {"name": "at"}, "localSecondaryIndexes": [index]}


_SORTED = {"sortKey": {"name": "at"}}
_NUMBER = {"name": "age", "type": "N"}
_FIFO = {"fifo": True}
_BUCKET = {"service": "s3.amazonaws.com", "sourceARN": "arn:aws:s3:::a"}
_FED = {"awsSources": [_BUCKET]}
ROWS: dict[str, tuple[Row, ...]] = {
    "databases": (
        Row("version", RESTART, {"version": "17"}),
        Row("size", RESTART, {"size": "medium"}),
        Row("storage.size", RESTART, {"storage": {"size": "30Gi"}}),
        Row("storage.size", REFUSED, {"storage": {"size": "20Gi"}}, {"storage": {"size": "30Gi"}}),
        Row("storage.maxSize", IN_PLACE, {"storage": {"maxSize": "60Gi"}}),
        Row("storage.size", RESTART, {"storage": {"size": "105Gi"}}, {"storage": {"size": "100Gi"}}),
        Row("storage.type", RESTART, {"storage": {"type": "gp2"}}),
        Row("storage.type", RESTART, {"storage": {"size": "400Gi"}}, {"storage": {"size": "400Gi", "type": "gp2"}}),
        Row("highAvailability", RESTART, {"highAvailability": True}),
        Row("backup.retentionDays", IN_PLACE, {"backup": {"retentionDays": 14}}),
        Row("backup.window", IN_PLACE, {"backup": {"window": "02:00-03:00"}}),
        Row("maintenance.window", IN_PLACE, {"maintenance": {"window": "sun:03:00-sun:04:00"}}),
        Row("maintenance.apply", NOTHING, {"maintenance": {"apply": "Immediately"}}),
        Row("parameters", IN_PLACE, {"parameters": {"work_mem": "8192"}}),
        Row("parameters", RESTART, {"parameters": {"max_connections": "50"}}),
        Row("extendedSupport", IN_PLACE, {"extendedSupport": True}),
        Row("extendedSupport", NOTHING, {"extendedSupport": False}),
        Row("credentials.rotationInterval", NOTHING, {"credentials": {"rotationInterval": "720h"}}),
        Row("deletionPolicy", NOTHING, {"deletionPolicy": "Delete"}),
        Row("migration.command", NOTHING, {"migration": {"command": ["migrate"]}}),
        Row("migration.args", NOTHING, {"migration": {"command": ["migrate"], "args": ["up"]}}),
        Row("migration.timeout", NOTHING, {"migration": {"command": ["migrate"], "timeout": "5m"}}),
        Row("connection.envPrefix", NOTHING, {"connection": {"envPrefix": "ORDERS"}}),
    ),
    "tables": (
        Row("partitionKey.name", REFUSED, {"partitionKey": {"name": "other"}}),
        Row("partitionKey.type", REFUSED, {"partitionKey": {"name": "id", "type": "N"}}),
        Row("sortKey.name", REFUSED, _SORTED),
        Row("sortKey.type", REFUSED, {"sortKey": {"name": "at", "type": "N"}}, _SORTED),
        Row("billingMode", IN_PLACE, _capacity()),
        Row("capacity.read.min", IN_PLACE, _capacity(read=(2, 4)), _capacity()),
        Row("capacity.read.max", IN_PLACE, _capacity(read=(1, 5)), _capacity()),
        Row("capacity.write.min", IN_PLACE, _capacity(write=(2, 4)), _capacity()),
        Row("capacity.write.max", IN_PLACE, _capacity(write=(1, 5)), _capacity()),
        Row("globalSecondaryIndexes.name", REPLACE, _gsi(name="byYears"), _gsi()),
        Row("globalSecondaryIndexes.partitionKey.name", IN_PLACE, _gsi()),
        Row(
            "globalSecondaryIndexes.partitionKey.type",
            REFUSED,
            _gsi(partitionKey={"name": "age", "type": "N"}),
            _gsi(),
        ),
        Row("globalSecondaryIndexes.sortKey.name", REFUSED, _gsi(sortKey={"name": "at"}), _gsi()),
        Row("globalSecondaryIndexes.sortKey.type", IN_PLACE, _gsi(sortKey={"name": "at", "type": "N"})),
        Row("globalSecondaryIndexes.projection", REFUSED, _gsi(projection="KeysOnly"), _gsi()),
        Row("globalSecondaryIndexes.include", REFUSED, _gsi(projection="Include", include=["a"]), _gsi()),
        Row("localSecondaryIndexes.name", REFUSED, _lsi(name="byYears"), _lsi()),
        Row("localSecondaryIndexes.sortKey.name", REFUSED, _lsi(), _SORTED),
        Row("localSecondaryIndexes.sortKey.type", REFUSED, _lsi(sortKey=_NUMBER), _lsi()),
        Row("localSecondaryIndexes.projection", REFUSED, _lsi(projection="KeysOnly"), _lsi()),
        Row("localSecondaryIndexes.include", REFUSED, _lsi(projection="Include", include=["a"]), _lsi()),
        Row("timeToLiveAttribute", IN_PLACE, {"timeToLiveAttribute": "expires"}),
        Row("streamViewType", IN_PLACE, {"streamViewType": "NewImage"}),
        Row("streamViewType", REPLACE, {"streamViewType": "NewImage"}, {"streamViewType": "KeysOnly"}),
        Row("pointInTimeRecovery", IN_PLACE, {"pointInTimeRecovery": False}),
        Row("deletionProtection", IN_PLACE, {"deletionProtection": False}),
        Row("access", NOTHING, {"access": "ReadOnly"}),  # the role hears of it
        Row("deletionPolicy", NOTHING, {"deletionPolicy": "Delete"}),
    ),
    "topics": (
        Row("fifo", REFUSED, _FIFO),
        Row("contentBasedDeduplication", IN_PLACE, {**_FIFO, "contentBasedDeduplication": True}, _FIFO),
        Row("awsSources.service", IN_PLACE, {"awsSources": [{**_BUCKET, "service": "events.amazonaws.com"}]}, _FED),
        Row("awsSources.sourceARN", IN_PLACE, {"awsSources": [{**_BUCKET, "sourceARN": "arn:aws:s3:::b"}]}, _FED),
        Row("deletionPolicy", NOTHING, {"deletionPolicy": "Retain"}),
    ),
    "queues": (
        Row("fifo", REFUSED, _FIFO),
        Row("contentBasedDeduplication", IN_PLACE, {**_FIFO, "contentBasedDeduplication": True}, _FIFO),
        Row("visibilityTimeoutSeconds", IN_PLACE, {"visibilityTimeoutSeconds": 60}),
        Row("retention", IN_PLACE, {"retention": "12h"}),
        Row("delaySeconds", IN_PLACE, {"delaySeconds": 5}),
        Row("receiveWaitTimeSeconds", IN_PLACE, {"receiveWaitTimeSeconds": 20}),
        Row("awsSources.service", IN_PLACE, {"awsSources": [{**_BUCKET, "service": "events.amazonaws.com"}]}, _FED),
        Row("awsSources.sourceARN", IN_PLACE, {"awsSources": [{**_BUCKET, "sourceARN": "arn:aws:s3:::b"}]}, _FED),
        Row("deadLetter.maxReceiveCount", IN_PLACE, {"deadLetter": {"maxReceiveCount": 9}}),
        Row("deletionPolicy", NOTHING, {"deletionPolicy": "Delete"}),
    ),
}
BARE: dict[str, Spec] = {"databases": {}, "tables": {"partitionKey": {"name": "id"}}, "topics": {}, "queues": {}}
# Changed in files of their own: a name in a list is its key, not a field; what is taken over is set once, and what is
# restored needs a source.
ELSEWHERE = {"name", "adopt", "restoreFrom", "extensions", "connection.secretName"}


def fields(model: type[Model], path: str = "") -> Iterator[str]:
    """Every field of a model and of the models below it, by path, except fields with only one possible value."""
    for each in model.model_fields.values():
        name = f"{path}{each.alias}"
        below = list(_models(each.annotation))
        if below:
            for inner in below:
                yield from fields(inner, f"{name}.")
        elif not (get_origin(each.annotation) is Literal and len(get_args(each.annotation)) == 1):
            yield name


def _models(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _models(inner)
