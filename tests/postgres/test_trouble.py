"""Servers that are down, slow, impersonated or full: Ready=False with the cause, and no weaker encryption."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from microservice_operator.database_connection import Login
from microservice_operator.errors import Gone
from microservice_operator.facts import Part, Reason, State
from microservice_operator.postgres import sessions
from microservice_operator.postgres.deletion import delete_database
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from microservice_operator.resources import Removal
from tests.ports import free_port
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer, TlsFront


def assert_waits(part: Part, cause: str) -> None:
    assert (part.state, part.reason) == (State.UNKNOWN, Reason.DATABASE_UNREACHABLE), part
    assert cause in part.message
    assert part.after


async def test_wrong_admin_password(scope: ServerScope) -> None:
    server = replace(scope.server, admin=Login("postgres", "canary-password"))
    part, connection = await reconcile_database(replace(scope, server=server), wanted())
    assert_waits(part, "password authentication failed")
    assert connection is None
    assert "canary-password" not in repr(part)


class Lost:
    """An admin whose login is kept where it is no more."""

    async def login(self) -> Login:
        raise Gone("secret rds!db-1 does not exist")


async def test_an_admin_login_that_is_gone_is_waited_for(scope: ServerScope) -> None:
    part, connection = await made(scope)
    lost = replace(scope, server=replace(scope.server, admin=Lost()))
    waiting, known = await reconcile_database(lost, wanted(connection, part.id))
    assert_waits(waiting, "rds!db-1 does not exist")
    assert known == connection
    leaving = await delete_database(lost, Removal("orders", "Delete", {"Database": part.id}))
    assert leaving.state is State.DELETING


async def test_down(scope: ServerScope) -> None:
    part, _ = await reconcile_database(replace(scope, server=replace(scope.server, port=free_port())), wanted())
    assert_waits(part, "Connection refused")


async def test_down_while_known_keeps_what_is_known(scope: ServerScope) -> None:
    part, connection = await made(scope)
    down = replace(scope, server=replace(scope.server, port=free_port()))
    waiting, known = await reconcile_database(down, wanted(connection, part.id))
    assert_waits(waiting, "Connection refused")
    assert waiting.id == part.id
    assert known
    assert known.runtime == connection.runtime
    leaving = await delete_database(down, Removal("orders", "Delete", {"Database": part.id}))
    assert (leaving.state, leaving.reason) == (State.DELETING, Reason.DATABASE_UNREACHABLE)


async def test_full(scope: ServerScope, postgres: PostgresServer) -> None:
    connect = {
        "host": "127.0.0.1",
        "port": postgres.port,
        "user": "postgres",
        "password": postgres.password,
        "sslmode": "disable",
    }
    held = []
    try:
        while True:
            try:
                held.append(psycopg.connect(**connect))  # type: ignore[arg-type]
            except psycopg.OperationalError:
                break
        part, _ = await reconcile_database(scope, wanted())
        assert_waits(part, "too many clients")
    finally:
        for connection in held:
            connection.close()


async def test_verified_tls(scope: ServerScope, tls: TlsFront, certified: Path) -> None:
    trusted = replace(
        scope.server,
        host="localhost",
        port=tls.port,
        ssl_mode="verify-full",
        certificates=(certified / "ca.crt").read_text(),
    )
    part, connection = await made(replace(scope, server=trusted))
    assert connection.certificates == trusted.certificates
    assert part.state is State.READY
    for wrong, cause in (
        (replace(trusted, host="127.0.0.1"), "127.0.0.1"),
        (replace(trusted, certificates=_another(certified)), "certificate verify failed"),
        (replace(trusted, port=scope.server.port), "SSL"),
    ):
        refused, _ = await reconcile_database(replace(scope, server=wrong), wanted(connection))
        assert_waits(refused, cause)


def _another(certified: Path) -> str:
    """A certificate that did not sign the server's."""
    return (certified / "server.crt").read_text()


async def test_a_frozen_server_does_not_block_the_reconciliation(
    scope: ServerScope, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_SESSION_SECONDS", 1)
    _, connection = await made(scope)
    async with scope.session() as session:
        postgres.freeze()
        try:
            started = time.monotonic()
            with pytest.raises(psycopg.OperationalError):
                await session.execute("SELECT 1")
            assert time.monotonic() - started < 5
        finally:
            postgres.thaw()
    part, _ = await reconcile_database(scope, wanted(connection))
    assert part.state is State.READY


async def test_the_loop_never_blocks(scope: ServerScope, postgres: PostgresServer) -> None:
    longest = 0.0

    async def ticks() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before)

    ticking = asyncio.create_task(ticks())
    postgres.freeze()
    making = asyncio.create_task(made(scope))
    await asyncio.sleep(2)
    postgres.thaw()
    await making
    ticking.cancel()
    assert longest < 1


async def test_a_right_that_the_admin_lacks_is_named(scope: ServerScope, postgres: PostgresServer) -> None:
    postgres.run("CREATE ROLE nobody LOGIN PASSWORD 'nobody-password'")
    server = replace(scope.server, admin=Login("nobody", "nobody-password"))
    _, fresh = await reconcile_database(scope, wanted())
    part, _ = await reconcile_database(replace(scope, server=server), wanted(fresh))
    assert (part.state, part.reason) == (State.STALLED, Reason.FORBIDDEN)
    assert "permission denied to create role" in part.message
