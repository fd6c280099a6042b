"""Waits for a state. The timeouts are generous: they end a test that hangs, and measure nothing."""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.tools.demo.errors import DemoError

Answer = TypeVar("Answer")
SECONDS = 200.0


def eventually(
    what: str, probe: Callable[[], Answer | None], explain: Callable[[], str], seconds: float = SECONDS
) -> Answer:
    """The probe's first true result; after a failed kubectl the probe runs again."""
    deadline = time.monotonic() + seconds
    failed = ""
    while time.monotonic() < deadline:
        try:
            if answer := probe():
                return answer
            failed = ""
        except DemoError as error:
            failed = f"\nthe last request failed: {error}"
        time.sleep(0.5)
    raise AssertionError(f"timed out waiting until {what}{failed}\n{explain()}")
