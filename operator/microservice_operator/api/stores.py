"""What a service keeps data in: PostgreSQL databases and DynamoDB tables."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .containers import Command
from .scalars import ATOMIC, Keyed, Label, ObjectName, PartName, WithoutNulls
from .table_indexes import Attribute, Capacity, GlobalSecondaryIndex, Index, LocalSecondaryIndex, TableKey

Duration = Annotated[
    str, StringConstraints(min_length=2, max_length=16, pattern=r"^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$")
]
InstanceIdentifier = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z](-?[a-z0-9])*$")]
TableName = Annotated[str, StringConstraints(min_length=3, max_length=255, pattern=r"^[a-zA-Z0-9_.-]+$")]
ExtensionName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9_-]+$")]
EnvPrefix = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Z][A-Z0-9_]*$")]
Access = Literal["ReadWrite", "ReadOnly", "WriteOnly"]
Gibibytes = Annotated[str, StringConstraints(max_length=7, pattern=r"^[1-9][0-9]{0,4}Gi$")]
TimeOfDay = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Day = r"(mon|tue|wed|thu|fri|sat|sun)"
DailyWindow = Annotated[str, StringConstraints(max_length=11, pattern=rf"^{TimeOfDay}-{TimeOfDay}$")]
WeeklyWindow = Annotated[str, StringConstraints(max_length=19, pattern=rf"^{Day}:{TimeOfDay}-{Day}:{TimeOfDay}$")]
ParameterName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[a-z][a-z0-9_.]*$")]
ParameterValue = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
MajorVersion = Annotated[str, StringConstraints(max_length=2, pattern=r"^1[3-9]$")]
SMALLEST_STORAGE = 20  # GiB, of gp2 and gp3 alike (AWS, "Amazon RDS DB instance storage")


class InstanceAdoption(Model):
    """An instance that exists already; only the Environment's annotation microservice-operator.dev/adopt allows it."""

    identifier: InstanceIdentifier
    """What AWS calls the instance."""


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
    """Name of the Secret; default <service>-<database>-database, with a dot before a database that has a hyphen."""
    env_prefix: EnvPrefix = "DATABASE"
    """Prefix of the variables, such as DATABASE in DATABASE_URL."""


def gibibytes(size: str) -> int:
    """`20Gi` → 20."""
    return int(size.removesuffix("Gi"))


def _gibibytes_cel(path: str) -> str:
    return f"int({path}.replace('Gi', ''))"


class Storage(Model):
    """An instance's disk; it only grows."""

    # defaults of these fields are not stored with the object: of what is taken over, only what is declared is changed
    size: Gibibytes = Field(default_factory=lambda: f"{SMALLEST_STORAGE}Gi")
    """Size, such as 20Gi, which is the default; it can be raised, never lowered."""
    max_size: Gibibytes | None = None
    """Up to where AWS may grow it by itself when it fills up; without it AWS does not."""
    type: Literal["gp2", "gp3"] = Field(default_factory=lambda: "gp3")
    """Kind of disk; by default gp3."""
    rules = (
        Rule(
            cel=f"!has(self.size) || {_gibibytes_cel('self.size')} >= {SMALLEST_STORAGE}",
            holds=lambda self: gibibytes(self.size) >= SMALLEST_STORAGE,
            message=f"storage: size is at least {SMALLEST_STORAGE}Gi; raise it",
            field="size",
        ),
        Rule(
            cel=f"!has(self.maxSize) || {_gibibytes_cel('self.maxSize')} * 10 >="
            f" (has(self.size) ? {_gibibytes_cel('self.size')} : {SMALLEST_STORAGE}) * 11",
            holds=lambda self: self.max_size is None or gibibytes(self.max_size) * 10 >= gibibytes(self.size) * 11,
            message="storage: maxSize exceeds size by a tenth at least; raise or remove maxSize",
            field="maxSize",
        ),
    )


class Backup(Model):
    """Daily backups, from which any second of the kept days can be restored."""

    retention_days: Annotated[int, Field(ge=1, le=35)] = Field(default_factory=lambda: 7)
    """Days for which backups are kept; by default seven."""
    window: DailyWindow | None = None
    """When they are made, in UTC, half an hour at least, such as 02:00-03:00; without it AWS chooses."""


class Maintenance(Model):
    """When what interrupts the database may happen."""

    window: WeeklyWindow | None = None
    """When AWS may patch the instance, in UTC, such as sun:03:00-sun:04:00; without it AWS chooses."""
    apply: Literal["InWindow", "Immediately"] = "InWindow"
    """When changes that interrupt are made: in the window, or at once. Parameters that need a restart wait for one
    under InWindow."""


class Database(Model):
    """One PostgreSQL database; fields from version to parameters shape the instance of provider rds."""

    name: PartName
    """Name, and key of the list."""
    engine: Literal["postgres"] = "postgres"
    """Database engine; set once."""
    # never to be raised: a default of the schema applies to what is stored already, and would upgrade it
    version: MajorVersion = "16"
    """Major version; a higher one upgrades after a snapshot, a lower one is refused; the minor one is AWS's."""
    size: Label = Field(default_factory=lambda: "small")
    """Size of the instance, one of those that the Environment lists; by default small."""
    storage: Storage | None = None
    """The instance's disk; by default 20Gi of gp3."""
    high_availability: bool = Field(default_factory=lambda: False)
    """A standby in another zone; by default there is none."""
    backup: Backup | None = None
    """Daily backups; by default kept for seven days."""
    maintenance: Maintenance | None = None
    """When what interrupts the database may happen."""
    parameters: Annotated[dict[ParameterName, ParameterValue], Field(max_length=64), WithoutNulls] | None = None
    """Settings of PostgreSQL, such as log_min_duration_statement."""
    extensions: Annotated[list[ExtensionName], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """PostgreSQL extensions to create."""
    migration: Migration | None = None
    """Job that migrates the schema before each rollout of a new image."""
    deletion_policy: Literal["Retain", "Snapshot", "Delete"] = "Retain"
    """What becomes of the database when the Microservice is deleted: it is retained, deleted after a last snapshot, or
    deleted. A shared server takes no snapshots: there, Snapshot retains. One that leaves the spec stays."""
    connection: DatabaseConnection | None = None
    """How the service is told of its database."""
    adopt: InstanceAdoption | None = None
    """Takes over an instance of RDS that exists, in place of making one; set once it has been taken over."""
    rules = (
        Rule(
            cel="!has(self.parameters) || !('rds.force_ssl' in self.parameters)",
            holds=lambda self: "rds.force_ssl" not in (self.parameters or {}),
            message="parameters: rds.force_ssl is always on; remove it",
            field="parameters",
        ),
    )


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


class TableAdoption(Model):
    """A table that exists already; only the Environment's annotation microservice-operator.dev/adopt allows it."""

    name: TableName
    """What AWS calls the table."""


class Table(Model):
    """One DynamoDB table."""

    name: PartName
    """Name, and key of the list; the service finds the table's own name in NAME_TABLE."""
    partition_key: TableKey
    """Partition key; set once."""
    sort_key: TableKey | None = None
    """Sort key; set once."""
    billing_mode: Literal["PayPerRequest", "Provisioned"] = Field(default_factory=lambda: "PayPerRequest")
    """PayPerRequest, which is the default, or Provisioned with capacity."""
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
    access: Access = "ReadWrite"
    """What the service's role may do with the items: ReadWrite, ReadOnly or WriteOnly."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What becomes of the table when the Microservice is deleted: Retain or Delete. One that leaves the spec stays."""
    adopt: TableAdoption | None = None
    """Takes over a table that exists, in place of making one; set once it has been taken over."""
    rules = (
        Rule(
            cel="(has(self.billingMode) && self.billingMode == 'Provisioned') == has(self.capacity)",
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


class TableRef(Model):
    """A table of another Microservice of the same namespace, which admits this one in its access.from."""

    microservice: PartName
    """Name of the Microservice that declares it."""
    table: PartName
    """Name of the table as it is declared there; its own name arrives as MICROSERVICE__TABLE_TABLE."""
    access: Access = "ReadOnly"
    """What this service's role may do with the items: ReadWrite, ReadOnly or WriteOnly."""
