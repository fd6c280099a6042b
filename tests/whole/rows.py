"""Each field of the spec that AWS hears of: a value before, another after, and what becomes of the change.

in place   done at once; nothing restarts
window     it interrupts: deferred to the maintenance window, or to the next restart
replace    one thing is made and another goes
refused    by the API server, and by the reconciler where the API server is older than the rule
nothing    AWS does not hear of it
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from microservice_operator.api.base import Model

Label = Literal["in place", "window", "replace", "refused", "nothing"]
Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One change of one field of an item; `before` and `after` are beside what every item has."""

    field: str
    label: Label
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
ROWS: dict[str, tuple[Row, ...]] = {
    "databases": (
        Row("version", "window", {"version": "17"}),
        Row("size", "window", {"size": "medium"}),
        Row("storage.size", "window", {"storage": {"size": "30Gi"}}),
        Row("storage.size", "refused", {"storage": {"size": "20Gi"}}, {"storage": {"size": "30Gi"}}),
        Row("storage.maxSize", "in place", {"storage": {"maxSize": "60Gi"}}),
        Row("storage.type", "window", {"storage": {"type": "gp2"}}),
        Row("highAvailability", "window", {"highAvailability": True}),
        Row("backup.retentionDays", "in place", {"backup": {"retentionDays": 14}}),
        Row("backup.window", "in place", {"backup": {"window": "02:00-03:00"}}),
        Row("maintenance.window", "in place", {"maintenance": {"window": "sun:03:00-sun:04:00"}}),
        Row("maintenance.apply", "nothing", {"maintenance": {"apply": "Immediately"}}),
        Row("parameters", "in place", {"parameters": {"work_mem": "8192"}}),
        Row("parameters", "window", {"parameters": {"max_connections": "50"}}),
        Row("deletionPolicy", "nothing", {"deletionPolicy": "Delete"}),
        Row("migration.command", "nothing", {"migration": {"command": ["migrate"]}}),
        Row("migration.args", "nothing", {"migration": {"command": ["migrate"], "args": ["up"]}}),
        Row("migration.timeout", "nothing", {"migration": {"command": ["migrate"], "timeout": "5m"}}),
        Row("connection.envPrefix", "nothing", {"connection": {"envPrefix": "ORDERS"}}),
    ),
    "tables": (
        Row("partitionKey.name", "refused", {"partitionKey": {"name": "other"}}),
        Row("partitionKey.type", "refused", {"partitionKey": {"name": "id", "type": "N"}}),
        Row("sortKey.name", "refused", _SORTED),
        Row("sortKey.type", "refused", {"sortKey": {"name": "at", "type": "N"}}, _SORTED),
        Row("billingMode", "in place", _capacity()),
        Row("capacity.read.min", "in place", _capacity(read=(2, 4)), _capacity()),
        Row("capacity.read.max", "in place", _capacity(read=(1, 5)), _capacity()),
        Row("capacity.write.min", "in place", _capacity(write=(2, 4)), _capacity()),
        Row("capacity.write.max", "in place", _capacity(write=(1, 5)), _capacity()),
        Row("globalSecondaryIndexes.name", "replace", _gsi(name="byYears"), _gsi()),
        Row("globalSecondaryIndexes.partitionKey.name", "in place", _gsi()),
        Row(
            "globalSecondaryIndexes.partitionKey.type",
            "refused",
            _gsi(partitionKey={"name": "age", "type": "N"}),
            _gsi(),
        ),
        Row("globalSecondaryIndexes.sortKey.name", "refused", _gsi(sortKey={"name": "at"}), _gsi()),
        Row("globalSecondaryIndexes.sortKey.type", "in place", _gsi(sortKey={"name": "at", "type": "N"})),
        Row("globalSecondaryIndexes.projection", "refused", _gsi(projection="KeysOnly"), _gsi()),
        Row("globalSecondaryIndexes.include", "refused", _gsi(projection="Include", include=["a"]), _gsi()),
        Row("localSecondaryIndexes.name", "refused", _lsi(name="byYears"), _lsi()),
        Row("localSecondaryIndexes.sortKey.name", "refused", _lsi(), _SORTED),
        Row("localSecondaryIndexes.sortKey.type", "refused", _lsi(sortKey=_NUMBER), _lsi()),
        Row("localSecondaryIndexes.projection", "refused", _lsi(projection="KeysOnly"), _lsi()),
        Row("localSecondaryIndexes.include", "refused", _lsi(projection="Include", include=["a"]), _lsi()),
        Row("timeToLiveAttribute", "in place", {"timeToLiveAttribute": "expires"}),
        Row("streamViewType", "in place", {"streamViewType": "NewImage"}),
        Row("pointInTimeRecovery", "in place", {"pointInTimeRecovery": False}),
        Row("deletionProtection", "in place", {"deletionProtection": False}),
        Row("access", "nothing", {"access": "ReadOnly"}),  # the role hears of it
        Row("deletionPolicy", "nothing", {"deletionPolicy": "Delete"}),
    ),
    "topics": (
        Row("fifo", "refused", _FIFO),
        Row("contentBasedDeduplication", "in place", {**_FIFO, "contentBasedDeduplication": True}, _FIFO),
        Row("deletionPolicy", "nothing", {"deletionPolicy": "Retain"}),
    ),
    "queues": (
        Row("fifo", "refused", _FIFO),
        Row("contentBasedDeduplication", "in place", {**_FIFO, "contentBasedDeduplication": True}, _FIFO),
        Row("visibilityTimeoutSeconds", "in place", {"visibilityTimeoutSeconds": 60}),
        Row("retention", "in place", {"retention": "12h"}),
        Row("deadLetter.maxReceiveCount", "in place", {"deadLetter": {"maxReceiveCount": 9}}),
        Row("deletionPolicy", "nothing", {"deletionPolicy": "Delete"}),
    ),
}
BARE: dict[str, Spec] = {"databases": {}, "tables": {"partitionKey": {"name": "id"}}, "topics": {}, "queues": {}}
# Changed in files of their own: a name in a list is its key, not a field; what is taken over is set once.
ELSEWHERE = {"name", "adopt", "extensions", "connection.secretName"}


def fields(model: type[Model], path: str = "") -> Iterator[str]:
    """Every field of a model and of the models below it, by its path; one that can have one value only is none."""
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
