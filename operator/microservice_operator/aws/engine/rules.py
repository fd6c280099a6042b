"""PURE: field rules: how desired and observed value of one field may differ, and what follows.

Equality is wrong for most fields: AWS grows storage, moves capacity, reorders lists, picks zones. A rule compares the
two sides of one field and returns `None` (no change), a `Change` or a `Refusal`. A desired `None` of a minimum, a range
or a field that AWS sets means that any value is right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ...facts import Reason


class Effect(StrEnum):
    """Effect of a field's change on the users of the resource."""

    IN_PLACE = "in place"  # at once, without interruption
    RESTART = "restart"  # may interrupt: in the maintenance window, or at once if the spec says so
    REPLACE = "replace"  # something existing is deleted, and its replacement is created
    REFUSED = "refused"


@dataclass(frozen=True)
class Change:
    """The field must become `to`; `what` describes the change in a few words, `then` the following step.

    `effect` is set where it differs from that of the field's row.
    """

    to: Any
    what: str = ""
    effect: Effect | None = None
    then: str = ""


@dataclass(frozen=True)
class Refusal:
    """The field cannot get the desired value; `message` says why and what to do."""

    message: str
    reason: Reason = Reason.CHANGE_REFUSED


Outcome = Change | Refusal | None
Rule = Callable[[Any, Any], Outcome]


@dataclass(frozen=True)
class Bounds:
    """An inclusive range."""

    low: int
    high: int

    def nearest(self, value: int) -> int:
        """Return the value if it is in the range, otherwise the nearest bound."""
        return min(max(value, self.low), self.high)


@dataclass(frozen=True)
class Added:
    """One entry of a keyed field to add."""

    name: str
    entry: Any


@dataclass(frozen=True)
class Removed:
    """One entry of a keyed field to remove."""

    name: str


@dataclass(frozen=True)
class Missing:
    """Entries to add; those of a mapping have their values."""

    entries: Any


@dataclass(frozen=True)
class Surplus:
    """Entries to remove."""

    entries: Any


def exact(desired: Any, observed: Any) -> Outcome:
    """Change any difference."""
    return None if desired == observed else Change(desired)


def if_given(desired: Any, observed: Any) -> Outcome:
    """Exact if the spec sets the field; otherwise AWS chooses."""
    return None if desired is None else exact(desired, observed)


def ignore_after_create(desired: Any, observed: Any) -> Outcome:  # noqa: ARG001 the signature of a rule; this one compares nothing
    """Set at creation; AWS's value is accepted afterwards."""
    return None


def at_least(desired: Any, observed: Any) -> Outcome:
    """A minimum; a higher value that AWS has set stays."""
    return None if desired is None or observed >= desired else Change(desired)


def unordered(desired: Any, observed: Any) -> Outcome:
    """A set; order and repetition do not matter."""
    return None if frozenset(desired) == frozenset(observed) else Change(frozenset(desired))


def entries(desired: frozenset[Any], observed: frozenset[Any]) -> Outcome:
    """A set whose members are added and removed by separate calls; additions first."""
    if desired - observed:
        return Change(Missing(desired - observed))
    return Change(Surplus(observed - desired)) if observed - desired else None


def settings(desired: Mapping[str, str], observed: Mapping[str, str]) -> Outcome:
    """Values by name that are set and reset by separate calls; changes first."""
    differing = {name: value for name, value in desired.items() if observed.get(name) != value}
    surplus = tuple(sorted(observed.keys() - desired.keys()))
    resetting = "resetting " + ", ".join(surplus) if surplus else ""
    if differing:
        return Change(Missing(differing), "setting " + ", ".join(sorted(differing)), then=resetting)
    return Change(Surplus(surplus), resetting) if surplus else None


def immutable(remedy: str) -> Rule:
    """Return the rule of an immutable field; `remedy` ends its message."""

    def rule(desired: Any, observed: Any) -> Outcome:
        if desired == observed:
            return None
        return Refusal(f"is immutable (current {format_value(observed)}, requested {format_value(desired)}); {remedy}")

    return rule


def immutable_if_given(remedy: str) -> Rule:
    """Return the rule of an immutable field that AWS or somebody else sets if the spec does not."""
    fixed = immutable(remedy)
    return lambda desired, observed: None if desired is None else fixed(desired, observed)


def disable_before_change(desired: Any, observed: Any) -> Outcome:
    """Disable the field before it gets another value, as AWS requires."""
    if desired == observed:
        return None
    return Change(None if observed is not None else desired)


def recreate_to_change(desired: Any, observed: Any) -> Outcome:
    """`disable_before_change` of a field whose readers lose its content while it is disabled."""
    outcome = disable_before_change(desired, observed)
    return replace(outcome, effect=Effect.REPLACE) if isinstance(outcome, Change) and observed is not None else outcome


def within(desired: tuple[Bounds, ...] | None, observed: tuple[int, ...]) -> Outcome:
    """Any value in the range is right; outside of it the nearest bound is desired."""
    if desired is None:
        return None
    nearest = tuple(bounds.nearest(value) for bounds, value in zip(desired, observed, strict=True))
    return None if nearest == observed else Change(nearest)


def each_within(desired: Mapping[str, tuple[Bounds, ...]] | None, observed: Mapping[str, tuple[int, ...]]) -> Outcome:
    """`within` for every entry that both sides have; change only entries outside their range."""
    moves = {}
    for name, bounds in (desired or {}).items():
        outcome = within(bounds, observed[name]) if name in observed else None
        if isinstance(outcome, Change):
            moves[name] = outcome.to
    return Change(moves) if moves else None


def one_at_a_time(remedy: str) -> Rule:
    """Return the rule of entries by name that are added and removed one at a time, and are immutable.

    New entries are added before old ones are removed, so that a replacement exists before the replaced entry is gone.
    """

    def rule(desired: Mapping[str, Any], observed: Mapping[str, Any]) -> Outcome:
        for name in sorted(desired.keys() & observed.keys()):
            if desired[name] != observed[name]:
                current, requested = format_value(observed[name]), format_value(desired[name])
                return Refusal(f"{name} is immutable (current {current}, requested {requested}); {remedy}")
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


def format_value(value: Any) -> str:
    """Format a field's value for a message."""
    if value in (None, {}, ()):
        return "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {format_value(entry)}" for name, entry in sorted(value.items()))
    if isinstance(value, tuple):
        return " ".join(format_value(entry) for entry in value if entry not in (None, ()))
    return str(value)
