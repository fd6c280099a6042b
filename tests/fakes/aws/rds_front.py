"""One port for every RDS instance: the server name in the client's TLS handshake selects the instance.

Network policies allow ports of pods, and a pod can have port 5432 only once; in AWS each instance has an address. The
connection starts as "SSL Session Encryption" in PostgreSQL's protocol documents describes; then it is forwarded.
"""

import asyncio
import contextlib
import ssl
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SSL_REQUEST, GSS_REQUEST = (struct.pack("!ii", 8, code) for code in (80877103, 80877104))
CHUNK = 65536


@dataclass(frozen=True)
class TLS:
    """A certificate for every name, and its key."""

    certificate: Path
    key: Path


class Front:
    """Listens from `start` until the process ends."""

    def __init__(self, tls: TLS, names: Sequence[str]) -> None:
        """Answer for these names; nothing is behind any of them yet."""
        self._contexts = {name: _context(tls) for name in names}
        self._asking = _context(tls)
        self._asking.sni_callback = self._named
        self._behind: dict[ssl.SSLContext, Path] = {}

    def lead(self, name: str, to: Path | None) -> None:
        """Route a name to a server's socket file, or to none."""
        if to is None:
            self._behind.pop(self._contexts[name], None)
        else:
            self._behind[self._contexts[name]] = to

    def start(self, host: str, port: int) -> int:
        """Listen in a separate thread; return the port."""
        listens: list[int] = []
        began = threading.Event()

        async def run() -> None:
            server = await asyncio.start_server(self._serve, host, port)
            listens.append(server.sockets[0].getsockname()[1])
            began.set()
            await server.serve_forever()

        threading.Thread(target=asyncio.run, args=(run(),), daemon=True).start()
        if not began.wait(10):
            raise RuntimeError(f"cannot listen on {host}:{port}: is something else there?")
        return listens[0]

    def _named(
        self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext
    ) -> ssl.AlertDescription | None:
        chosen = self._contexts.get(name or "")
        if chosen is None:
            return ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = chosen
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            if await self._encrypted(reader, writer):
                behind = self._behind.get(writer.get_extra_info("ssl_object").context)
                if behind is not None:
                    inner, outer = await asyncio.open_unix_connection(behind)
                    await asyncio.gather(_copy(reader, outer), _copy(inner, writer))
        writer.close()

    async def _encrypted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the client requests TLS; others are refused."""
        request = await reader.readexactly(len(SSL_REQUEST))
        if request == GSS_REQUEST:
            writer.write(b"N")
            request = await reader.readexactly(len(SSL_REQUEST))
        if request != SSL_REQUEST:
            return False
        writer.write(b"S")
        await writer.start_tls(self._asking)
        return True


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    finally:
        target.close()


def _context(tls: TLS) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    return context
