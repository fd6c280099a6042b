"""One AWS API call as a value, before it is made and after, and the thread pool that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

READS = ("Get", "List", "Describe", "Simulate")


class Lane(StrEnum):
    """The thread pool that runs a call."""

    MAIN = "main"
    DELETE = "delete"


@dataclass(frozen=True)
class Call:
    """One call of one action; `action` is its name in the AWS API Reference, `account` the one that it counts for.

    `tenant` is the namespace that it is made for.
    """

    service: str
    region: str
    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.MAIN
    account: str = ""
    tenant: str = ""


@dataclass(frozen=True)
class Measured:
    """A call that has ended: `code` is OK, AWS's error code or the name of another error; `seconds` is its duration.

    `parameters` and `answer` are those of botocore; the answer of a refused call is its error.
    """

    service: str
    action: str
    code: str
    seconds: float
    parameters: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether the call changes something."""
        return not self.action.startswith(READS)
