"""Serves the last good answer during an outage, where old data does no harm. Each answer carries its age.

HTTP calls this `stale-if-error` (RFC 5861).
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from prometheus_client import Counter

log = structlog.get_logger(__name__)

_served = Counter("fallback_answers", "Answers served from the stale cache", ["cache"])

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True)
class CacheResult(Generic[Value]):
    value: Value
    age_seconds: float | None = None
    """``None``: the value is fresh."""


class StaleCache(Generic[Key, Value]):
    """A bounded cache. It evicts the entry that was written least recently."""

    def __init__(
        self,
        name: str,
        *,
        max_entries: int = 1024,
        max_age_seconds: float = 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._max_entries = max_entries
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._entries: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        """Key → time of the write, value."""

    async def fetch_or_stale(
        self, key: Key, fetch: Callable[[], Awaitable[Value]], outages: tuple[type[Exception], ...]
    ) -> CacheResult[Value]:
        """Return a fresh value, or the cached one when `fetch` raises one of `outages`.

        Raises that exception when the cache has no entry that is young enough.
        """
        try:
            value = await fetch()
        except outages:
            written_at, cached = self._entries.get(key, (0.0, None))
            age = self._clock() - written_at
            if cached is None or age > self._max_age_seconds:
                raise
            _served.labels(self._name).inc()
            log.warning("answered from the stale cache", cache=self._name, ageSeconds=round(age, 1))
            return CacheResult(cached, age)
        if value is None:
            self._entries.pop(key, None)  # the object no longer exists
            return CacheResult(value)
        self._entries[key] = (self._clock(), value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
        return CacheResult(value)
