"""Remembers this process's recent writes to AWS, because a read may not show them yet.

The DynamoDB API Reference warns of this: "DescribeTable" may not find a new table, and after "TagResource" a list of
tags may be old or empty. The documents of other services do not mention it, but their reads can be stale, too.
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
        """Trust reads of a resource again `seconds` after the last write to it."""
        self._seconds = seconds
        self._clock = clock
        self._made: dict[Key, float] = {}
        self._marked: dict[Key, float] = {}
        self._bare: dict[Key, float] = {}
        self._ended: dict[str, float] = {}

    def made(self, key: Key) -> None:
        """Record that a resource was created with our tags, or may have been: a lost response does not say."""
        self._sweep()
        self._made[key] = self._marked[key] = self._clock()

    def marked(self, key: Key) -> None:
        """Record that our tags were written to the resource."""
        self._marked[key] = self._clock()

    def seen(self, key: Key) -> None:
        """Record that AWS shows the resource: if a later read does not find it, it was deleted."""
        self._made.pop(key, None)

    def may_exist(self, key: Key) -> bool:
        """Return whether a resource may exist although AWS does not show it."""
        return self._within(self._made, key)

    def may_be_ours(self, key: Key, standing: Ownership, tags: Mapping[str, str], *, known: bool) -> bool:
        """Return whether tags that do not name us may be stale; `known`: the status remembers the resource as ours."""
        unmarked = not tags.keys() & OWNER_TAGS
        if standing is Ownership.OURS or not (unmarked or standing is Ownership.RETAINED):
            self._bare.pop(key, None)
            return False
        if self._within(self._marked, key):
            return True
        if not (known and unmarked):
            return False
        self._bare.setdefault(key, self._clock())
        # The entry stays: tags that are missing after this time were really removed.
        return self._clock() - self._bare[key] < self._seconds

    def end(self, arn: str) -> None:
        """Record that AWS accepted the deletion of the resource."""
        self._ended = {
            ended_arn: ended_at
            for ended_arn, ended_at in self._ended.items()
            if self._clock() - ended_at < self._seconds
        }
        self._ended[arn] = self._clock()

    def ended(self, arn: str) -> bool:
        """Return whether AWS accepted the deletion recently: then AWS removes what it still shows."""
        return self._clock() - self._ended.get(arn, float("-inf")) < self._seconds

    def _within(self, memory: Mapping[Key, float], key: Key) -> bool:
        return self._clock() - memory.get(key, float("-inf")) < self._seconds

    def _sweep(self) -> None:
        for memory in (self._made, self._marked):
            for key in [key for key in memory if not self._within(memory, key)]:
                del memory[key]


def certainly_refused(error: OperatorError) -> bool:
    """Return whether a failed call certainly changed nothing."""
    if isinstance(error, NotYet):
        return error.reason == Reason.AWS_THROTTLED
    return isinstance(error, NeedsPerson)
