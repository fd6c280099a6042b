"""Errors, split by what happens next.

    OperatorError
    ├── InvalidSpec        the author fixes the spec; nothing is retried until it changes
    ├── NeedsPerson        somebody acts (a right, a foreign object, a refused change); retried rarely
    ├── NotYet             something is under way or elsewhere out of order; looked at again soon
    └── Gone               the object is not there (any more): the pass ends

A message says what is wrong, where, and what to do, in one sentence without a stop; it never holds a secret,
a counter or a time, so that an unchanged world gives an unchanged message.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: `field` is a path such as `spec.tables[0].capacity`."""

    field: str
    message: str


class OperatorError(Exception):
    """Base of all errors that a pass expects."""


class InvalidSpec(OperatorError):
    """The spec breaks its schema or a rule."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep every problem, in the order of the fields."""
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


class NeedsPerson(OperatorError):
    """Only a person can resolve it; `reason` is a condition reason."""

    def __init__(self, reason: str, message: str, field: str = "") -> None:
        """Name the reason, the sentence and, where the spec is at fault, the field."""
        super().__init__(message)
        self.reason = reason
        self.field = field


class NotYet(OperatorError):
    """It will resolve by itself; `after` is when to look again, in seconds."""

    def __init__(self, reason: str, message: str, after: float = 5.0) -> None:
        """Name the reason, the sentence and the delay."""
        super().__init__(message)
        self.reason = reason
        self.after = after


class Gone(OperatorError):
    """What was to be written or read does not exist."""
