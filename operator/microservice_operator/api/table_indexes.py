"""Keys, projections and capacity of tables and their indexes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule, Transition
from .patterns import pattern
from .scalars import ATOMIC

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=255)]
IndexName = Annotated[
    str,
    StringConstraints(min_length=3, max_length=255, pattern=pattern(r"^[a-zA-Z0-9_.-]+$", "letters, digits and _ . -")),
]
Units = Annotated[int, Field(ge=1, le=40000)]


class TableKey(Model):
    """One key attribute of a table or index."""

    name: Attribute
    """Name of the attribute."""
    type: Literal["S", "N", "B"] = "S"
    """S for string, N for number, B for binary. Quote "N", because YAML reads a bare N as false."""


class CapacityRange(Model):
    """Minimum and maximum of read or write capacity, in units per second; AWS scales between them to 70 % use."""

    min: Units
    """Minimum units per second."""
    max: Units
    """Maximum units per second."""
    rules = (
        Rule(
            cel="self.min <= self.max",
            holds=lambda self: self.min <= self.max,
            message="capacity: min must not exceed max; raise max or lower min",
        ),
    )


class Capacity(Model):
    """Provisioned capacity of a table and each of its global indexes."""

    read: CapacityRange
    """Read capacity."""
    write: CapacityRange
    """Write capacity."""


class Index(Model):
    """A secondary index; with projection Include, `include` lists the projected attributes."""

    name: IndexName
    """Name, and key of the list."""
    projection: Literal["All", "KeysOnly", "Include"] = "All"
    """Which attributes the index contains."""
    include: Annotated[list[Attribute], Field(max_length=20, json_schema_extra=ATOMIC)] | None = None
    """Projected attributes; only with projection Include."""
    rules = (
        Rule(
            cel="(self.projection == 'Include') == has(self.include)",
            holds=lambda self: (self.projection == "Include") == (self.include is not None),
            message="an index must set include if its projection is Include, and only then; add or remove include, or"
            " change the projection",
        ),
    )


class GlobalSecondaryIndex(Index):
    """A global secondary index; it can be added and removed, but its keys are immutable."""

    partition_key: TableKey
    """Partition key; immutable."""
    sort_key: TableKey | None = None
    """Sort key; immutable."""
    transitions = (
        # here and not at the root of the spec, where it would exceed the API server's cost budget
        Transition(
            cel="self == oldSelf",
            holds=lambda self, old: self == old,
            message="the keys and projection of a global index are immutable; declare an index with another name"
            " instead",
        ),
    )


class LocalSecondaryIndex(Index):
    """A local secondary index; it exists from the table's creation to its deletion."""

    sort_key: TableKey
    """Sort key; immutable."""
