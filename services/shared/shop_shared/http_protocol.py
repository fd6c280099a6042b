"""uvicorn's HTTP/1.1 connection, with the two time limits that it lacks: for the head of a request, and for the rest
of a body whose request is answered already.

Without them, a byte now and then keeps a connection for as long as the client likes.
"""

import asyncio
from http import HTTPStatus

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""From the begin of a connection, or from the first byte of a later request, to the end of the head."""
REST_SECONDS = 2.0
"""A client that still sends its body reads the answer within this time."""


class BoundedProtocol(H11Protocol):
    """Closes a connection whose client sends a head, or a body that nobody reads, too slowly."""

    _head_timer: asyncio.TimerHandle | None = None
    _rest_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._stop_rest_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        answered = self.cycle is not None and self.cycle.response_complete
        if not (self.conn.their_state is h11.SEND_BODY and answered):
            self._stop_rest_timer()
        if self.conn.their_state is not h11.IDLE:
            self._stop_head_timer()
        elif self.conn.trailing_data[0]:
            self._expect_head()
        elif self.timeout_keep_alive_task is None:
            # The rest of a body has arrived after its answer, and uvicorn has stopped this timer.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self._stop_rest_timer()
            self._rest_timer = self.loop.call_later(REST_SECONDS, self.transport.close)

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse_late_head)

    def _refuse_late_head(self) -> None:
        if self.transport.is_closing():
            return
        if self.conn.trailing_data[0] and self.conn.our_state is h11.IDLE:
            headers = [(b"connection", b"close"), (b"content-length", b"0")]
            status = HTTPStatus.REQUEST_TIMEOUT
            answer = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
            self.transport.write(self.conn.send(answer) or b"")
            self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")
        self.transport.close()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_rest_timer(self) -> None:
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None
