"""Which calls a pass waits in, so that one that hangs can be told by its name: to its object, to the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Calls:
    """The calls of one pass that have no answer yet; tasks that the pass starts note theirs here, too."""

    def __init__(self) -> None:
        """Nothing is asked yet."""
        self._open: dict[object, str] = {}

    @property
    def names(self) -> list[str]:
        """Each once, always in the same order."""
        return sorted(set(self._open.values()))

    @property
    def sentence(self) -> str:
        """What is waited for, in words."""
        return ", ".join(self.names) or "no answer, but a turn of its own"

    @contextmanager
    def made_here(self) -> Iterator[None]:
        """Note here what is asked within."""
        token = _of_this_pass.set(self)
        try:
            yield
        finally:
            _of_this_pass.reset(token)

    @contextmanager
    def waiting_in(self, call: str) -> Iterator[None]:
        """Around one call."""
        this = object()
        self._open[this] = call
        try:
            yield
        finally:
            del self._open[this]


_of_this_pass: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def waiting_in(call: str) -> Iterator[None]:
    """Around one call, by whomever it is made; `call` holds no secret."""
    calls = _of_this_pass.get()
    if calls is None:
        yield
        return
    with calls.waiting_in(call):
        yield
