"""Data stores in the spec: PostgreSQL databases and DynamoDB tables."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .containers import Command
from .patterns import pattern
from .restores import InstanceIdentifier, InstanceSource, TableName, TableSource
from .scalars import ATOMIC, DURATION, Keyed, Label, ObjectName, PartName, WithoutNulls
from .table_indexes import Attribute, Capacity, GlobalSecondaryIndex, Index, LocalSecondaryIndex, TableKey

Duration = Annotated[str, StringConstraints(min_length=2, max_length=16, pattern=DURATION)]
_UNITS = {"h": 3600, "m": 60, "s": 1}
SHORTEST_ROTATION = 3600  # seconds; each rotation rolls the pods
ExtensionName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=63,
        pattern=pattern(r"^[a-z0-9_-]+$", "the name of an extension: lower-case letters, digits, _ and -"),
    ),
]
EnvPrefix = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=40,
        pattern=pattern(r"^[A-Z][A-Z0-9_]*$", "upper-case letters, digits and underscores, starting with a letter"),
    ),
]
Access = Literal["ReadWrite", "ReadOnly", "WriteOnly"]
Gibibytes = Annotated[
    str,
    StringConstraints(max_length=7, pattern=pattern(r"^[1-9][0-9]{0,4}Gi$", "a size in whole gibibytes, such as 20Gi")),
]
TimeOfDay = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Day = r"(mon|tue|wed|thu|fri|sat|sun)"
DailyWindow = Annotated[
    str,
    StringConstraints(
        max_length=11, pattern=pattern(rf"^{TimeOfDay}-{TimeOfDay}$", "a window in UTC such as 03:00-03:30")
    ),
]
WeeklyWindow = Annotated[
    str,
    StringConstraints(
        max_length=19,
        pattern=pattern(rf"^{Day}:{TimeOfDay}-{Day}:{TimeOfDay}$", "a window in UTC such as sun:04:00-sun:04:30"),
    ),
]
ParameterName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=128,
        pattern=pattern(r"^[a-z][a-z0-9_.]*$", "the name of a parameter, such as log_min_duration_statement"),
    ),
]
ParameterValue = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
MajorVersion = Annotated[
    str, StringConstraints(max_length=2, pattern=pattern(r"^1[3-9]$", "a major version from 13 to 19, in quotes"))
]
SMALLEST_STORAGE = 20  # GiB, for gp2 and gp3 (AWS, "Amazon RDS DB instance storage")


def seconds(duration: str) -> int:
    """Convert a duration to seconds: `1h30m` → 5400."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([hms])", duration))


class InstanceAdoption(Model):
    """An existing RDS instance to adopt; the Environment's annotation microservice-operator.dev/adopt must allow it."""

    identifier: InstanceIdentifier
    """Identifier of the instance in AWS."""


class Migration(Model):
    """A Job with the new image that connects as the schema owner and runs before the rollout."""

    command: Command
    """Command that migrates the schema."""
    args: Command | None = None
    """Arguments of the command."""
    timeout: Duration = "10m"
    """Maximum duration of the migration, such as 10m."""


class DatabaseConnection(Model):
    """How the service receives the connection data of its database."""

    secret_name: ObjectName | None = None
    """Name of the Secret; by default <service>-<database>-database, or <service>.<database>-database if the database
    name has a hyphen."""
    env_prefix: EnvPrefix = "DATABASE"
    """Prefix of the environment variables, such as DATABASE in DATABASE_URL."""


class DatabaseCredentials(Model):
    """The passwords of a database's logins."""

    rotation_interval: Duration | None = None
    """Interval at which the operator rotates the passwords and rolls the pods, such as 720h; at least 1h. If unset, it
    rotates them only when the annotation microservice-operator.dev/rotate-requested-at requests it."""
    rules = (
        Rule(
            cel="!has(self.rotationInterval) || duration(self.rotationInterval) >= duration('1h')",
            holds=lambda self: self.rotation_interval is None or seconds(self.rotation_interval) >= SHORTEST_ROTATION,
            message="credentials: rotationInterval must be at least 1h, because each rotation rolls the pods; raise it",
            field="rotationInterval",
        ),
    )


def gibibytes(size: str) -> int:
    """Convert a size to gibibytes: `20Gi` → 20."""
    return int(size.removesuffix("Gi"))


def _gibibytes_cel(path: str) -> str:
    return f"int({path}.replace('Gi', ''))"


class Storage(Model):
    """Disk of an RDS instance; it can only grow."""

    # the API server does not store these defaults: on an adopted instance, only declared fields are changed
    size: Gibibytes = Field(default_factory=lambda: f"{SMALLEST_STORAGE}Gi")
    """Size of the disk, by default 20Gi; it can be raised but not lowered."""
    max_size: Gibibytes | None = None
    """Size up to which AWS grows a full disk automatically; if unset, AWS does not grow it."""
    type: Literal["gp2", "gp3"] = Field(default_factory=lambda: "gp3")
    """Disk type; by default gp3."""
    rules = (
        Rule(
            cel=f"!has(self.size) || {_gibibytes_cel('self.size')} >= {SMALLEST_STORAGE}",
            holds=lambda self: gibibytes(self.size) >= SMALLEST_STORAGE,
            message=f"storage: size must be at least {SMALLEST_STORAGE}Gi; raise it",
            field="size",
        ),
        Rule(
            cel=f"!has(self.maxSize) || {_gibibytes_cel('self.maxSize')} * 10 >="
            f" (has(self.size) ? {_gibibytes_cel('self.size')} : {SMALLEST_STORAGE}) * 11",
            holds=lambda self: self.max_size is None or gibibytes(self.max_size) * 10 >= gibibytes(self.size) * 11,
            message="storage: maxSize must exceed size by at least 10 %; raise or remove maxSize",
            field="maxSize",
        ),
    )


class Backup(Model):
    """Daily backups; the database can be restored to any second within the retention period."""

    retention_days: Annotated[int, Field(ge=1, le=35)] = Field(default_factory=lambda: 7)
    """Retention period of backups in days; by default 7."""
    window: DailyWindow | None = None
    """Daily backup window in UTC, such as 02:00-03:00, at least half an hour; if unset, AWS chooses it."""


class Maintenance(Model):
    """When changes that interrupt the database may happen."""

    window: WeeklyWindow | None = None
    """Weekly window in UTC in which AWS may patch the instance, such as sun:03:00-sun:04:00; if unset, AWS chooses
    it."""
    apply: Literal["InWindow", "Immediately"] = "InWindow"
    """When changes that interrupt the database are made: in the window, or immediately. With InWindow, parameters that
    need a restart wait for one."""


class Database(Model):
    """One PostgreSQL database; the fields from version to parameters apply to the instance of provider rds."""

    name: PartName
    """Name, and key of the list."""
    engine: Literal["postgres"] = "postgres"
    """Database engine; immutable."""
    # never raise this default: the API server applies it to stored objects too, which would upgrade them
    version: MajorVersion = "16"
    """Major version of PostgreSQL. Raising it upgrades the instance after a snapshot; lowering it is refused. AWS
    chooses the minor version."""
    size: Label = Field(default_factory=lambda: "small")
    """Size of the instance, one of the Environment's databases.rds.sizes; by default small."""
    storage: Storage | None = None
    """Disk of the instance; by default 20Gi of gp3."""
    high_availability: bool = Field(default_factory=lambda: False)
    """If true, the instance has a standby in another availability zone; by default false."""
    backup: Backup | None = None
    """Daily backups; by default kept for 7 days."""
    maintenance: Maintenance | None = None
    """When changes that interrupt the database may happen."""
    parameters: Annotated[dict[ParameterName, ParameterValue], Field(max_length=64), WithoutNulls] | None = None
    """PostgreSQL parameters, such as log_min_duration_statement."""
    extensions: Annotated[list[ExtensionName], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """PostgreSQL extensions that the operator creates in the database."""
    migration: Migration | None = None
    """Job that migrates the schema before each rollout of a new image."""
    extended_support: bool | None = None
    """If true, the instance is enrolled in RDS Extended Support, which costs extra after the standard support of its
    version has ended; if false, it is not. If unset, a new instance is not enrolled, and an existing one stays as it
    is. AWS upgrades an instance that is not enrolled when the standard support of its version ends."""
    deletion_policy: Literal["Retain", "Snapshot", "Delete"] = "Retain"
    """What happens to the database when the Microservice is deleted: Retain keeps it, Snapshot deletes it after a final
    snapshot, Delete deletes it. A shared server has no snapshots; there, Snapshot retains. A database that is removed
    from the spec is always retained."""
    connection: DatabaseConnection | None = None
    """How the service receives the connection data of its database."""
    credentials: DatabaseCredentials | None = None
    """The passwords of the database's logins; by default they are rotated on request only."""
    adopt: InstanceAdoption | None = None
    """Adopts an existing RDS instance instead of creating one; immutable after the adoption."""
    restore_from: InstanceSource | None = None
    """Creates the instance from a snapshot or a point in time instead of empty. It has no effect on an existing
    instance. A lost one also needs the annotation microservice-operator.dev/recreate."""
    rules = (
        Rule(
            cel="!has(self.parameters) || !('rds.force_ssl' in self.parameters)",
            holds=lambda self: "rds.force_ssl" not in (self.parameters or {}),
            message="parameters: the operator always enables rds.force_ssl; remove it",
            field="parameters",
        ),
    )


# Each key attribute as the letter of its type plus its name: CEL cannot join lists of objects from different fields.
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


class TableAdoption(Model):
    """An existing table to adopt; the Environment's annotation microservice-operator.dev/adopt must allow it."""

    name: TableName
    """Name of the table in AWS."""


class Table(Model):
    """One DynamoDB table."""

    name: PartName
    """Name, and key of the list; the variable NAME_TABLE holds the table's name in AWS."""
    partition_key: TableKey
    """Partition key; immutable."""
    sort_key: TableKey | None = None
    """Sort key; immutable."""
    billing_mode: Literal["PayPerRequest", "Provisioned"] = Field(default_factory=lambda: "PayPerRequest")
    """PayPerRequest (the default), or Provisioned, which needs capacity."""
    capacity: Capacity | None = None
    """Provisioned capacity; only with billingMode Provisioned."""
    global_secondary_indexes: Annotated[list[GlobalSecondaryIndex], Field(max_length=20), Keyed(("name",))] | None = (
        None
    )
    """Global secondary indexes; they can be added and removed."""
    local_secondary_indexes: Annotated[list[LocalSecondaryIndex], Field(max_length=5), Keyed(("name",))] | None = None
    """Local secondary indexes; they exist from the table's creation to its deletion and are immutable."""
    time_to_live_attribute: Attribute | None = None
    """Attribute that holds the time when an item expires, in seconds since 1970."""
    stream_view_type: Literal["KeysOnly", "NewImage", "OldImage", "NewAndOldImages"] | None = None
    """Content of the table's stream; if unset, there is no stream."""
    point_in_time_recovery: bool = True
    """If true, AWS keeps continuous backups for point-in-time recovery."""
    deletion_protection: bool = True
    """If true, AWS refuses to delete the table."""
    access: Access = "ReadWrite"
    """Access of the service's role to the table's items: ReadWrite, ReadOnly or WriteOnly."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What happens to the table when the Microservice is deleted: Retain or Delete. A table that is removed from the
    spec is always retained."""
    adopt: TableAdoption | None = None
    """Adopts an existing table instead of creating one; immutable after the adoption."""
    restore_from: TableSource | None = None
    """Creates the table from a backup or a point in time instead of empty. It has no effect on an existing table. A
    lost one also needs the annotation microservice-operator.dev/recreate."""
    rules = (
        Rule(
            cel="(has(self.billingMode) && self.billingMode == 'Provisioned') == has(self.capacity)",
            holds=lambda self: (self.billing_mode == "Provisioned") == (self.capacity is not None),
            message="a table must set capacity if its billingMode is Provisioned, and only then; add or remove"
            " capacity, or change billingMode",
        ),
        Rule(
            cel="!has(self.localSecondaryIndexes) || has(self.sortKey)",
            holds=lambda self: self.local_secondary_indexes is None or self.sort_key is not None,
            message="localSecondaryIndexes require a sortKey of the table; add the sortKey or use a global index",
        ),
        Rule(
            cel="!has(self.sortKey) || self.sortKey.name != self.partitionKey.name",
            holds=lambda self: self.sort_key is None or self.sort_key.name != self.partition_key.name,
            message="sortKey must be another attribute than partitionKey; name another one",
            field="sortKey",
        ),
        Rule(
            cel=f"[{_KEYS}].all(keys, keys.all(a, keys.all(b, a == b || a.substring(1) != b.substring(1))))",
            holds=_one_type,
            message="an attribute must have the same type in all keys of a table and its indexes; use one type"
            " everywhere",
        ),
        Rule(
            cel="!has(self.globalSecondaryIndexes) || !has(self.localSecondaryIndexes)"
            " || !self.globalSecondaryIndexes.exists(g, self.localSecondaryIndexes.exists(l, l.name == g.name))",
            holds=lambda self: (
                not _index_names(self.global_secondary_indexes) & _index_names(self.local_secondary_indexes)
            ),
            message="a local index and a global index have the same name; rename one of them",
            field="localSecondaryIndexes",
        ),
    )


class TableRef(Model):
    """A table of another Microservice of the same namespace, which must allow this one in its access.from."""

    microservice: PartName
    """Name of the Microservice that declares the table."""
    table: PartName
    """Name of the table in that Microservice's spec; the variable MICROSERVICE__TABLE_TABLE holds its name in AWS."""
    access: Access = "ReadOnly"
    """Access of this service's role to the table's items: ReadWrite, ReadOnly or WriteOnly."""
