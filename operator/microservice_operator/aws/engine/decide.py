"""PURE: desired and observed state → one decision.

A reconciliation takes at most one step per resource. The field rules are a table (`ResourceSchema.fields`, in order of
urgency); this module does not know any resource type.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ... import names
from ...facts import Reason
from ...ownership import OWNER_TAGS, Owner, Ownership
from ...resources import Consent, Removal
from .fields import Field, ResourceSchema, describe, differences, kind_label, undeclared_values
from .rules import Added, Change, Effect, Refusal, Removed
from .tags import retained


class Phase(StrEnum):
    """The phase of a resource: it says which calls AWS accepts now."""

    CREATING = "Creating"
    READY = "Ready"
    CHANGING = "Changing"  # in use, and a change is under way
    DELETING = "Deleting"
    UNUSABLE = "Unusable"  # neither in use nor becoming usable


@dataclass(frozen=True)
class Desired:
    """A declared resource. `known_id` is the id from the status, `at` its path in the spec.

    `within` names its parent, where one reconciliation looks at several parents.
    `unsaid` are the fields of an adopted resource that the spec does not set: their current values stay.
    `source` describes what the spec restores it from, "" if it is created empty.
    """

    name: str
    owner: Owner
    fields: Mapping[str, Any]
    known_id: str = ""
    recreate: bool = False
    at: str = ""
    adoption: Consent | None = None
    within: str = ""
    unsaid: frozenset[str] = frozenset()
    source: str = ""


@dataclass(frozen=True)
class Step:
    """The changes of one call: values by field, and a short description in `what`."""

    name: str
    changes: Mapping[str, Any]
    what: str = ""


@dataclass(frozen=True)
class Observed:
    """A resource as AWS shows it.

    `tags` is None while they cannot be read. Fields in `pending_fields` cannot change now, and a `locked` resource
    accepts no change. `impairment` is a fault that a change may fix. `start_step` precedes every other step,
    `pre_delete_step` the deletion. `restored`: it has no owner tags yet, and AWS shows that it was restored as the spec
    says, from data that is proven to be the owner's.
    """

    id: str
    phase: Phase
    fields: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None
    protected: bool = False
    pending_fields: frozenset[str] = frozenset()
    locked: bool = False
    detail: str = ""
    impairment: str = ""
    start_step: Step | None = None
    pre_delete_step: Step | None = None
    restored: bool = False


@dataclass(frozen=True)
class Create:
    """The resource does not exist: create it, empty or from `source`."""

    source: str = ""


@dataclass(frozen=True)
class Modify:
    """Take one step."""

    step: Step


@dataclass(frozen=True)
class Wait:
    """AWS is working on it: wait."""


@dataclass(frozen=True)
class Keep:
    """Nothing to do; `left` lists the undeclared fields of an adopted resource that differ from their defaults."""

    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refuse:
    """Only a person can resolve this."""

    reason: Reason
    message: str
    field: str = ""


@dataclass(frozen=True)
class Delete:
    """Delete the resource."""


Decision = Create | Modify | Wait | Keep | Refuse | Delete


def decide(kind: ResourceSchema, desired: Desired, observed: Observed | None) -> Decision:
    """Decide on a declared resource."""
    if observed is None:
        return _absent(kind, desired)
    if observed.tags is None or observed.phase in (Phase.CREATING, Phase.DELETING):
        return Wait()
    if desired.owner.standing(observed.tags) is Ownership.FOREIGN and not observed.restored:
        adopts = desired.adoption and not desired.owner.left_by_namesake(observed.tags)
        refused = _not_adopted(kind, desired, observed) if adopts else _foreign(kind, desired, observed)
        if refused:
            return refused
        if desired.adoption and observed.phase is not Phase.UNUSABLE:
            return _taken_over(kind, desired, observed)
    if observed.phase is Phase.UNUSABLE:
        return Refuse(kind.reasons.unusable, f"{describe(kind, desired.name)} cannot be used: {observed.detail}")
    return _differences(kind, desired, observed)


def _taken_over(kind: ResourceSchema, desired: Desired, observed: Observed) -> Decision:
    """Write our owner tags first, and report which undeclared fields stay different from their defaults."""
    decision, left = _differences(kind, desired, observed), _left(kind, desired, observed)
    if not isinstance(decision, Modify) or decision.step.name != "tags":
        return decision
    stays = f"; {', '.join(left)} stays unchanged until it is declared" if left else ""
    return Modify(replace(decision.step, what=f"adopting it{stays}"))


def decide_removal(kind: ResourceSchema, owner: Owner, removal: Removal, observed: Observed | None) -> Decision:
    """Decide on a resource that is no longer declared: `Keep` when all is done, `Refuse` when it is not `owner`'s."""
    if observed is None:
        return Keep()
    if observed.tags is None or observed.phase in (Phase.CREATING, Phase.DELETING):
        return Wait()
    if owner.standing(observed.tags) is not Ownership.OURS:
        return Refuse(Reason.CONFLICT, f"{describe(kind, removal.name)} belongs to another owner; it is retained")
    if removal.policy == "Retain" or withheld(kind, removal, observed):
        return _retention(owner, observed)
    return _deletion(observed)


def withheld(kind: ResourceSchema, removal: Removal, observed: Observed | None) -> str:
    """Return why an adopted resource stays although its policy deletes it, or "": deletion needs its own consent."""
    if observed is None or removal.policy == "Retain" or removal.consent is None or removal.consent.allowed:
        return ""
    if not removal.adopts and names.TAG_ADOPTED not in (observed.tags or {}):
        return ""
    return (
        f"{describe(kind, removal.name)} was adopted and is retained despite policy {removal.policy}: annotation "
        f"{names.ANNOTATION_DELETE_ADOPTED} of the Environment does not contain {removal.consent.item}; "
        f"delete {observed.id} manually if it is no longer needed"
    )


def _retention(owner: Owner, observed: Observed) -> Decision:
    mark = retained(owner)
    if mark.tags.items() <= (observed.tags or {}).items():
        return Keep()
    return Modify(Step("tags", {"tags": mark}, "marking it as retained"))


def _deletion(observed: Observed) -> Decision:
    if observed.locked:
        return Wait()
    if observed.pre_delete_step:
        return Modify(observed.pre_delete_step)
    if observed.protected and observed.start_step:
        return Modify(observed.start_step)
    if observed.protected:
        # last, so that the resource stays protected if an earlier step is refused
        return Modify(Step("protection", {"protection": False}, "removing its deletion protection"))
    return Delete()


def _absent(kind: ResourceSchema, desired: Desired) -> Decision:
    if desired.adoption and not desired.known_id:
        message = f"{describe(kind, desired.name)} cannot be adopted because it does not exist; correct or remove adopt"
        return Refuse(Reason.ADOPTION_REFUSED, message, desired.at)
    if desired.known_id and not desired.recreate and desired.source:
        return Refuse(
            kind.reasons.lost,
            f"{describe(kind, desired.name)} was deleted outside the operator; to restore it from {desired.source}, "
            f"{names.restore(desired.name)}",
            desired.at,
        )
    if desired.known_id and not desired.recreate:
        return Refuse(
            kind.reasons.lost,
            f"{describe(kind, desired.name)} was deleted outside the operator and its data is lost; "
            f"restore it from a backup, or {names.recreate(desired.name)}",
            desired.at,
        )
    return Create(desired.source)


def _not_adopted(kind: ResourceSchema, desired: Desired, observed: Observed) -> Refuse | None:
    """Return why a resource is not adopted, or None; nothing is changed until all of it can be adopted."""
    adoption = desired.adoption
    if adoption and not adoption.allowed:
        message = (
            f"{observed.id} exists and is adopted only if the Environment allows it; ask the platform team to add "
            f"{adoption.item} to the Environment's annotation {names.ANNOTATION_ADOPT}"
        )
        return Refuse(Reason.ADOPTION_REFUSED, message, desired.at)
    marks = dict(observed.tags or {})
    if marks.keys() & OWNER_TAGS:
        whose = f"{marks.get(names.TAG_NAMESPACE, '?')}/{marks.get(names.TAG_NAME, '?')}"
        message = f"{observed.id} is owned by Microservice {whose} and stays unchanged; correct adopt"
        return Refuse(Reason.ADOPTION_REFUSED, message, desired.at)
    return _unfit(kind, desired, observed) if observed.fields else None


def _unfit(kind: ResourceSchema, desired: Desired, observed: Observed) -> Refuse | None:
    """Return the first field that prevents adoption of the resource as it is, or None."""
    thing = describe(kind, desired.name)
    for difference in differences(kind, desired.fields, observed.fields, desired.unsaid, adopting=True):
        outcome, spec = difference.outcome, difference.field.spec
        if isinstance(outcome, Refusal):
            message = f"{thing} cannot be adopted: {spec} {outcome.message}"
            return Refuse(Reason.ADOPTION_REFUSED, message, _path(desired, difference.field))
        if difference.field.later:
            message = (
                f"{thing} is adopted without changes, but {spec} differs ({difference.what}); "
                f"declare the current value of {spec} first, and change it after the adoption"
            )
            return Refuse(Reason.ADOPTION_REFUSED, message, _path(desired, difference.field))
        if difference.effect is Effect.REPLACE and isinstance(outcome.to, Added | Removed):
            lost = ", ".join(sorted(difference.observed.keys() - difference.desired.keys()))
            message = f"{thing} cannot be adopted: it would lose {lost}; declare it in {spec}"
            return Refuse(Reason.ADOPTION_REFUSED, message, _path(desired, difference.field))
    return None


def _foreign(kind: ResourceSchema, desired: Desired, observed: Observed) -> Decision:
    owner = desired.owner
    if owner.left_by_namesake(observed.tags or {}):
        message = (
            f"{observed.id} was retained by an earlier Microservice of this name, in a namespace "
            f"{owner.identity.namespace} that may have belonged to another team; it stays unchanged; to reuse it, ask "
            f"the platform team to add {owner.inheritance} to the Environment's annotation {names.ANNOTATION_ADOPT}"
        )
        return Refuse(Reason.CONFLICT, message, desired.at)
    message = f"{observed.id} already exists and is not owned by this Microservice; it stays unchanged; "
    if kind.named_by is None:
        message += f"delete that {kind_label(kind)} if nobody uses it, or give the Microservice another name"
    else:
        message += f"rename the {kind.named_by or kind_label(kind)} in the spec, or delete the existing one"
    return Refuse(Reason.CONFLICT, message, desired.at)


def _differences(kind: ResourceSchema, desired: Desired, observed: Observed) -> Decision:
    changes: dict[str, Change] = {}
    for difference in differences(kind, desired.fields, observed.fields, desired.unsaid):
        row, outcome = difference.field, difference.outcome
        if isinstance(outcome, Refusal):
            message = f"{row.spec} of {describe(kind, desired.name)} {outcome.message}"
            return Refuse(outcome.reason, message, _path(desired, row))
        changes[row.name] = outcome
    if observed.phase is Phase.CHANGING or (changes and observed.locked):
        return Wait()
    if changes:
        return _first_step(kind, changes, observed.pending_fields)
    if observed.impairment:
        return Refuse(kind.reasons.unusable, f"{describe(kind, desired.name)} {observed.impairment}", desired.at)
    return Keep(_left(kind, desired, observed))


def _left(kind: ResourceSchema, desired: Desired, observed: Observed) -> tuple[str, ...]:
    return undeclared_values(kind, desired.fields, observed.fields, desired.unsaid) if desired.unsaid else ()


def _first_step(kind: ResourceSchema, changes: Mapping[str, Change], pending_fields: frozenset[str]) -> Decision:
    for row in kind.fields:
        if row.name in changes and row.name not in pending_fields:
            free = [
                other_row
                for other_row in kind.fields
                if other_row.name in changes and other_row.name not in pending_fields
            ]
            together = [other_row for other_row in free if _step(other_row) == _step(row)]
            what = "; ".join(changes[other_row.name].what or f"changing {other_row.spec}" for other_row in together)
            return Modify(
                Step(_step(row), {other_row.name: changes[other_row.name].to for other_row in together}, what)
            )
    return Wait()


def _step(row: Field) -> str:
    return row.step or row.name


def _path(desired: Desired, row: Field) -> str:
    return f"{desired.at}.{row.spec}" if desired.at else row.spec
