"""What tables and their indexes are made of: keys, projections, capacity."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule, Transition
from .scalars import ATOMIC

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=255)]
IndexName = Annotated[str, StringConstraints(min_length=3, max_length=255, pattern=r"^[a-zA-Z0-9_.-]+$")]
Units = Annotated[int, Field(ge=1, le=40000)]


class TableKey(Model):
    """One key attribute of a table or index."""

    name: Attribute
    """Name of the attribute."""
    type: Literal["S", "N", "B"] = "S"
    """S string, N number, B binary; written "N", for YAML takes a bare N for false."""


class CapacityRange(Model):
    """Bounds of one kind of capacity, in units per second; within them AWS moves it, to be used by 70 per cent."""

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
