"""DynamoDB tables of a Microservice: what the walk calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..api.stores import Table
from ..facts import Part
from .place import Place


@dataclass(frozen=True)
class WantedTable:
    """A declared table.

    `tags` are the Environment's overlaid with the Microservice's. `known_id` is the ARN that status remembers: a table that
    was there and is not any more has lost its data, and only a person (`recreate`) can say that an empty one will do.
    """

    spec: Table
    tags: Mapping[str, str] = field(default_factory=dict)
    known_id: str = ""
    recreate: bool = False
    field: str = "spec.tables"


@dataclass(frozen=True)
class LeavingTable:
    """A table that is not wanted any more.

    When the declaration went with the table's block, nobody can say which policy it had: it is retained.
    """

    name: str
    policy: Literal["Retain", "Delete"] = "Retain"
    known_id: str = ""


def table_name(place: Place, name: str) -> str:
    """Name in AWS of the table declared as `name`."""
    return place.owner.name(name, 255)


async def reconcile_table(place: Place, wanted: WantedTable) -> Part:
    """Take at most one step towards a declared table, and say how it stands.

    Never raises an OperatorError: what went wrong is in the part. `Part.id` is set once the table can be used.
    """
    raise NotImplementedError


async def delete_table(place: Place, leaving: LeavingTable) -> Part:
    """Take at most one step towards letting a table go by its policy: a deleted CR's, or one that left the spec.

    It is over when the part's state is Ready (gone) or Retained (left in place, also when it was never ours).
    """
    raise NotImplementedError
