"""A value that is read once for all who ask at about the same time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Shared(Generic[Value]):
    """Reads a value again when it is older than `seconds`. An error is shared in the same way."""

    def __init__(self, read: Callable[[], Awaitable[Value]], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._found: Value | None = None
        self._error: Exception | None = None
        self._ends = 0.0

    async def value(self) -> Value | None:
        """Return the value. Raises what reading it raised."""
        async with self._lock:
            if time.monotonic() >= self._ends:
                try:
                    self._found, self._error = await self._read(), None
                except Exception as error:  # noqa: BLE001  (whoever asks handles it)
                    self._error = error
                self._ends = time.monotonic() + self._seconds
        if self._error:
            raise self._error
        return self._found
