"""Records the calls that a reconciliation waits for, so that the status and the log can name one that hangs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Calls:
    """The unanswered calls of one reconciliation, including those of the tasks that it starts."""

    def __init__(self) -> None:
        """Start without calls."""
        self._open: dict[object, str] = {}

    @property
    def names(self) -> list[str]:
        """Names of the calls, each once, sorted."""
        return sorted(set(self._open.values()))

    @property
    def sentence(self) -> str:
        """Describe what the reconciliation waits for."""
        return ", ".join(self.names) or "no call (the process is busy)"

    @contextmanager
    def made_here(self) -> Iterator[None]:
        """Record here the calls made inside the block."""
        token = _of_this_pass.set(self)
        try:
            yield
        finally:
            _of_this_pass.reset(token)

    @contextmanager
    def waiting_in(self, call: str) -> Iterator[None]:
        """Record one call during the block."""
        this = object()
        self._open[this] = call
        try:
            yield
        finally:
            del self._open[this]


_of_this_pass: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def waiting_in(call: str) -> Iterator[None]:
    """Record one call for the current reconciliation, if any; `call` contains no secret."""
    calls = _of_this_pass.get()
    if calls is None:
        yield
        return
    with calls.waiting_in(call):
        yield
