"""One AWS API call as a value, before it is made and after, and the thread pool that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ... import names

READS = ("Assume", "Get", "List", "Describe", "Simulate")


class Lane(StrEnum):
    """The thread pool that runs a call."""

    MAIN = "main"
    DELETE = "delete"


@dataclass(frozen=True)
class AssumedRole:
    """A role whose credentials calls use; `session` is the name of its sessions, which CloudTrail shows."""

    arn: str
    external_id: str = ""
    session: str = names.FIELD_MANAGER


@dataclass(frozen=True)
class Call:
    """One call of one action; `action` is its name in the AWS API Reference, `account` the one that it counts for.

    `tenant` is the namespace that it is made for. It has the credentials of `role`, or the operator's own without one.
    """

    service: str
    region: str
    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.MAIN
    account: str = ""
    tenant: str = ""
    role: AssumedRole | None = None


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
