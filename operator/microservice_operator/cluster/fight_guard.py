"""Detects a fight: two controllers that set the same field of a child back and forth, without end.

The operator reports a fight, and corrects the field less and less often. The fight is over when the field stays
correct for a while. Autoscalers act every 15 seconds and slower ones each minute, so corrections count over minutes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import NeedsPerson
from ..facts import Reason

REPAIRS = 4
WITHIN = 300.0
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 300.0
CALM = 300.0  # how long a field must stay correct until the fight is over

Key = tuple[str, str, str]  # UID of the Microservice, kind, name


class Fought(NeedsPerson):
    """Another controller keeps changing a field; `after` is the requeue time in seconds."""

    def __init__(self, key: Key, path: str, after: float) -> None:
        """Name the field, and say how to find the other controller."""
        what = path.lstrip(".")
        instead = ", or let it set the count with spec.replicasManagedBy: External" if what == "spec.replicas" else ""
        super().__init__(
            Reason.CONFLICT,
            f"{key[1]} {key[2]}: another controller changes {what} each time that the operator corrects it; "
            f"find the other controller in managedFields and stop it{instead}",
        )
        self.after = after


@dataclass
class _Field:
    """When a field was corrected, when it was last wrong, and the pause between corrections (0 without a fight)."""

    repairs: list[float] = field(default_factory=list)
    wrong: float = 0.0
    pause: float = 0.0


class Guard:
    """Counts corrections of the same field of the same child."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without history; `clock` returns seconds."""
        self._clock = clock
        self._fields: dict[Key, dict[str, _Field]] = {}

    def repairs(self, key: Key, path: str) -> None:
        """Record that the field at `path` is wrong and about to be corrected.

        Raises Fought during a fight until the pause is over.
        """
        now, fields = self._clock(), self._fields.setdefault(key, {})
        for field_path, old in list(fields.items()):
            if now - old.wrong >= max(WITHIN, CALM):
                del fields[field_path]
        this = fields.setdefault(path, _Field())
        this.wrong = now
        if this.pause and (left := this.repairs[-1] + this.pause - now) > 0:
            raise Fought(key, path, left)
        this.repairs = [*(repaired for repaired in this.repairs if now - repaired < WITHIN), now][-REPAIRS:]
        if this.pause:
            this.pause = min(2 * this.pause, LONGEST_PAUSE)
        elif len(this.repairs) == REPAIRS:
            this.pause = FIRST_PAUSE

    def rests(self, key: Key) -> None:
        """Record that the child is currently as desired.

        Raises Fought while this may only be the pause between two rounds of a fight.
        """
        now = self._clock()
        for path, this in self._fields.get(key, {}).items():
            if this.pause and (left := this.wrong + CALM - now) > 0:
                raise Fought(key, path, left)

    def ends(self, key: Key) -> None:
        """Record that the desired state changed, perhaps to what the other controller wants."""
        self._fields.pop(key, None)

    def forget(self, uid: str) -> None:
        """Drop what is remembered of the children of a deleted Microservice."""
        for key in [key for key in self._fields if key[0] == uid]:
            del self._fields[key]
