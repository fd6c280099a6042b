"""Remembers what needed nothing when it was last looked at.

A pass runs for many reasons (a pod became ready, a label was set); only some have to do with AWS or PostgreSQL. What
was found as wanted is not asked for again until the resync, unless what is wanted has changed or somebody asks.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from .facts import Event, Part, State

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
        self._told: dict[Key, str] = {}

    def recall(self, key: Key, wanted: Any) -> Part | None:
        """The part as it was, if the same was wanted then and it is not too long ago."""
        memory = self._memories.get(key)
        if memory is None or memory.wanted != wanted or memory.until <= self._clock():
            return None
        return memory.part

    def keep(self, key: Key, wanted: Any, part: Part) -> None:
        """Remember that nothing was to do; what happened in this pass will not happen again."""
        self._memories[key] = _Memory(wanted, replace(part, events=()), self._clock() + self._seconds)

    def news(self, key: Key, part: Part) -> Part:
        """The part, with a Warning if it needs a person and that was not said before in these words."""
        if part.state is not State.STALLED:
            self._told.pop(key, None)
            return part
        if self._told.get(key) == part.message:
            return part
        self._told[key] = part.message
        return replace(part, events=(*part.events, Event("Warning", part.reason, part.message)))

    def drop(self, key: Key) -> None:
        """Look at one part anew: it is leaving."""
        self._memories.pop(key, None)

    def clear(self) -> None:
        """Look at everything anew: somebody else has led meanwhile."""
        self._memories.clear()

    def forget(self, uid: str) -> None:
        """Look at everything of this Microservice anew: it is gone, or a person asked."""
        for memories in (self._memories, self._told):
            for key in [key for key in memories if key[0] == uid]:
                del memories[key]
