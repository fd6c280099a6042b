"""A TCP proxy that loses one message or its answer: the two faults that a sender cannot tell apart."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Literal

Fault = Literal["drop-before", "drop-after"]


class FaultProxy:
    """Breaks the connection at the first message that contains the marker, before or after the other side got it."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._armed: tuple[Fault, bytes] | None = None
        self.broke = 0

    def arm(self, fault: Fault, marker: bytes) -> None:
        self._armed = (fault, marker)

    @contextmanager
    def listening(self) -> Iterator[int]:
        threads: list[Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threads.append(Thread(target=self._connection, args=[listener.accept()[0]]))
                    threads[-1].start()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            acceptor = Thread(target=accept)
            acceptor.start()
            yield listener.getsockname()[1]
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
        for thread in threads:
            thread.join()

    def _connection(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target_port)) as target:
            muted = Event()
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
