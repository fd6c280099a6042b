"""PURE: what the plan knows of a type of resource, and how the two sides of one differ.

The rules of its fields are a table (`Kind.fields`, in order of urgency). Whoever decides on the next step and whoever
tells all that would change read the same differences.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...facts import Reason
from .rules import Change, Effect, Refusal, Rule, ignore_after_create, shown


@dataclass(frozen=True)
class Field:
    """One row of a kind's table: fields of the same `step` are changed by one call; `spec` is its path in the spec.

    `effect` is what a change of it does to whoever uses the resource, unless the rule's Change says otherwise. `unsaid`
    is the rule for what is taken over and about which the spec says nothing; `later`: taking over does not change it;
    `once`: it matters only before. `shows` is within how many seconds AWS shows a change.
    """

    name: str
    rule: Rule
    spec: str = ""
    step: str = ""
    effect: Effect = Effect.IN_PLACE
    unsaid: Rule = ignore_after_create
    later: bool = False
    once: bool = False
    shows: float = 60.0


@dataclass(frozen=True)
class Reasons:
    """What a kind calls its states."""

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
    """A type of resource: its name, its table of field rules, its words.

    `named_by` is what has a name in the spec from which that of a resource follows: the kind itself if it is "",
    nothing but the Microservice if it is `None`.
    """

    name: str
    fields: tuple[Field, ...]
    reasons: Reasons
    named_by: str | None = ""


@dataclass(frozen=True)
class Difference:
    """A field that is not as it is wanted, and what follows."""

    field: Field
    outcome: Change | Refusal
    desired: Any
    observed: Any

    @property
    def effect(self) -> Effect:
        """What the change does to whoever uses the resource."""
        if isinstance(self.outcome, Refusal):
            return Effect.REFUSED
        return self.outcome.effect or self.field.effect

    @property
    def what(self) -> str:
        """All of the change in a few words, or why it is none."""
        if isinstance(self.outcome, Refusal):
            return self.outcome.message
        first = self.outcome.what or f"changing {self.field.spec}{self._values}"
        return f"{first}, then {self.outcome.then}" if self.outcome.then else first

    @property
    def _values(self) -> str:
        plain = all(value is None or isinstance(value, str | int) for value in (self.desired, self.observed))
        return f" from {shown(self.observed)} to {shown(self.desired)}" if plain else ""


def differences(
    kind: ResourceSchema,
    desired: Mapping[str, Any],
    observed: Mapping[str, Any],
    unsaid: frozenset[str] = frozenset(),
    *,
    adopting: bool = False,
) -> tuple[Difference, ...]:
    """Every field that is not as it is wanted, in order of urgency; of `unsaid` ones only a default is wanted."""
    sides = ((row, desired[row.name], observed[row.name]) for row in kind.fields if adopting or not row.once)
    ruled = ((row, row.unsaid if row.name in unsaid else row.rule, wanted, there) for row, wanted, there in sides)
    found = ((row, rule(wanted, there), wanted, there) for row, rule, wanted, there in ruled)
    return tuple(Difference(row, outcome, wanted, there) for row, outcome, wanted, there in found if outcome)


def undeclared_values(
    kind: ResourceSchema, desired: Mapping[str, Any], observed: Mapping[str, Any], unsaid: frozenset[str]
) -> tuple[str, ...]:
    """What is there, is not the default, and stays, because the spec says nothing of it: paths in the spec."""
    changing = {found.field.name for found in differences(kind, desired, observed, unsaid)}
    kept = (found.field for found in differences(kind, desired, observed) if found.field.name in unsaid - changing)
    return tuple(dict.fromkeys(row.spec for row in kept))


def describe(kind: ResourceSchema, name: str) -> str:
    """A resource in a sentence: `SecurityGroup` → `security group orders`."""
    return f"{kind_label(kind)} {name}"


def kind_label(kind: ResourceSchema) -> str:
    """What a kind is called in a sentence."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.name).lower()
