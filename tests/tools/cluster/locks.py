"""Locks between processes: parallel runs do not build the same thing twice or use the same addresses.

A lock is an advisory lock on a file, so it is released when its process ends, for whatever reason.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold `file`'s lock; wait until it is free."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
