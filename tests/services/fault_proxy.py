"""A TCP proxy that loses one message, or its answer, or never answers again: a sender cannot tell which."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Literal

Fault = Literal["drop-before", "drop-after", "hang"]


class FaultProxy:
    """Breaks one connection at the first message that contains the marker."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._armed: tuple[Fault, bytes] | None = None
        self._clients: list[socket.socket] = []
        self.broke = 0

    def arm(self, fault: Fault, marker: bytes) -> None:
        self._armed = (fault, marker)

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
        with client, socket.create_connection(("127.0.0.1", self._target_port)) as target:
            muted, hangs = Event(), False
            back = Thread(target=self._answers, args=[target, client, muted])
            back.start()
            with suppress(OSError):
                while message := client.recv(65_536):
                    if self._armed and self._armed[1] in message:
                        fault, self._armed = self._armed[0], None
                        self.broke += 1
                        muted.set()
                        if fault == "drop-before":
                            break
                        hangs = fault == "hang"
                    if not hangs:
                        target.sendall(message)
            _close(target)
            back.join()

    @staticmethod
    def _answers(target: socket.socket, client: socket.socket, muted: Event) -> None:
        with suppress(OSError):
            while (message := target.recv(65_536)) and not muted.is_set():
                client.sendall(message)
        _close(client)


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
