"""An event loop whose clock jumps to the next timer, so that an hour of waits takes as long as its work."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jump(selectors.SelectSelector):
    """Waits for nothing: the time that the loop would wait has passed at once."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            message = "no timer and nothing to do: the coroutine would wait forever"
            raise RuntimeError(message)
        self.passed += max(0.0, timeout)
        return super().select(0)


class MovedLoop(asyncio.SelectorEventLoop):
    """Begins at second 0; threads and sockets cannot wake it."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.passed


def run_moved(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own whose clock jumps."""
    with asyncio.Runner(loop_factory=MovedLoop) as runner:
        return runner.run(coroutine)
