"""What a service keeps data in: PostgreSQL databases and DynamoDB tables."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .containers import Command
from .scalars import ATOMIC, Keyed, ObjectName, PartName

Duration = Annotated[
    str, StringConstraints(min_length=2, max_length=16, pattern=r"^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$")
]
Attribute = Annotated[str, StringConstraints(min_length=1, max_length=255)]
IndexName = Annotated[str, StringConstraints(min_length=3, max_length=255, pattern=r"^[a-zA-Z0-9_.-]+$")]
ExtensionName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9_-]+$")]
EnvPrefix = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Z][A-Z0-9_]*$")]
Units = Annotated[int, Field(ge=1, le=40000)]


class Migration(Model):
    """A Job with the new image that runs as schema owner before the rollout."""

    command: Command
    args: Command | None = None
    timeout: Duration = "10m"


class DatabaseConnection(Model):
    """How the service is told of its database."""

    secret_name: ObjectName | None = None
    env_prefix: EnvPrefix = "DATABASE"


class Database(Model):
    """One PostgreSQL database."""

    name: PartName
    engine: Literal["postgres"] = "postgres"
    extensions: Annotated[list[ExtensionName], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    migration: Migration | None = None
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    connection: DatabaseConnection | None = None


class TableKey(Model):
    """One key attribute of a table or index."""

    name: Attribute
    type: Literal["S", "N", "B"] = "S"


class CapacityRange(Model):
    """Bounds of one kind of capacity, in units per second; within them AWS may move it."""

    min: Units
    max: Units
    rules = (
        Rule(
            cel="self.min <= self.max",
            holds=lambda self: self.min <= self.max,
            message="capacity: min must not exceed max; raise max or lower min",
        ),
    )


class Capacity(Model):
    """Provisioned capacity of a table and of each of its global indexes."""

    read: CapacityRange
    write: CapacityRange


class Index(Model):
    """A secondary index; `include` names the projected attributes of projection Include."""

    name: IndexName
    projection: Literal["All", "KeysOnly", "Include"] = "All"
    include: Annotated[list[Attribute], Field(max_length=20, json_schema_extra=ATOMIC)] | None = None
    rules = (
        Rule(
            cel="(self.projection == 'Include') == has(self.include)",
            holds=lambda self: (self.projection == "Include") == (self.include is not None),
            message="an index lists attributes under include exactly when its projection is Include",
        ),
    )


class GlobalSecondaryIndex(Index):
    """A global secondary index; it can be added and removed, its keys are set once."""

    partition_key: TableKey
    sort_key: TableKey | None = None


class LocalSecondaryIndex(Index):
    """A local secondary index; it exists from the table's creation to its end."""

    sort_key: TableKey


class Table(Model):
    """One DynamoDB table."""

    name: PartName
    partition_key: TableKey
    sort_key: TableKey | None = None
    billing_mode: Literal["PayPerRequest", "Provisioned"] = "PayPerRequest"
    capacity: Capacity | None = None
    global_secondary_indexes: Annotated[list[GlobalSecondaryIndex], Field(max_length=20), Keyed(("name",))] | None = (
        None
    )
    local_secondary_indexes: Annotated[list[LocalSecondaryIndex], Field(max_length=5), Keyed(("name",))] | None = None
    time_to_live_attribute: Attribute | None = None
    stream_view_type: Literal["KeysOnly", "NewImage", "OldImage", "NewAndOldImages"] | None = None
    point_in_time_recovery: bool = True
    deletion_protection: bool = True
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    rules = (
        Rule(
            cel="(self.billingMode == 'Provisioned') == has(self.capacity)",
            holds=lambda self: (self.billing_mode == "Provisioned") == (self.capacity is not None),
            message="a table gives capacity exactly when its billingMode is Provisioned",
        ),
        Rule(
            cel="!has(self.localSecondaryIndexes) || has(self.sortKey)",
            holds=lambda self: self.local_secondary_indexes is None or self.sort_key is not None,
            message="localSecondaryIndexes need a table with a sortKey; add the sortKey or use a global index",
        ),
    )
