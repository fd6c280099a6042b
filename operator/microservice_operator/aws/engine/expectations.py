"""Remembers this process's recent writes to AWS, so that a stale read is not taken for a fact.

"DescribeTable" in the DynamoDB API Reference: a table that was created recently may not be found. "TagResource": a
list of tags may be the previous one, or empty. Other services are not faster; their documents only do not say so.
"""

import time
from collections.abc import Callable, Mapping

from ...errors import NeedsPerson, NotYet, OperatorError
from ...facts import Reason
from ...ownership import OWNER_TAGS, Ownership

Key = tuple[str, ...]


class Expectations:
    """What was created and tagged within the last `seconds`; one object for the whole process."""

    def __init__(self, seconds: float = 60, clock: Callable[[], float] = time.monotonic) -> None:
        """Trust a read after `seconds`."""
        self._seconds = seconds
        self._clock = clock
        self._made: dict[Key, float] = {}
        self._marked: dict[Key, float] = {}
        self._bare: dict[Key, float] = {}
        self._ended: dict[str, float] = {}

    def made(self, key: Key) -> None:
        """Record that it was created with our tags, or may have been: a lost answer does not say which."""
        self._sweep()
        self._made[key] = self._marked[key] = self._clock()

    def marked(self, key: Key) -> None:
        """Record that our tags were written to it."""
        self._marked[key] = self._clock()

    def seen(self, key: Key) -> None:
        """Record that it exists: if it is missing later, it is deleted."""
        self._made.pop(key, None)

    def may_exist(self, key: Key) -> bool:
        """Whether a resource may exist although AWS does not show it."""
        return self._within(self._made, key)

    def may_be_ours(self, key: Key, standing: Ownership, tags: Mapping[str, str], *, known: bool) -> bool:
        """Whether tags that do not name us may be stale; `known` if the status remembers the resource as ours."""
        unmarked = not tags.keys() & OWNER_TAGS
        if standing is Ownership.OURS or not (unmarked or standing is Ownership.RETAINED):
            self._bare.pop(key, None)
            return False
        if self._within(self._marked, key):
            return True
        if not (known and unmarked):
            return False
        self._bare.setdefault(key, self._clock())
        # kept afterwards: tags that are still missing by then were removed for good
        return self._clock() - self._bare[key] < self._seconds

    def end(self, arn: str) -> None:
        """Record that AWS accepted its deletion."""
        self._ended = {one: at for one, at in self._ended.items() if self._clock() - at < self._seconds}
        self._ended[arn] = self._clock()

    def ended(self, arn: str) -> bool:
        """Whether AWS accepted its deletion recently: its remains disappear by themselves."""
        return self._clock() - self._ended.get(arn, float("-inf")) < self._seconds

    def _within(self, memory: Mapping[Key, float], key: Key) -> bool:
        return self._clock() - memory.get(key, float("-inf")) < self._seconds

    def _sweep(self) -> None:
        for memory in (self._made, self._marked):
            for key in [key for key in memory if not self._within(memory, key)]:
                del memory[key]


def certainly_refused(error: OperatorError) -> bool:
    """Whether a failed call certainly changed nothing."""
    if isinstance(error, NotYet):
        return error.reason == Reason.AWS_THROTTLED
    return isinstance(error, NeedsPerson)
