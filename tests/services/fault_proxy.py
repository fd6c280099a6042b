"""A TCP proxy that drops a message, drops its response, or stops responding. The sender cannot distinguish them."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Literal

Fault = Literal["drop-before", "drop-after", "hang"]

_REQUEST = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r\n")


class FaultProxy:
    """Breaks one connection at the first message that contains the marker. Records the times of HTTP requests.

    With `after`, it breaks only a connection that has already carried this text.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.requests: list[float] = []
        self._armed: tuple[Fault, bytes, bytes] | None = None
        self._clients: list[socket.socket] = []
        self.broke = 0

    def arm(self, fault: Fault, marker: bytes, after: bytes = b"") -> None:
        self._armed = (fault, marker, after)

    @contextmanager
    def listening(self) -> Iterator[int]:
        threads: list[Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    self._clients.append(client)
                    threads.append(Thread(target=self._connection, args=[client]))
                    threads[-1].start()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threads.append(Thread(target=accept))
            threads[0].start()
            try:
                yield listener.getsockname()[1]
            finally:
                _close(listener)
                threads[0].join()
                for client in self._clients:
                    _close(client)
                for thread in threads:
                    thread.join()

    def _connection(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            # Read first: a request counts even if the target is down.
            first = self._message(client)
            if not first:
                return
            with socket.create_connection(("127.0.0.1", self.target_port)) as target:
                self._passing(client, target, first)

    def _passing(self, client: socket.socket, target: socket.socket, message: bytes) -> None:
        muted, hangs, carried = Event(), False, b""
        back = Thread(target=self._answers, args=[target, client, muted])
        back.start()
        with suppress(OSError):
            while message:
                if self._armed and self._armed[1] in message and self._armed[2] in carried:
                    fault, self._armed = self._armed[0], None
                    self.broke += 1
                    muted.set()
                    if fault == "drop-before":
                        break
                    hangs = fault == "hang"
                if not hangs:
                    target.sendall(message)
                carried += message
                message = self._message(client)
        _close(target)
        back.join()

    def _message(self, client: socket.socket) -> bytes:
        message = client.recv(65_536)
        if _REQUEST.match(message):
            self.requests.append(time.monotonic())
        return message

    @staticmethod
    def _answers(target: socket.socket, client: socket.socket, muted: Event) -> None:
        with suppress(OSError):
            while (message := target.recv(65_536)) and not muted.is_set():
                client.sendall(message)
        _close(client)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
