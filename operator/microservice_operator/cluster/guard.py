"""Notices a fight: two controllers that set the same field of a child back and forth would write for ever."""

import time
from collections.abc import Callable

from ..errors import NeedsPerson
from ..facts import Reason

REPAIRS = 3
WITHIN = 30.0
CEASE = 120.0

Key = tuple[str, str, str]  # UID of the Microservice, kind, name


class Guard:
    """Counts repairs of the same field of the same child."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with no memory; `clock` gives seconds."""
        self._clock = clock
        self._repairs: dict[Key, tuple[str, list[float]]] = {}

    def repairs(self, key: Key, path: str) -> None:
        """Note that the field at `path` is about to be put right.

        Raises NeedsPerson instead when that happened three times in half a minute; two minutes later it is tried again.
        """
        known, times = self._repairs.get(key, ("", []))
        now = self._clock()
        recent = [at for at in times if now - at < CEASE] if known == path else []
        if len(recent) >= REPAIRS and recent[-1] - recent[-REPAIRS] < WITHIN:
            raise NeedsPerson(
                Reason.CONFLICT,
                f"{key[1]} {key[2]}: somebody else changes {path.lstrip('.')} each time that it is put right; "
                "find the other controller in managedFields and stop it",
            )
        self._repairs[key] = (path, [*recent, now][-REPAIRS:])
