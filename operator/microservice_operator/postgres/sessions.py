"""Connections to PostgreSQL servers: few, short, and at least as encrypted as the Environment says.

A session never resolves names to objects of a database's owner, and the owner's settings cannot change it: a client's
options override those of ALTER DATABASE and ALTER ROLE. The operator connects only to a server that accepts writes. A
standby may be behind, and an object that it does not show yet is not lost.
"""

import asyncio
import hashlib
import math
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

import psycopg

from .. import pending_calls
from ..database_connection import Login
from ..errors import NotYet
from ..facts import Reason
from ..fence import ARRIVAL, MayWrite, always
from .errors import classify_error, unreachable, wrong_password
from .passwords import Proof, proof

_CONNECT_SECONDS = 3
_REACH_SECONDS = 10  # for the host name and all of its addresses together
_STATEMENT_SECONDS = 10
_SESSION_SECONDS = 25  # a frozen server neither answers a statement nor enforces its timeout
_QUEUE_SECONDS = 5
_SERVER_SESSIONS = 4
_NAMESPACE_SESSIONS = 2
MAINTENANCE = "postgres"
_OPTIONS = {
    "search_path": "pg_catalog,pg_temp",
    "local_preload_libraries": "",
    "statement_timeout": f"{_STATEMENT_SECONDS}s",
    "lock_timeout": f"{_STATEMENT_SECONDS // 2}s",
    # a stopped process or a lost machine leaves no lock behind
    "idle_in_transaction_session_timeout": f"{_SESSION_SECONDS}s",
}


class Session(psycopg.AsyncConnection[tuple[object, ...]]):
    """A connection that checks before each statement that this process may still write."""

    may_write: MayWrite = staticmethod(always)
    where = ""
    long = False
    _bound_to = float(_STATEMENT_SECONDS)

    async def _bound(self, remaining: float) -> None:
        """Limit a statement to the remaining write permission; a statement that must not be interrupted is `long`."""
        wanted = min(float(_STATEMENT_SECONDS), remaining)
        wanted = math.floor(wanted) if wanted >= 1 else wanted  # otherwise each statement would get another timeout
        if not self.long and not wanted - 3 <= self._bound_to <= wanted:
            self._bound_to = wanted
            await super().execute(f"SET statement_timeout = {max(1, int(wanted * 1000))}".encode())

    async def execute(self, *arguments: Any, **options: Any) -> psycopg.AsyncCursor[tuple[object, ...]]:
        """Run a statement as psycopg does; raises Fenced."""
        await self._bound(self.may_write())
        with pending_calls.waiting_in(f"PostgreSQL at {self.where}"):
            return await super().execute(*arguments, **options)


class Admin(Protocol):
    """Source of an admin login that is read again for each use."""

    async def login(self) -> Login:
        """Return the current login; raises an OperatorError."""


@dataclass(frozen=True)
class Server:
    """An existing PostgreSQL server; `certificates` is the PEM bundle of its CA, empty if it has none."""

    host: str
    port: int
    ssl_mode: str
    admin: Login | Admin
    certificates: str = ""

    @property
    def address(self) -> str:
        """Host and port for messages."""
        return f"{self.host}:{self.port}"


class Servers:
    """Limits the concurrent sessions on each server; one object for the whole process."""

    def __init__(self) -> None:
        """Open no session yet."""
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Semaphore] = WeakValueDictionary()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.may_write: MayWrite = always

    @asynccontextmanager
    async def session(
        self, server: Server, namespace: str, database: str = MAINTENANCE, role: Login | None = None
    ) -> AsyncIterator[Session]:
        """Open a session as admin or as a `role` of ours; each statement is its own transaction.

        Raises OperatorErrors for errors in it.
        """
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(_QUEUE_SECONDS):
                    # first, so that a namespace whose databases are locked takes no turn from the others
                    await held.enter_async_context(self._turn(server, namespace, _NAMESPACE_SESSIONS))
                    await held.enter_async_context(self._turn(server, "", _SERVER_SESSIONS))
            except TimeoutError:
                busy = f"PostgreSQL at {server.address} is busy with other databases"
                raise NotYet(Reason.PROGRESSING, busy) from None
            yield await held.enter_async_context(self._opened(server, database, role))

    def _turn(self, server: Server, namespace: str, sessions: int) -> asyncio.Semaphore:
        """The turns of a namespace on a server, or of all of them; forgotten when nobody holds or awaits one."""
        key = (server.address, namespace)
        turn = self._turns.get(key) or asyncio.Semaphore(sessions)
        self._turns[key] = turn
        return turn

    async def admits(self, server: Server, database: str, role: Login) -> bool:
        """Whether the server accepts this role's login; for admins that may not read stored passwords.

        Raises NotYet if that is uncertain: only an answer that the password is wrong means no.
        """
        try:
            session = await self._connect_as(server, database, role)
        except psycopg.Error as error:
            if wrong_password(error):
                return False
            raise unreachable(error, server.address, role.username) from None
        await session.close()
        return True

    @asynccontextmanager
    async def _opened(self, server: Server, database: str, role: Login | None) -> AsyncIterator[Session]:
        name = role.username if role else ""
        try:
            if role:
                session = await self._connect_as(server, database, role)
            else:
                admin = server.admin if isinstance(server.admin, Login) else await server.admin.login()
                session = await self._connect(server, database, admin)
        except psycopg.Error as error:
            raise unreachable(error, server.address, name) from None
        end = asyncio.get_running_loop().call_later(_SESSION_SECONDS, _cut, session)
        try:
            yield session
        except psycopg.Error as error:
            raise classify_error(error, server.address, name) from None
        finally:
            end.cancel()
            await session.close()

    async def _connect_as(self, server: Server, database: str, role: Login) -> Session:
        """Connect with precomputed keys, because a role can set the number of hash iterations itself."""
        return await self._connect(server, database, role, proof(role.username, role.password))

    async def _connect(self, server: Server, database: str, login: Login, keys: Proof | None = None) -> Session:
        connecting = Session.connect(
            host=server.host,
            port=server.port,
            dbname=database,
            user=login.username,
            password=login.password,
            sslmode=server.ssl_mode,
            sslrootcert=self._root_certificate(server),
            gssencmode="disable",
            client_encoding="utf8",
            connect_timeout=_CONNECT_SECONDS,
            tcp_user_timeout=int(ARRIVAL * 1000),  # the kernel discards a statement that is not acknowledged in time
            target_session_attrs="primary",
            options=" ".join(f"-c {name}={value}" for name, value in _OPTIONS.items()),
            application_name="microservice-operator",
            autocommit=True,
            scram_client_key=keys.client_key if keys else None,
            scram_server_key=keys.server_key if keys else None,
        )
        try:
            with pending_calls.waiting_in(f"PostgreSQL at {server.address}"):
                async with asyncio.timeout(_REACH_SECONDS):
                    session = await connecting
        except TimeoutError:
            raise psycopg.errors.ConnectionTimeout(f"no answer within {_REACH_SECONDS} s") from None
        session.may_write, session.where = self.may_write, server.address
        return session

    def _root_certificate(self, server: Server) -> str | None:
        if not server.certificates:
            # without its own CA, a server is verified against the system's CAs, never accepted unverified
            return "system" if server.ssl_mode == "verify-full" else None
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="microservice-operator-", ignore_cleanup_errors=True)
        path = Path(self._folder.name) / f"{hashlib.sha256(server.certificates.encode()).hexdigest()[:16]}.pem"
        if not path.exists():
            path.write_text(server.certificates)
        return str(path)

    def close(self) -> None:
        """Remove the certificate files."""
        if self._folder:
            self._folder.cleanup()


def _cut(session: Session) -> None:
    """Shut down the socket: a session that waits for a frozen server cannot be cancelled otherwise."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(session.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)
