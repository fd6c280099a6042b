"""Write permission: every client of an external system checks it before each write.

`cluster.lease` decides. If the permission is denied, nothing is written and the reconciliation ends.
"""

import socket
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


def discard_late(connection: socket.socket) -> None:
    """Let the kernel discard what is not acknowledged in time (tcp(7), TCP_USER_TIMEOUT).

    Otherwise it would deliver a request when the network is back, after this process has given it up or has ended.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux only
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(ARRIVAL * 1000))
