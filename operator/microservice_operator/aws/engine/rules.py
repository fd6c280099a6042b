"""PURE: how one field may differ, and what follows if it does.

Equality is wrong for most fields: AWS grows storage, moves capacity, reorders lists, picks zones. A rule compares the
two sides of one field and answers `None` (as wanted), a `Change` or a `Refusal`. A desired `None` of a floor, a range
or a server-chosen field means that the spec does not care.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """What a change of a field does to whoever uses the resource."""

    IN_PLACE = "in place"  # at once, and nothing is interrupted
    RESTART = "restart"  # it may interrupt: in the maintenance window, or at once if the spec says so
    REPLACE = "replace"  # something that is there goes; what is wanted instead is made
    REFUSED = "refused"


@dataclass(frozen=True)
class Change:
    """The field is to become `to`; `what` says so in a few words, `then` what it takes after that.

    `effect` is given where it is not that of the field's row.
    """

    to: Any
    what: str = ""
    effect: Effect | None = None
    then: str = ""


@dataclass(frozen=True)
class Refusal:
    """The field cannot become what is wanted; `message` says why and what to do."""

    message: str


Outcome = Change | Refusal | None
Rule = Callable[[Any, Any], Outcome]


@dataclass(frozen=True)
class Bounds:
    """An inclusive range."""

    low: int
    high: int

    def nearest(self, value: int) -> int:
        """The value itself within the range, else the bound next to it."""
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Added:
    """One entry of a keyed field is to be made."""

    name: str
    entry: Any


@dataclass(frozen=True)
class Removed:
    """One entry of a keyed field is to go."""

    name: str


@dataclass(frozen=True)
class Missing:
    """Entries that are to be made; a mapping's with their values."""

    entries: Any


@dataclass(frozen=True)
class Surplus:
    """Entries that are to go."""

    entries: Any


def exact(desired: Any, observed: Any) -> Outcome:
    """Whatever differs is changed."""
    return None if desired == observed else Change(desired)


def if_given(desired: Any, observed: Any) -> Outcome:
    """Exact where the spec says something, AWS's choice where it does not."""
    return None if desired is None else exact(desired, observed)


def ignore_after_create(desired: Any, observed: Any) -> Outcome:  # noqa: ARG001 a rule looks at both sides; this one at none
    """Wanted at creation, AWS's afterwards."""
    return None


def at_least(desired: Any, observed: Any) -> Outcome:
    """At least this much; what AWS added stays."""
    return None if desired is None or observed >= desired else Change(desired)


def unordered(desired: Any, observed: Any) -> Outcome:
    """A set; neither order nor repetition is a difference."""
    return None if frozenset(desired) == frozenset(observed) else Change(frozenset(desired))


def entries(desired: frozenset[Any], observed: frozenset[Any]) -> Outcome:
    """A set whose members are made and removed by calls of their own; what is missing first."""
    if desired - observed:
        return Change(Missing(desired - observed))
    return Change(Surplus(observed - desired)) if observed - desired else None


def settings(desired: Mapping[str, str], observed: Mapping[str, str]) -> Outcome:
    """Values by name that are set and reset by calls of their own; what differs first."""
    differing = {name: value for name, value in desired.items() if observed.get(name) != value}
    surplus = tuple(sorted(observed.keys() - desired.keys()))
    resetting = "resetting " + ", ".join(surplus) if surplus else ""
    if differing:
        return Change(Missing(differing), "setting " + ", ".join(sorted(differing)), then=resetting)
    return Change(Surplus(surplus), resetting) if surplus else None


def immutable(remedy: str) -> Rule:
    """Fixed at creation."""

    def rule(desired: Any, observed: Any) -> Outcome:
        if desired == observed:
            return None
        return Refusal(f"is set once, {shown(observed)} in place and {shown(desired)} wanted; {remedy}")

    return rule


def immutable_if_given(remedy: str) -> Rule:
    """Fixed at creation, and AWS's choice or somebody else's where the spec does not care."""
    fixed = immutable(remedy)
    return lambda desired, observed: None if desired is None else fixed(desired, observed)


def disable_before_change(desired: Any, observed: Any) -> Outcome:
    """Between one value and another AWS wants the field switched off."""
    if desired == observed:
        return None
    return Change(None if observed is not None else desired)


def recreate_to_change(desired: Any, observed: Any) -> Outcome:
    """`disable_before_change` of what is gone for whoever reads it once it is off."""
    outcome = disable_before_change(desired, observed)
    return replace(outcome, effect=Effect.REPLACE) if isinstance(outcome, Change) and observed is not None else outcome


def within(desired: tuple[Bounds, ...] | None, observed: tuple[int, ...]) -> Outcome:
    """Anywhere in the range is right; outside of it, the nearest bound is wanted."""
    if desired is None:
        return None
    nearest = tuple(bounds.nearest(value) for bounds, value in zip(desired, observed, strict=True))
    return None if nearest == observed else Change(nearest)


def each_within(desired: Mapping[str, tuple[Bounds, ...]] | None, observed: Mapping[str, tuple[int, ...]]) -> Outcome:
    """`within` for every entry that both sides have; only those that must move are changed."""
    moves = {}
    for name, bounds in (desired or {}).items():
        outcome = within(bounds, observed[name]) if name in observed else None
        if isinstance(outcome, Change):
            moves[name] = outcome.to
    return Change(moves) if moves else None


def one_at_a_time(remedy: str) -> Rule:
    """Entries by name that can be made and removed, one at a time, and not altered.

    What is new is made before what is old goes, so that a replacement exists before the replaced one is gone.
    """

    def rule(desired: Mapping[str, Any], observed: Mapping[str, Any]) -> Outcome:
        for name in sorted(desired.keys() & observed.keys()):
            if desired[name] != observed[name]:
                return Refusal(
                    f"{name} is set once, {shown(observed[name])} in place and {shown(desired[name])} wanted; {remedy}"
                )
        steps: list[tuple[Added | Removed, str]] = [
            *((Added(name, desired[name]), f"adding {name}") for name in sorted(desired.keys() - observed.keys())),
            *((Removed(name), f"removing {name}") for name in sorted(observed.keys() - desired.keys())),
        ]
        if not steps:
            return None
        (first, what), *rest = steps
        effect = Effect.REPLACE if observed.keys() - desired.keys() else Effect.IN_PLACE
        return Change(first, what, effect, ", ".join(words for _, words in rest))

    return rule


def shown(value: Any) -> str:
    """A field's value in a sentence."""
    if value in (None, {}, ()):
        return "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {shown(entry)}" for name, entry in sorted(value.items()))
    if isinstance(value, tuple):
        return " ".join(shown(entry) for entry in value if entry not in (None, ()))
    return str(value)
