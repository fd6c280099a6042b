"""One call of AWS as a value, and the thread pool that takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Lane(StrEnum):
    """Which threads a call takes."""

    MAIN = "main"
    DELETE = "delete"


@dataclass(frozen=True)
class Call:
    """One call of one action; `action` is named as AWS names it."""

    service: str
    region: str
    action: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.MAIN
