"""PURE: a declared DynamoDB table → its desired fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...api.stores import Table
from ...api.table_indexes import Index, TableKey
from ...ownership import Owner
from ...resources import DesiredResource
from ..engine.rules import (
    Bounds,
)
from ..engine.tags import desired_tags
from .fields import DesiredKey
from .scaling import desired_targets


@dataclass(frozen=True, kw_only=True)
class DesiredTable(DesiredResource[Table]):
    """A declared table; `key` is the ARN of the Environment's KMS key for tables, if any.

    `key_allowed`: the service's role may use that key, so that the key of an existing table may change.
    `created`: when the Microservice was created, `None` if that is unknown.
    """

    key: str = ""
    key_allowed: bool = True
    created: datetime | None = None


_BILLING = {"PayPerRequest": "PAY_PER_REQUEST", "Provisioned": "PROVISIONED"}


_SAID: Mapping[str, tuple[str, ...]] = {  # field of the spec → fields of the table that it sets
    "billing_mode": ("billing", "capacity", "index_capacity", "unscaled", "scaling", "tracking"),
    "stream_view_type": ("stream",),
    "time_to_live_attribute": ("time_to_live",),
    "point_in_time_recovery": ("recovery",),
    "deletion_protection": ("protection",),
}


def unsaid(spec: Table) -> frozenset[str]:
    """Return the fields of an adopted table that its declaration does not set."""
    if spec.adopt is None:
        return frozenset()
    set_fields = {name for name in spec.model_fields_set if getattr(spec, name) is not None}
    return frozenset(field for declared, fields in _SAID.items() if declared not in set_fields for field in fields)


def table_fields(owner: Owner, desired: DesiredTable, name: str) -> dict[str, Any]:
    """Return the desired fields of a declared table; `name` is its name in AWS."""
    spec = desired.spec
    read, write = (spec.capacity.read, spec.capacity.write) if spec.capacity else (None, None)
    capacity = (Bounds(read.min, read.max), Bounds(write.min, write.max)) if read and write else None
    indexes = spec.global_secondary_indexes or []
    targets = desired_targets(capacity, [index.name for index in indexes])
    return {
        "name": name,
        "keys": _keys(spec.partition_key, spec.sort_key),
        "local_indexes": {
            index.name: _index(index, _keys(spec.partition_key, index.sort_key))
            for index in spec.local_secondary_indexes or []
        },
        "tags": desired_tags(owner, desired.tags, adopted=spec.adopt is not None),
        "key": desired.key or None,
        "encryption": DesiredKey(desired.key, desired.key_allowed and not spec.adopt),
        "billing": _BILLING[spec.billing_mode],
        "capacity": capacity,
        "unscaled": targets,
        "scaling": targets,
        "tracking": targets,
        "index_capacity": {index.name: capacity for index in indexes} if capacity else None,
        "global_indexes": {index.name: _index(index, _keys(index.partition_key, index.sort_key)) for index in indexes},
        "stream": spec.stream_view_type and _constant(spec.stream_view_type),
        "time_to_live": spec.time_to_live_attribute,
        "recovery": spec.point_in_time_recovery,
        "protection": spec.deletion_protection,
    }


def _keys(partition: TableKey, sort: TableKey | None) -> tuple[tuple[str, str], ...]:
    return tuple((key.name, key.type) for key in (partition, sort) if key)


def _index(index: Index, keys: tuple[tuple[str, str], ...]) -> tuple[Any, ...]:
    return keys, _constant(index.projection), tuple(sorted(index.include or []))


def _constant(word: str) -> str:
    """`NewAndOldImages` → `NEW_AND_OLD_IMAGES`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).upper()
