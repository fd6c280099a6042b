"""Connections of boto3 that check the write permission at the last moment: when the request is about to be sent.

botocore's own events come earlier, before it waits for a connection and connects. A process that is stopped in
between would send its write after the end of its Lease.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from ...fence import Fenced, MayWrite, discard_late


class _Thread(threading.local):
    may_write: MayWrite | None = None


_thread = _Thread()


class _NotSent(BaseException):
    """Raised in place of Fenced, because botocore wraps every Exception of a connection, and tries again."""


@contextmanager
def fenced(may_write: MayWrite) -> Iterator[None]:
    """Check the permission before each request that this thread sends; raises Fenced, and then nothing was sent."""
    _thread.may_write = may_write
    try:
        yield
    except _NotSent:
        raise Fenced from None
    finally:
        _thread.may_write = None


class _Fence:
    """Mixed into a connection of urllib3."""

    sock: socket.socket | None

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]  # of the class that it is mixed into
        if self.sock:
            discard_late(self.sock)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()  # http.client does it in `send`, which would be after the check
        if _thread.may_write:
            try:
                _thread.may_write()
            except Fenced:
                raise _NotSent from None
        super().send(data)  # type: ignore[misc]  # of the class that it is mixed into


class _Connection(_Fence, AWSHTTPConnection):  # type: ignore[misc]  # botocore has no types
    """HTTP, for an emulator."""


class _TLSConnection(_Fence, AWSHTTPSConnection):  # type: ignore[misc]  # botocore has no types
    """HTTPS."""


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(AWSHTTPSConnectionPool):
    ConnectionCls = _TLSConnection


def install(client: Any) -> None:
    """Let a client use these connections; call it before the first request.

    botocore has no public way to choose them, so a test sends requests with its real clients.
    """
    client._endpoint.http_session._pool_classes_by_scheme.update(http=_Pool, https=_TLSPool)  # noqa: SLF001 see above
