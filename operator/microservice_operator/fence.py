"""Write permission: every client of an external system checks it before each write.

`cluster.lease` decides. If the permission is denied, nothing is written and the reconciliation ends.
"""

from collections.abc import Callable

from .errors import OperatorError

ARRIVAL = 2.0  # seconds within which a request that is sent arrives, or never does; no other process leads before

MayWrite = Callable[[], float]  # returns the seconds of remaining permission; raises Fenced


class Fenced(OperatorError):
    """Another process may lead now: nothing is written, and the reconciliation ends without counting as failed."""

    def __init__(self, message: str = "this process is not the leader and writes nothing") -> None:
        """Set the message."""
        super().__init__(message)


def always() -> float:
    """Allow every write, for a process without competitors, such as a command."""
    return float("inf")
