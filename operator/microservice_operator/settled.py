"""Remembers what needed nothing when it was last looked at.

A pass runs for many reasons (a pod became ready, a label was set); only some have to do with AWS or PostgreSQL. What
was found as wanted is not asked for again until the resync, unless what is wanted has changed or somebody asks.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .facts import Part

Key = tuple[str, str, str]  # UID of the Microservice, kind, name


@dataclass(frozen=True)
class _Memory:
    wanted: Any
    part: Part
    until: float


class Settled:
    """Parts that needed nothing, each for `seconds`; one for the whole process."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Remember for `seconds`; 0 remembers nothing."""
        self._seconds = seconds
        self._clock = clock
        self._memories: dict[Key, _Memory] = {}

    def recall(self, key: Key, wanted: Any) -> Part | None:
        """The part as it was, if the same was wanted then and it is not too long ago."""
        memory = self._memories.get(key)
        if memory is None or memory.wanted != wanted or memory.until <= self._clock():
            return None
        return memory.part

    def keep(self, key: Key, wanted: Any, part: Part) -> None:
        """Remember that nothing was to do; what happened in this pass will not happen again."""
        self._memories[key] = _Memory(wanted, replace(part, events=()), self._clock() + self._seconds)

    def forget(self, uid: str) -> None:
        """Look at everything of this Microservice anew: it is gone, or a person asked."""
        for key in [key for key in self._memories if key[0] == uid]:
            del self._memories[key]
