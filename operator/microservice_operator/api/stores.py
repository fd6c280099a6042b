"""What a service keeps data in: PostgreSQL databases and DynamoDB tables."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule, Transition
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
    """Command that migrates the schema."""
    args: Command | None = None
    """Arguments of the command."""
    timeout: Duration = "10m"
    """Time it may take, such as 10m."""


class DatabaseConnection(Model):
    """How the service is told of its database."""

    secret_name: ObjectName | None = None
    """Name of the Secret; default <service>-<database>-database."""
    env_prefix: EnvPrefix = "DATABASE"
    """Prefix of the variables, such as DATABASE in DATABASE_URL."""


class Database(Model):
    """One PostgreSQL database."""

    name: PartName
    """Name, and key of the list."""
    engine: Literal["postgres"] = "postgres"
    """Database engine; set once."""
    extensions: Annotated[list[ExtensionName], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """PostgreSQL extensions to create."""
    migration: Migration | None = None
    """Job that migrates the schema before each rollout of a new image."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What becomes of the database when it is no longer declared: Retain or Delete."""
    connection: DatabaseConnection | None = None
    """How the service is told of its database."""


class TableKey(Model):
    """One key attribute of a table or index."""

    name: Attribute
    """Name of the attribute."""
    type: Literal["S", "N", "B"] = "S"
    """S string, N number, B binary."""


class CapacityRange(Model):
    """Bounds of one kind of capacity, in units per second; within them AWS may move it."""

    min: Units
    """Fewest units per second."""
    max: Units
    """Most units per second."""
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
    """Read capacity."""
    write: CapacityRange
    """Write capacity."""


class Index(Model):
    """A secondary index; `include` names the projected attributes of projection Include."""

    name: IndexName
    """Name, and key of the list."""
    projection: Literal["All", "KeysOnly", "Include"] = "All"
    """Which attributes the index holds."""
    include: Annotated[list[Attribute], Field(max_length=20, json_schema_extra=ATOMIC)] | None = None
    """The attributes, where projection is Include."""
    rules = (
        Rule(
            cel="(self.projection == 'Include') == has(self.include)",
            holds=lambda self: (self.projection == "Include") == (self.include is not None),
            message="an index lists attributes under include exactly when its projection is Include; add them or change"
            " it",
        ),
    )


class GlobalSecondaryIndex(Index):
    """A global secondary index; it can be added and removed, its keys are set once."""

    partition_key: TableKey
    """Partition key; set once."""
    sort_key: TableKey | None = None
    """Sort key; set once."""
    transitions = (
        # here and not at the root of the spec, where it would cost more than the API server grants
        Transition(
            cel="self == oldSelf",
            holds=lambda self, old: self == old,
            message="a global index's keys and projection are set once; replace it by an index of another name",
        ),
    )


class LocalSecondaryIndex(Index):
    """A local secondary index; it exists from the table's creation to its end."""

    sort_key: TableKey
    """Sort key; set once."""


# Each key attribute as its type's letter and its name: CEL joins no lists of differently placed objects.
_KEYS = " + ".join(
    (
        "[self.partitionKey.type + self.partitionKey.name]",
        "(has(self.sortKey) ? [self.sortKey.type + self.sortKey.name] : [])",
        "(has(self.globalSecondaryIndexes) ? self.globalSecondaryIndexes"
        ".map(i, i.partitionKey.type + i.partitionKey.name) : [])",
        "(has(self.globalSecondaryIndexes) ? self.globalSecondaryIndexes.filter(i, has(i.sortKey))"
        ".map(i, i.sortKey.type + i.sortKey.name) : [])",
        "(has(self.localSecondaryIndexes) ? self.localSecondaryIndexes.map(i, i.sortKey.type + i.sortKey.name) : [])",
    )
)


def _one_type(table: "Table") -> bool:
    indexes = table.global_secondary_indexes or []
    keys = [
        table.partition_key,
        table.sort_key,
        *(index.partition_key for index in indexes),
        *(index.sort_key for index in indexes),
        *(index.sort_key for index in table.local_secondary_indexes or []),
    ]
    types = {key.name: key.type for key in keys if key}
    return all(types[key.name] == key.type for key in keys if key)


def _index_names(indexes: Sequence[Index] | None) -> set[str]:
    return {index.name for index in indexes or []}


class Table(Model):
    """One DynamoDB table."""

    name: PartName
    """Name, and key of the list; the service finds the table's own name in NAME_TABLE."""
    partition_key: TableKey
    """Partition key; set once."""
    sort_key: TableKey | None = None
    """Sort key; set once."""
    billing_mode: Literal["PayPerRequest", "Provisioned"] = "PayPerRequest"
    """PayPerRequest, or Provisioned with capacity."""
    capacity: Capacity | None = None
    """Provisioned capacity."""
    global_secondary_indexes: Annotated[list[GlobalSecondaryIndex], Field(max_length=20), Keyed(("name",))] | None = (
        None
    )
    """Indexes that can be added and removed."""
    local_secondary_indexes: Annotated[list[LocalSecondaryIndex], Field(max_length=5), Keyed(("name",))] | None = None
    """Indexes that exist from the table's creation to its end; set once."""
    time_to_live_attribute: Attribute | None = None
    """Attribute that holds an item's expiry in seconds since 1970."""
    stream_view_type: Literal["KeysOnly", "NewImage", "OldImage", "NewAndOldImages"] | None = None
    """What the table's stream holds; without it there is no stream."""
    point_in_time_recovery: bool = True
    """Continuous backups."""
    deletion_protection: bool = True
    """AWS refuses to delete the table while true."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What becomes of the table when it is no longer declared: Retain or Delete."""
    rules = (
        Rule(
            cel="(self.billingMode == 'Provisioned') == has(self.capacity)",
            holds=lambda self: (self.billing_mode == "Provisioned") == (self.capacity is not None),
            message="a table gives capacity exactly when its billingMode is Provisioned; add capacity or change"
            " billingMode",
        ),
        Rule(
            cel="!has(self.localSecondaryIndexes) || has(self.sortKey)",
            holds=lambda self: self.local_secondary_indexes is None or self.sort_key is not None,
            message="localSecondaryIndexes need a table with a sortKey; add the sortKey or use a global index",
        ),
        Rule(
            cel="!has(self.sortKey) || self.sortKey.name != self.partitionKey.name",
            holds=lambda self: self.sort_key is None or self.sort_key.name != self.partition_key.name,
            message="a table's sortKey is another attribute than its partitionKey; name another one",
            field="sortKey",
        ),
        Rule(
            cel=f"[{_KEYS}].all(keys, keys.all(a, keys.all(b, a == b || a.substring(1) != b.substring(1))))",
            holds=_one_type,
            message="an attribute has one type in all keys of a table and its indexes; give it that type everywhere",
        ),
        Rule(
            cel="!has(self.globalSecondaryIndexes) || !has(self.localSecondaryIndexes)"
            " || !self.globalSecondaryIndexes.exists(g, self.localSecondaryIndexes.exists(l, l.name == g.name))",
            holds=lambda self: (
                not _index_names(self.global_secondary_indexes) & _index_names(self.local_secondary_indexes)
            ),
            message="a local index has the name of a global one; rename one of them",
            field="localSecondaryIndexes",
        ),
    )
