"""Shows the progress of long work: in place on a terminal, otherwise one line now and then (a log in CI)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

EVERY = 15.0  # seconds between two lines of the same work, where nobody watches


@contextmanager
def telling(console: Console, title: str) -> Iterator[Callable[[str], None]]:
    """Show work under a title; yield the function to call at each stage."""
    if console.is_terminal:
        with console.status(title) as status:
            yield status.update
        return
    said = 0.0

    def tell(stage: str) -> None:
        nonlocal said
        if time.monotonic() - said >= EVERY:
            said = time.monotonic()
            console.print(f"… {stage}", highlight=False, markup=False, soft_wrap=True)

    yield tell
