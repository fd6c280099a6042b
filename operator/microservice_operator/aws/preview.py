"""PURE: computes what a changed declaration does to existing resources, by the rules that a reconciliation uses.

AWS is not asked: each resource is assumed to match its old declaration.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..ownership import Owner
from .dynamodb.desired import DesiredTable, table_fields
from .dynamodb.desired import unsaid as table_unsaid
from .dynamodb.fields import TABLE
from .dynamodb.responses import table_as_made
from .engine.fields import Difference, ResourceSchema, differences
from .engine.rules import Effect
from .messaging.desired import DesiredQueue, DesiredTopic, queue_fields, topic_fields
from .messaging.fields import QUEUE, TOPIC
from .rds.desired import DesiredInstance, instance_fields, parameter_fields
from .rds.desired import unsaid as instance_unsaid
from .rds.fields import INSTANCE, PARAMETER_GROUP
from .rds.responses import instance_as_made


@dataclass(frozen=True)
class Forecast:
    """One changed field: its path below the declared item, the effect, and a short description."""

    field: str
    effect: Effect
    what: str


def database_changes(owner: Owner, new: DesiredInstance, old: DesiredInstance) -> tuple[Forecast, ...]:
    """Return the changes of a database of provider `rds`."""
    desired, was = (_instance(owner, each) for each in (new, old))
    settings = parameter_fields(owner, new)
    # each major version has its own parameter group, so a group's family never changes
    group = {**parameter_fields(owner, old), "family": settings["family"]}
    return _group_by_field(
        (
            *differences(INSTANCE, desired, instance_as_made(was), instance_unsaid(new.spec)),
            *differences(PARAMETER_GROUP, settings, group),
        )
    )


def table_changes(owner: Owner, new: DesiredTable, old: DesiredTable) -> tuple[Forecast, ...]:
    """Return the changes of a table."""
    desired, was = (table_fields(owner, t, t.spec.adopt.name if t.spec.adopt else t.spec.name) for t in (new, old))
    return _group_by_field(differences(TABLE, desired, table_as_made(was), table_unsaid(new.spec)))


def topic_changes(owner: Owner, new: DesiredTopic, old: DesiredTopic) -> tuple[Forecast, ...]:
    """Return the changes of a topic."""
    return _alike(TOPIC, topic_fields(owner, new, ""), topic_fields(owner, old, ""))


def queue_changes(owner: Owner, new: DesiredQueue, old: DesiredQueue) -> tuple[Forecast, ...]:
    """Return the changes of a queue."""
    return _alike(QUEUE, queue_fields(owner, new, "", ""), queue_fields(owner, old, "", ""))


def _instance(owner: Owner, desired: DesiredInstance) -> Mapping[str, Any]:
    identifier = desired.spec.adopt.identifier if desired.spec.adopt else desired.spec.name
    groups = {"security_groups": None, "parameter_group": None}
    return {**instance_fields(owner, desired, identifier, "of it"), **groups}


def _alike(kind: ResourceSchema, desired: Mapping[str, Any], was: Mapping[str, Any]) -> tuple[Forecast, ...]:
    """Return the changes of a resource that AWS shows exactly as declared."""
    return _group_by_field(differences(kind, desired, was))


def _group_by_field(changes: Iterable[Difference]) -> tuple[Forecast, ...]:
    """Group differences by field and effect, because several rules may compare one field.

    If one field is refused, only refusals are returned, because then nothing of the resource changes.
    """
    changes = tuple(changes)
    refused = tuple(each for each in changes if each.effect is Effect.REFUSED)
    grouped: dict[tuple[str, Effect], list[str]] = {}
    for each in refused or changes:
        words = grouped.setdefault((each.field.spec, each.effect), [])
        words += [each.what] if each.what not in words else []
    return tuple(Forecast(field, effect, "; ".join(words)) for (field, effect), words in grouped.items())
