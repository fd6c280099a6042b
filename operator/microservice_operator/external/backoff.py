"""Exponential backoff for each external resource that fails or is refused, whatever triggers the reconciliation.

Other resources, pods and other Microservices trigger reconciliations, too. Without a separate backoff, each of them
would repeat the failing call, many times a minute.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..facts import State
from .graph import Key
from .resource import StepResult

DUE = 0.05  # seconds: what is left of a wait that is over but for the rounding of a clock
FIRST, LONGEST = 0.5, 300.0  # seconds, as those of the queue
STALLED_LONGEST = 100.0  # somebody may have acted; less than the time after which a stalled Microservice is looked at


@dataclass(frozen=True)
class _Trouble:
    desired: Any
    stepped: StepResult
    times: int
    due: float


class ResourceBackoff:
    """The resources in trouble, by the UID of the Microservice and their key; one for the whole process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without any."""
        self._clock = clock
        self._troubles: dict[tuple[str, Key], _Trouble] = {}

    def recall(self, uid: str, key: Key, desired: Any) -> StepResult | None:
        """The result of its last step, while the desired state is the same and the next try is not due."""
        trouble = self._troubles.get((uid, key))
        left = trouble.due - self._clock() if trouble else 0.0
        if trouble is None or trouble.desired != desired or left <= DUE:
            return None
        return _told(trouble.stepped, left)

    def note(self, uid: str, key: Key, desired: Any, stepped: StepResult) -> StepResult:
        """Record a result that failed or was refused; the parts returned say when the next try is due."""
        failed = any(part.failed for part in stepped.parts)
        if not failed and not any(part.state is State.STALLED for part in stepped.parts):
            self._troubles.pop((uid, key), None)
            return stepped
        before = self._troubles.get((uid, key))
        times = before.times if before and before.desired == desired else 0
        ceiling = min(LONGEST if failed else STALLED_LONGEST, FIRST * 2**times)
        seconds = random.uniform(ceiling / 2, ceiling)  # noqa: S311 jitter is no secret
        quiet = replace(stepped, parts=tuple(replace(part, events=()) for part in stepped.parts))
        self._troubles[uid, key] = _Trouble(desired, quiet, min(times + 1, 20), self._clock() + seconds)
        return _told(stepped, seconds)

    def forget(self, uid: str) -> None:
        """Try everything of this Microservice at once: it is gone, or a person asked."""
        for key in [key for key in self._troubles if key[0] == uid]:
            del self._troubles[key]

    def clear(self) -> None:
        """Try everything at once: another process may have fixed it."""
        self._troubles.clear()


def _told(stepped: StepResult, seconds: float) -> StepResult:
    """The result with the time of the next try."""
    parts = tuple(replace(part, failed=False, after=seconds) if part.failed else part for part in stepped.parts)
    return replace(stepped, parts=parts)
