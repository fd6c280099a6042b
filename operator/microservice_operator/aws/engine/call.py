"""One AWS API call as a value, and the thread pool that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Lane(StrEnum):
    """The thread pool that runs a call."""

    MAIN = "main"
    DELETE = "delete"


@dataclass(frozen=True)
class Call:
    """One call of one action; `action` is its name in the AWS API Reference, `account` the one that it counts for."""

    service: str
    region: str
    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.MAIN
    account: str = ""
