"""May this process write? Each door to an outside world asks before it sends anything that changes something.

The answer is `cluster.lease`'s. Whoever has been told no writes nowhere, and so ends its pass.
"""

from collections.abc import Callable

from .errors import OperatorError

MayWrite = Callable[[], float]  # the seconds for which it may; raises Fenced


class Fenced(OperatorError):
    """Another process may lead by now: nothing is written, the pass ends and is not counted as failed."""

    def __init__(self, message: str = "this process does not lead: nothing is written") -> None:
        """Say so."""
        super().__init__(message)


def always() -> float:
    """Who has nobody beside it, such as a command, may write."""
    return float("inf")
