"""PURE: desired and observed → one decision.

One resource, one pass, at most one step. The rules of its fields are a table (`Kind.fields`, in order of urgency);
nothing here knows which resource it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from ... import names
from ...facts import Reason
from ...ownership import OWNER_TAGS, Owner, Ownership
from .fields import Field, ResourceSchema, describe, differences, kind_label, undeclared_values
from .rules import Added, Change, Effect, Refusal, Removed
from .tags import retained


class Phase(StrEnum):
    """What a resource can be asked to do now."""

    CREATING = "Creating"
    READY = "Ready"
    CHANGING = "Changing"  # in use, and a change is under way
    DELETING = "Deleting"
    UNUSABLE = "Unusable"  # neither in use nor on the way to it


@dataclass(frozen=True)
class Adoption:
    """What exists is to be taken over, or what was is to be deleted, if the admin allows it.

    `consent` is what an annotation of the Environment must say for that.
    """

    allowed: bool
    consent: str


@dataclass(frozen=True)
class Desired:
    """A declared resource. `known_id` is what status remembers of it, `at` its path in the spec.

    `within` is what it is part of, where it may be part of several that are looked at in one pass.
    `unsaid` are fields of one that is taken over about which the spec says nothing: what is there stays.
    """

    name: str
    owner: Owner
    fields: Mapping[str, Any]
    known_id: str = ""
    recreate: bool = False
    at: str = ""
    adoption: Adoption | None = None
    within: str = ""
    unsaid: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Deletion:
    """A resource that is not wanted any more.

    `adopted` when it is known to have been taken over; `deletion` is whether such a one may be deleted.
    """

    name: str
    owner: Owner
    policy: Literal["Retain", "Snapshot", "Delete"]
    known_id: str = ""
    within: str = ""
    adopted: bool = False
    deletion: Adoption | None = None


@dataclass(frozen=True)
class Step:
    """One call's worth of change: values by field, and what it does in a few words."""

    name: str
    changes: Mapping[str, Any]
    what: str = ""


@dataclass(frozen=True)
class Observed:
    """A resource as AWS shows it.

    `tags` is None while they cannot be read. Fields in `pending_fields` cannot be changed now, and a `locked` resource
    takes no change. `impairment` is a fault that a change may cure. `start_step` comes before any other step,
    `pre_delete_step` before the deletion.
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


@dataclass(frozen=True)
class Create:
    """It is not there."""


@dataclass(frozen=True)
class Modify:
    """One step."""

    step: Step


@dataclass(frozen=True)
class Wait:
    """AWS is at work."""


@dataclass(frozen=True)
class Keep:
    """Nothing is to do; `left` is what was taken over and is not as a default would have it."""

    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refuse:
    """Only a person can resolve it."""

    reason: Reason
    message: str
    field: str = ""


@dataclass(frozen=True)
class Delete:
    """It goes."""


Decision = Create | Modify | Wait | Keep | Refuse | Delete


def decide(kind: ResourceSchema, desired: Desired, observed: Observed | None) -> Decision:
    """Decide on a resource that is wanted."""
    if observed is None:
        return _absent(kind, desired)
    if observed.tags is None or observed.phase in (Phase.CREATING, Phase.DELETING):
        return Wait()
    if desired.owner.standing(observed.tags) is Ownership.FOREIGN:
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
    """Our marks come first, and it is told what stays although a default would have it otherwise."""
    decision, left = _differences(kind, desired, observed), _left(kind, desired, observed)
    if not isinstance(decision, Modify) or decision.step.name != "tags":
        return decision
    stays = f", {', '.join(left)} left as it is until it is declared" if left else ""
    return Modify(replace(decision.step, what=f"taking it over{stays}"))


def decide_removal(kind: ResourceSchema, leaving: Deletion, observed: Observed | None) -> Decision:
    """Decide on a resource that is not wanted: `Keep` when all is done, `Refuse` when it is not ours to touch."""
    if observed is None:
        return Keep()
    if observed.tags is None or observed.phase in (Phase.CREATING, Phase.DELETING):
        return Wait()
    if leaving.owner.standing(observed.tags) is not Ownership.OURS:
        return Refuse(Reason.CONFLICT, f"{describe(kind, leaving.name)} belongs to somebody else and stays")
    if leaving.policy == "Retain" or withheld(kind, leaving, observed):
        return _retention(leaving.owner, observed)
    return _deletion(observed)


def withheld(kind: ResourceSchema, leaving: Deletion, observed: Observed | None) -> str:
    """Why something stays that its policy would delete, "" if it goes: consent to take over is none to delete."""
    if observed is None or leaving.policy == "Retain" or leaving.deletion is None or leaving.deletion.allowed:
        return ""
    if not leaving.adopted and names.TAG_ADOPTED not in (observed.tags or {}):
        return ""
    return (
        f"{describe(kind, leaving.name)} was taken over and stays, {leaving.policy} or not: annotation "
        f"{names.ANNOTATION_DELETE_ADOPTED} of the Environment does not hold {leaving.deletion.consent}; "
        f"delete {observed.id} by hand if nobody needs it"
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
        # last: what is left over when a step before is refused is protected still
        return Modify(Step("protection", {"protection": False}, "lifting its deletion protection"))
    return Delete()


def _absent(kind: ResourceSchema, desired: Desired) -> Decision:
    if desired.adoption and not desired.known_id:
        message = f"{describe(kind, desired.name)} is to be taken over and is not there; correct or remove adopt"
        return Refuse(Reason.ADOPTION_REFUSED, message, desired.at)
    if desired.known_id and not desired.recreate:
        return Refuse(
            kind.reasons.lost,
            f"{describe(kind, desired.name)} was deleted outside the operator and its data is lost; "
            f"restore it from a backup, or {names.recreate(desired.name)}",
            desired.at,
        )
    return Create()


def _not_adopted(kind: ResourceSchema, desired: Desired, observed: Observed) -> Refuse | None:
    """Why a resource that is to be taken over is not; nothing of it is touched before all of it can be."""
    adoption = desired.adoption
    if adoption and not adoption.allowed:
        message = (
            f"{observed.id} exists and is taken over only if the Environment allows it; let whoever runs it add "
            f"{adoption.consent} to its annotation {names.ANNOTATION_ADOPT}"
        )
        return Refuse(Reason.ADOPTION_REFUSED, message, desired.at)
    marks = dict(observed.tags or {})
    if marks.keys() & OWNER_TAGS:
        whose = f"{marks.get(names.TAG_NAMESPACE, '?')}/{marks.get(names.TAG_NAME, '?')}"
        message = f"{observed.id} is marked as that of Microservice {whose} and is left as it is; correct adopt"
        return Refuse(Reason.ADOPTION_REFUSED, message, desired.at)
    return _unfit(kind, desired, observed) if observed.fields else None


def _unfit(kind: ResourceSchema, desired: Desired, observed: Observed) -> Refuse | None:
    """What keeps it from being taken over as it is."""
    thing = describe(kind, desired.name)
    for found in differences(kind, desired.fields, observed.fields, desired.unsaid, adopting=True):
        outcome, spec = found.outcome, found.field.spec
        if isinstance(outcome, Refusal):
            message = f"{thing} cannot be taken over: {spec} {outcome.message}"
            return Refuse(Reason.ADOPTION_REFUSED, message, _path(desired, found.field))
        if found.field.later:
            message = (
                f"{thing} is taken over as it is, and {spec} says otherwise ({found.what}); "
                f"declare {spec} as it is, and change it once it has been taken over"
            )
            return Refuse(Reason.ADOPTION_REFUSED, message, _path(desired, found.field))
        if found.effect is Effect.REPLACE and isinstance(outcome.to, Added | Removed):
            lost = ", ".join(sorted(found.observed.keys() - found.desired.keys()))
            message = f"{thing} would lose {lost} if it were taken over; declare it in {spec}"
            return Refuse(Reason.ADOPTION_REFUSED, message, _path(desired, found.field))
    return None


def _foreign(kind: ResourceSchema, desired: Desired, observed: Observed) -> Decision:
    owner = desired.owner
    if owner.left_by_namesake(observed.tags or {}):
        message = (
            f"{observed.id} was left behind by a Microservice of this name, in a namespace {owner.identity.namespace} "
            "that may have been another's; it is left as it is; if this one is to have it, let whoever runs the "
            f"Environment add {owner.inheritance} to its annotation {names.ANNOTATION_ADOPT}"
        )
        return Refuse(Reason.CONFLICT, message, desired.at)
    message = f"{observed.id} exists and is not marked as this Microservice's; it is left as it is; "
    if kind.named_by is None:
        message += f"remove that {kind_label(kind)} if nobody uses it, or give the Microservice another name"
    else:
        message += f"rename the {kind.named_by or kind_label(kind)} in the spec, or remove that one"
    return Refuse(Reason.CONFLICT, message, desired.at)


def _differences(kind: ResourceSchema, desired: Desired, observed: Observed) -> Decision:
    changes: dict[str, Change] = {}
    for found in differences(kind, desired.fields, observed.fields, desired.unsaid):
        row, outcome = found.field, found.outcome
        if isinstance(outcome, Refusal):
            message = f"{row.spec} of {describe(kind, desired.name)} {outcome.message}"
            return Refuse(Reason.CHANGE_REFUSED, message, _path(desired, row))
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
            free = [other for other in kind.fields if other.name in changes and other.name not in pending_fields]
            together = [other for other in free if _step(other) == _step(row)]
            what = "; ".join(changes[other.name].what or f"changing {other.spec}" for other in together)
            return Modify(Step(_step(row), {other.name: changes[other.name].to for other in together}, what))
    return Wait()


def _step(row: Field) -> str:
    return row.step or row.name


def _path(desired: Desired, row: Field) -> str:
    return f"{desired.at}.{row.spec}" if desired.at else row.spec
