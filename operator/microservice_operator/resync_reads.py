"""Marks reads that only compare again what was up to date: they give way to all other calls, and may be late."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_resync: ContextVar[bool] = ContextVar("resync", default=False)


@contextmanager
def marked(*, resync: bool) -> Iterator[None]:
    """Mark the reads made inside the block, also those of tasks that it starts."""
    token = _resync.set(resync)
    try:
        yield
    finally:
        _resync.reset(token)


def is_resync() -> bool:
    """Whether the current task only compares again what was up to date."""
    return _resync.get()
