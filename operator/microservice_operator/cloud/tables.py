"""DynamoDB tables of a Microservice: what the walk calls."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..api.indexes import Index, TableKey
from ..api.stores import Table
from ..facts import Part, Reason
from ..ownership import Owner
from .clients import Lane
from .dynamodb import DynamoDBTable
from .dynamodb_scaling import desired_targets, scaled, tracked, unscaled
from .kinds import Field, Kind, Reasons
from .place import Place
from .plan import Adoption, Desired, Leaving
from .policy_arns import TABLE_NAME_LIMIT
from .resource import reconcile, remove
from .rules import (
    Bounds,
    Outcome,
    Refusal,
    each_within,
    exact,
    floor,
    off_between,
    one_by_one,
    remade,
    set_once,
    within,
)
from .tags import desired_tags, owned_tags

_KEEP = "restore it, or declare a table of another name and move the items"
_BILLING = {"PayPerRequest": "PAY_PER_REQUEST", "Provisioned": "PROVISIONED"}
_SAID: Mapping[str, tuple[str, ...]] = {  # by what the declaration says, what follows
    "billing_mode": ("billing", "capacity", "index_capacity", "unscaled", "scaling", "tracking"),
    "stream_view_type": ("stream",),
    "time_to_live_attribute": ("time_to_live",),
    "point_in_time_recovery": ("recovery",),
    "deletion_protection": ("protection",),
}
_NOT_THERE = (
    Reason.TABLE_CREATING,
    Reason.TABLE_DELETING,
    Reason.TABLE_LOST,
    Reason.TABLE_UNUSABLE,
    Reason.CONFLICT,
    Reason.ADOPTION_REFUSED,
)


def no_key(desired: None, observed: str | None) -> Outcome:  # noqa: ARG001 a rule looks at both sides
    """A key of somebody's own lets in only whom its policy names, which the operator does not write."""
    if observed is None:
        return None
    return Refusal(
        f"is encrypted with {observed}, a key of your own that the service's role would not be let use; let the table "
        "use a key of AWS (UpdateTable, SSESpecification) and take it over then"
    )


TABLE = Kind(
    name="Table",
    fields=(
        Field("name", set_once(_KEEP), "adopt.name"),
        Field("keys", set_once(_KEEP), "partitionKey"),
        Field("local_indexes", set_once(_KEEP), "localSecondaryIndexes"),
        Field("tags", owned_tags, "tags"),
        Field("key", no_key, "adopt.name", once=True),
        Field("unscaled", unscaled, "capacity"),
        Field("billing", exact, "billingMode", step="throughput"),
        Field("capacity", within, "capacity", step="throughput"),
        Field("index_capacity", each_within, "capacity", step="throughput"),
        Field(
            "global_indexes",
            one_by_one("restore it, or add an index of another name and remove this one"),
            "globalSecondaryIndexes",
        ),
        Field("scaling", scaled, "capacity"),
        Field("tracking", tracked, "capacity"),
        Field("stream", remade, "streamViewType"),
        Field("time_to_live", off_between, "timeToLiveAttribute"),
        Field("recovery", exact, "pointInTimeRecovery", unsaid=floor),
        Field("protection", exact, "deletionProtection", unsaid=floor),
    ),
    reasons=Reasons(
        creating=Reason.TABLE_CREATING,
        created=Reason.TABLE_CREATED,
        updating=Reason.TABLE_UPDATING,
        deleting=Reason.TABLE_DELETING,
        deleted=Reason.TABLE_DELETED,
        retained=Reason.TABLE_RETAINED,
        lost=Reason.TABLE_LOST,
        unusable=Reason.TABLE_UNUSABLE,
    ),
)


@dataclass(frozen=True)
class WantedTable:
    """A declared table.

    `tags` are the Environment's overlaid with the Microservice's. `known_id` is the ARN that status remembers: a
    table that was there and is not any more has lost its data, and only a person (`recreate`) can say that an empty
    one will do. `adoption` is what the Environment says to the one that the spec takes over, if it does.
    """

    spec: Table
    tags: Mapping[str, str] = field(default_factory=dict)
    known_id: str = ""
    recreate: bool = False
    field: str = "spec.tables"
    adoption: Adoption | None = None


@dataclass(frozen=True)
class LeavingTable:
    """A table that is not wanted any more.

    When the declaration went with the table's block, nobody can say which policy it had: it is retained. `adopts` is
    what AWS calls it if it was taken over, `deletion` whether such a one may be deleted.
    """

    name: str
    policy: Literal["Retain", "Delete"] = "Retain"
    known_id: str = ""
    adopts: str = ""
    deletion: Adoption | None = None


def table_name(place: Place, name: str) -> str:
    """Name in AWS of the table declared as `name`, if it is made."""
    return place.owner.name(name, TABLE_NAME_LIMIT)


def named(arn: str) -> str:
    """Name of a table in its ARN: `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`."""
    return arn.rpartition("/")[2]


def usable(part: Part) -> bool:
    """Can the service work with the table? A change under way, or refused, does not stop it."""
    return bool(part.id) and part.reason not in _NOT_THERE


async def reconcile_table(place: Place, wanted: WantedTable) -> Part:
    """Take at most one step towards a declared table, and say how it stands.

    Never raises an OperatorError: what went wrong is in the part. `Part.id` is the ARN once the table has been in
    use; give it back as `known_id`.
    """
    # what was made, or taken over, is the table from then on, whatever the spec says
    name = named(wanted.known_id) or _declared_name(place, wanted.spec)
    key = (place.owner.identity.uid, TABLE.name, name)
    # a default that is written out is the same table, and another word on one that was taken over
    recalled = place.settled.recall(key, (wanted, unsaid(wanted.spec)))
    if recalled:
        return recalled
    fields = table_fields(place.owner, wanted, _declared_name(place, wanted.spec))
    adopting = bool(wanted.spec.adopt) and not wanted.known_id
    outcome = await reconcile(
        place, DynamoDBTable(place, name, adopting=adopting), TABLE, _desired(place, wanted, fields)
    )
    if outcome.settled:
        # the next pass knows its ARN, which is no reason to look again
        sight = (replace(wanted, known_id=outcome.part.id), unsaid(wanted.spec))
        place.settled.keep(key, sight, outcome.part)
    return place.settled.news(key, outcome.part)


async def delete_table(place: Place, leaving: LeavingTable) -> Part:
    """Take at most one step towards letting a table go by its policy: a deleted CR's, or one that left the spec.

    It is over when the part's state is Ready (gone) or Retained (left in place, also when it was never ours).
    """
    name = named(leaving.known_id) or leaving.adopts or table_name(place, leaving.name)
    place.settled.drop((place.owner.identity.uid, TABLE.name, name))
    adopted = name != table_name(place, leaving.name)  # also where adopt is taken out of the spec before the deletion
    desired = Leaving(
        leaving.name, place.owner, leaving.policy, leaving.known_id, adopted=adopted, deletion=leaving.deletion
    )
    return await remove(place, DynamoDBTable(place, name, Lane.DELETE), TABLE, desired)


def _declared_name(place: Place, spec: Table) -> str:
    return spec.adopt.name if spec.adopt else table_name(place, spec.name)


def _desired(place: Place, wanted: WantedTable, fields: Mapping[str, Any]) -> Desired:
    spec = wanted.spec
    desired = Desired(spec.name, place.owner, fields, wanted.known_id, wanted.recreate, wanted.field, wanted.adoption)
    return replace(desired, unsaid=unsaid(spec))


def unsaid(spec: Table) -> frozenset[str]:
    """Fields of a table that is taken over about which its declaration says nothing."""
    if spec.adopt is None:
        return frozenset()
    said = {name for name in spec.model_fields_set if getattr(spec, name) is not None}
    return frozenset(field for declared, fields in _SAID.items() if declared not in said for field in fields)


def table_fields(owner: Owner, wanted: WantedTable, name: str) -> dict[str, Any]:
    """What a declared table is to be; `name` is what AWS calls it."""
    spec = wanted.spec
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
        "tags": desired_tags(owner, wanted.tags, adopted=spec.adopt is not None),
        "key": None,
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
