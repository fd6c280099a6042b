"""Notices a fight: two controllers that set the same field of a child back and forth would write for ever.

A fight is told, and the field is put right more and more rarely; that the other one has stopped is seen by the field
staying right for a while. Autoscalers act every 15 seconds and slower ones each minute, so repairs count over minutes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import NeedsPerson
from ..facts import Reason

REPAIRS = 4
WITHIN = 300.0
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 300.0
CALM = 300.0  # how long a field stays right until the fight over it is over

Key = tuple[str, str, str]  # UID of the Microservice, kind, name


class Fought(NeedsPerson):
    """Somebody else changes a field again and again; `after` is when to look again, in seconds."""

    def __init__(self, key: Key, path: str, after: float) -> None:
        """Say which field, and how to find the other one."""
        what = path.lstrip(".")
        instead = ", or leave the count to it with spec.replicasManagedBy: External" if what == "spec.replicas" else ""
        super().__init__(
            Reason.CONFLICT,
            f"{key[1]} {key[2]}: somebody else changes {what} each time that it is put right; "
            f"find the other controller in managedFields and stop it{instead}",
        )
        self.after = after


@dataclass
class _Field:
    """When a field was put right, when it was last seen wrong, and the pause between repairs, 0 without a fight."""

    repairs: list[float] = field(default_factory=list)
    wrong: float = 0.0
    pause: float = 0.0


class Guard:
    """Counts repairs of the same field of the same child."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with no memory; `clock` gives seconds."""
        self._clock = clock
        self._fields: dict[Key, dict[str, _Field]] = {}

    def repairs(self, key: Key, path: str) -> None:
        """Note that the field at `path` is wrong and about to be put right.

        Raises Fought while a fight over it goes on and its turn has not come.
        """
        now, fields = self._clock(), self._fields.setdefault(key, {})
        for known, old in list(fields.items()):
            if now - old.wrong >= max(WITHIN, CALM):
                del fields[known]
        this = fields.setdefault(path, _Field())
        this.wrong = now
        if this.pause and (left := this.repairs[-1] + this.pause - now) > 0:
            raise Fought(key, path, left)
        this.repairs = [*(at for at in this.repairs if now - at < WITHIN), now][-REPAIRS:]
        if this.pause:
            this.pause = min(2 * this.pause, LONGEST_PAUSE)
        elif len(this.repairs) == REPAIRS:
            this.pause = FIRST_PAUSE

    def rests(self, key: Key) -> None:
        """Note that the child is as desired at the moment.

        Raises Fought while that is no more than the pause between two rounds.
        """
        now = self._clock()
        for path, this in self._fields.get(key, {}).items():
            if this.pause and (left := this.wrong + CALM - now) > 0:
                raise Fought(key, path, left)

    def ends(self, key: Key) -> None:
        """Note that something else is desired from now on: the other one may have got its way by that."""
        self._fields.pop(key, None)

    def forget(self, uid: str) -> None:
        """Drop what is remembered of the children of a Microservice that is gone."""
        for key in [key for key in self._fields if key[0] == uid]:
            del self._fields[key]
