"""The last good answer, for when a new one cannot be had and an old one does no harm. It says how old it is."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from prometheus_client import Counter

log = structlog.get_logger(__name__)

_served = Counter("fallback_answers", "Answers that came from what was remembered", ["cache"])

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Answer(Generic[Value]):
    value: Value
    age_seconds: float | None = None
    """``None``: it is a fresh one."""


class Stale(Generic[Key, Value]):
    """Bounded; what was not asked for the longest time goes first."""

    def __init__(
        self,
        name: str,
        *,
        entries: int = 1024,
        oldest_seconds: float = 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._entries = entries
        self._oldest_seconds = oldest_seconds
        self._clock = clock
        self._remembered: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    async def fresh_or_remembered(
        self, key: Key, fetch: Callable[[], Awaitable[Value]], outages: tuple[type[Exception], ...]
    ) -> Answer[Value]:
        """A fresh answer; in an outage the remembered one; the outage itself when nothing is remembered."""
        try:
            value = await fetch()
        except outages:
            at, remembered = self._remembered.get(key, (0.0, None))
            age = self._clock() - at
            if remembered is None or age > self._oldest_seconds:
                raise
            _served.labels(self._name).inc()
            log.warning("answered from what is remembered", cache=self._name, ageSeconds=round(age, 1))
            return Answer(remembered, age)
        if value is None:
            self._remembered.pop(key, None)  # it is gone: that, too, is news
            return Answer(value)
        self._remembered[key] = (self._clock(), value)
        self._remembered.move_to_end(key)
        if len(self._remembered) > self._entries:
            self._remembered.popitem(last=False)
        return Answer(value)
