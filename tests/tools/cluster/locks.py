"""Locks between processes: parallel runs neither build a thing twice nor pick the same addresses.

A lock is an advisory lock on a file, so it goes with the process that holds it, however that process ends.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold `file`'s lock; wait for whoever holds it now."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
