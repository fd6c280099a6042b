"""PURE: the field table of a resource type, and the differences between desired and observed state.

The field rules are a table (`ResourceSchema.fields`, in order of urgency). `decide` chooses the next step and `preview`
lists all changes from the same differences.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...facts import Reason
from .rules import Change, Effect, Refusal, Rule, format_value, ignore_after_create

SHOWS = 120.0  # seconds within which AWS shows a change; tags of a DynamoDB table were old for so long


@dataclass(frozen=True)
class Field:
    """One row of a resource type's table. One call changes all fields of the same `step`; `spec` is the spec path.

    `effect` is the effect of a change on the resource's users, unless the rule's Change names another. `unsaid` is the
    rule for a field of an adopted resource that the spec does not set. `later`: adoption must not change the field.
    `once`: the field is compared only before adoption. `shows` is the number of seconds within which AWS shows a
    change.
    """

    name: str
    rule: Rule
    spec: str = ""
    step: str = ""
    effect: Effect = Effect.IN_PLACE
    unsaid: Rule = ignore_after_create
    later: bool = False
    once: bool = False
    shows: float = SHOWS


@dataclass(frozen=True)
class Reasons:
    """The reasons that a resource type reports for its states."""

    creating: Reason
    created: Reason
    updating: Reason
    deleting: Reason
    deleted: Reason
    retained: Reason
    lost: Reason
    unusable: Reason


@dataclass(frozen=True)
class ResourceSchema:
    """A resource type: its name, its table of field rules and its reasons.

    `named_by` is the spec item that gives the resource its name: the type itself if it is "", only the Microservice if
    it is `None`.
    """

    name: str
    fields: tuple[Field, ...]
    reasons: Reasons
    named_by: str | None = ""


@dataclass(frozen=True)
class Difference:
    """A field that differs from its desired value, and the outcome."""

    field: Field
    outcome: Change | Refusal
    desired: Any
    observed: Any

    @property
    def effect(self) -> Effect:
        """Effect of the change on the users of the resource."""
        if isinstance(self.outcome, Refusal):
            return Effect.REFUSED
        return self.outcome.effect or self.field.effect

    @property
    def what(self) -> str:
        """Short description of the whole change, or the reason of its refusal."""
        if isinstance(self.outcome, Refusal):
            return self.outcome.message
        first = self.outcome.what or f"changing {self.field.spec}{self._values}"
        return f"{first}, then {self.outcome.then}" if self.outcome.then else first

    @property
    def _values(self) -> str:
        plain = all(value is None or isinstance(value, str | int) for value in (self.desired, self.observed))
        return f" from {format_value(self.observed)} to {format_value(self.desired)}" if plain else ""


def differences(
    kind: ResourceSchema,
    desired: Mapping[str, Any],
    observed: Mapping[str, Any],
    unsaid: frozenset[str] = frozenset(),
    *,
    adopting: bool = False,
) -> tuple[Difference, ...]:
    """Return every field that differs, in order of urgency; `unsaid` fields follow their own rule."""
    sides = ((row, desired[row.name], observed[row.name]) for row in kind.fields if adopting or not row.once)
    ruled = ((row, row.unsaid if row.name in unsaid else row.rule, wanted, there) for row, wanted, there in sides)
    outcomes = ((row, rule(wanted, there), wanted, there) for row, rule, wanted, there in ruled)
    return tuple(Difference(row, outcome, wanted, there) for row, outcome, wanted, there in outcomes if outcome)


def undeclared_values(
    kind: ResourceSchema, desired: Mapping[str, Any], observed: Mapping[str, Any], unsaid: frozenset[str]
) -> tuple[str, ...]:
    """Return the spec paths of values that differ from the default and stay, because the spec does not set them."""
    changing = {difference.field.name for difference in differences(kind, desired, observed, unsaid)}
    kept = (
        difference.field
        for difference in differences(kind, desired, observed)
        if difference.field.name in unsaid - changing
    )
    return tuple(dict.fromkeys(row.spec for row in kept))


def describe(kind: ResourceSchema, name: str) -> str:
    """Describe a resource in a message: `SecurityGroup` → `security group orders`."""
    return f"{kind_label(kind)} {name}"


def kind_label(kind: ResourceSchema) -> str:
    """Return the words for a resource type in a message."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.name).lower()
