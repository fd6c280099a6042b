"""Errors, split by what happens next.

    OperatorError
    ├── InvalidSpec        the author fixes the spec; no retry until it changes
    ├── NeedsPerson        a person acts (a permission, a foreign object, a refused change); retried rarely
    ├── NotYet             something is in progress or temporarily broken elsewhere; retried soon
    │   └── Postponed      the operator put a call off; what was up to date at its last read counts as up to date
    └── Gone               the object does not exist (any more); the reconciliation ends

A message says what is wrong, where, and what to do, in one sentence without a full stop. It contains no secret, counter
or time, so that an unchanged state gives an unchanged message.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One problem; `field` is a path such as `spec.tables[0].capacity`."""

    field: str
    message: str


class OperatorError(Exception):
    """Base of all errors that a reconciliation expects."""


class InvalidSpec(OperatorError):
    """The spec breaks its schema or a rule."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep all problems, in the order of the fields."""
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


class NeedsPerson(OperatorError):
    """An error that only a person can resolve; `reason` is a condition reason."""

    def __init__(self, reason: str, message: str, field: str = "") -> None:
        """Set the reason, the message and, if the spec causes it, the field."""
        super().__init__(message)
        self.reason = reason
        self.field = field


class NotYet(OperatorError):
    """An error that resolves without a person; `after` is the requeue time in seconds."""

    def __init__(self, reason: str, message: str, after: float = 5.0) -> None:
        """Set the reason, the message and the delay."""
        super().__init__(message)
        self.reason = reason
        self.after = after


class Postponed(NotYet):
    """The operator itself put a call off. That says nothing about the resource: a late resync is no fault."""


class Gone(OperatorError):
    """The object to write or read does not exist."""
