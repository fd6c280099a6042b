"""A failed read, or an answer from a standby, changes nothing: no new password, and no deletion completes."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
from psycopg import errors

from microservice_operator.database_connection import Connection
from microservice_operator.errors import NeedsPerson, NotYet
from microservice_operator.facts import Part, Reason, State
from microservice_operator.postgres import sessions
from microservice_operator.postgres.deletion import delete_database
from microservice_operator.postgres.errors import classify_error
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from microservice_operator.postgres.sessions import Server
from microservice_operator.resources import Removal
from tests.ports import free_port
from tests.postgres.making import made, master, wanted
from tests.postgres.server import PostgresServer

# causes of a failed login with the right password
SHUT = [
    'ALTER ROLE "{app}" CONNECTION LIMIT 0',
    'ALTER ROLE "{owner}" CONNECTION LIMIT 0',
    'ALTER DATABASE "{db}" CONNECTION LIMIT 0',
    'ALTER DATABASE "{db}" ALLOW_CONNECTIONS false',
]
OPEN = """
ALTER ROLE "{app}" CONNECTION LIMIT -1; ALTER ROLE "{owner}" CONNECTION LIMIT -1;
ALTER DATABASE "{db}" CONNECTION LIMIT -1; ALTER DATABASE "{db}" ALLOW_CONNECTIONS true
"""


@pytest.fixture
def by_master(scope: ServerScope, postgres: PostgresServer) -> ServerScope:
    """As an admin that may not read what the server stores of a password."""
    return replace(scope, server=replace(scope.server, admin=master(postgres)))


def named(text: str, connection: Connection) -> str:
    return text.format(db=connection.database, owner=connection.owner.username, app=connection.runtime.username)


def stored(server: PostgresServer, connection: Connection) -> list[tuple[str, str]]:
    query = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('{owner}', '{app}') ORDER BY 1"
    return server.run(named(query, connection))


def assert_unknown(part: Part, cause: str) -> None:
    assert part.reason is Reason.DATABASE_UNREACHABLE, part
    assert part.state in (State.UNKNOWN, State.PROGRESSING, State.DELETING)
    assert cause in part.message
    assert (part.after, part.failed) == (10.0, True)


@pytest.mark.parametrize("shut", SHUT)
async def test_a_login_that_cannot_be_tried_resets_no_password(
    by_master: ServerScope, postgres: PostgresServer, shut: str
) -> None:
    part, connection = await made(by_master)
    before = stored(postgres, connection)
    postgres.run(named(shut, connection))
    said = postgres.statements()
    unknown, known = await reconcile_database(by_master, wanted(connection, part.id))
    assert_unknown(unknown, "refuses role")
    assert known == connection
    assert (stored(postgres, connection), postgres.statements()) == (before, said)
    postgres.run(named(OPEN, connection).replace(";", ";\n"))
    again, _ = await reconcile_database(by_master, wanted(connection, part.id))
    assert (again.state, again.events, stored(postgres, connection)) == (State.READY, (), before)


async def test_three_answers_to_a_login(scope: ServerScope) -> None:
    _, connection = await made(scope)
    name, login, sessions = connection.database, connection.runtime, scope.servers
    assert await sessions.admits(scope.server, name, login)
    assert not await sessions.admits(scope.server, name, replace(login, password="another"))
    unknown: list[tuple[Server, str]] = [
        (replace(scope.server, port=free_port()), name),
        (replace(scope.server, ssl_mode="require"), name),
        (scope.server, "no-such-database"),
    ]
    for server, database in unknown:
        with pytest.raises(NotYet, match="refuses role"):
            await sessions.admits(server, database, login)


@pytest.mark.parametrize(
    "drift",
    [
        'ALTER ROLE "{app}" NOLOGIN',
        "ALTER ROLE \"{app}\" VALID UNTIL '2001-01-01'",
        'REVOKE CONNECT ON DATABASE "{db}" FROM "{app}"',
    ],
)
async def test_what_is_in_the_way_of_a_login_is_put_right_before_it_is_tried(
    by_master: ServerScope, postgres: PostgresServer, drift: str
) -> None:
    part, connection = await made(by_master)
    before = stored(postgres, connection)
    postgres.run(named(drift, connection))
    again, _ = await reconcile_database(by_master, wanted(connection, part.id))
    assert (again.state, again.events, stored(postgres, connection)) == (State.READY, (), before)
    postgres.run("SELECT 1", connection.database, connection.runtime)


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


async def test_a_standby_may_be_late(scope: ServerScope, own_server: PostgresServer) -> None:
    scope = replace(scope, server=own_server.server)
    part, connection = await made(scope)
    unseen = replace(scope, owner=replace(scope.owner, cluster="of a write that it has not seen"))
    own_server.become_standby()
    looked, known = await reconcile_database(scope, wanted(connection, part.id))
    assert_unknown(looked, "hot standby")
    assert known == connection
    lost, _ = await reconcile_database(unseen, wanted(connection, part.id))
    assert_unknown(lost, "hot standby")
    for each in (scope, unseen):
        leaving = await delete_database(each, Removal("orders", "Delete", {"Database": part.id}))
        assert (leaving.state, leaving.reason) == (State.DELETING, Reason.DATABASE_UNREACHABLE)


async def test_a_database_has_the_encoding_that_an_admin_chose_for_new_ones(
    scope: ServerScope, own_server: PostgresServer
) -> None:
    own_server.run("ALTER DATABASE template1 IS_TEMPLATE false")
    own_server.run("DROP DATABASE template1")
    chosen = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' IS_TEMPLATE true"
    own_server.run(f"CREATE DATABASE template1 {chosen}")
    _, connection = await made(replace(scope, server=own_server.server))
    assert own_server.run("SHOW server_encoding", connection.database) == [("LATIN1",)]
    own_server.run("ALTER DATABASE template1 IS_TEMPLATE false")
    own_server.run("DROP DATABASE template1")
    await made(replace(scope, server=own_server.server, owner=replace(scope.owner, cluster="without")))


@pytest.mark.parametrize(("policy", "state"), [("Delete", State.STALLED), ("Retain", State.RETAINED)])
async def test_what_is_not_at_another_server_is_not_gone(
    scope: ServerScope, postgres: PostgresServer, own_server: PostgresServer, policy: str, state: State
) -> None:
    part, connection = await made(scope)
    leaving = Removal("orders", policy, {"Database": part.id})  # type: ignore[arg-type]
    elsewhere = replace(scope, server=own_server.server)
    left = await delete_database(elsewhere, leaving)
    assert (left.state, left.id) == (state, part.id)
    assert part.id in left.message
    postgres.run("SELECT 1", connection.database, connection.runtime)
    # the same server under another name is the same server
    renamed = replace(scope, server=replace(scope.server, host="localhost"))
    over = await delete_database(renamed, leaving)
    assert over.state is (State.READY if policy == "Delete" else State.RETAINED)


@contextmanager
def locked(server: PostgresServer, catalog: str, database: str = "postgres") -> Iterator[psycopg.Connection[object]]:
    """Only a superuser may write to this catalog."""
    with psycopg.connect(**server.parameters(None, database)) as session:
        session.execute(f"LOCK TABLE pg_catalog.{catalog} IN EXCLUSIVE MODE".encode())
        yield session
        session.rollback()


async def test_an_extension_that_is_kept_waiting_is_not_refused(
    scope: ServerScope, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, connection = await made(scope)
    monkeypatch.setitem(sessions._OPTIONS, "lock_timeout", "200ms")
    with locked(postgres, "pg_extension", connection.database):
        part, _ = await reconcile_database(scope, wanted(connection, extensions=["citext"]))
    assert (part.state, part.reason) == (State.PROGRESSING, Reason.PROGRESSING), part
    assert (await reconcile_database(scope, wanted(connection, extensions=["citext"])))[0].state is State.READY


async def test_making_a_database_may_take_longer_than_a_statement(
    scope: ServerScope, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sessions._OPTIONS, "statement_timeout", "500ms")
    _, fresh = await reconcile_database(scope, wanted())
    with locked(postgres, "pg_database") as lock:
        making = asyncio.create_task(reconcile_database(scope, wanted(fresh)))
        await asyncio.sleep(1.5)
        lock.rollback()
        part, _ = await making
    assert part.state is State.READY, part


async def test_what_takes_longer_than_a_session_is_finished_by_the_server(
    scope: ServerScope, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reconciliation that finds it reports a new database, because migrations run again on it."""
    monkeypatch.setattr(sessions, "_SESSION_SECONDS", 1)
    _, fresh = await reconcile_database(scope, wanted())
    assert fresh
    with locked(postgres, "pg_database"):
        part, _ = await reconcile_database(scope, wanted(fresh))
        assert (part.state, part.reason, part.after) == (State.PROGRESSING, Reason.DATABASE_CREATING, 10.0)
        assert part.events == ()
    await until_there(postgres, fresh.database, there=True)
    part, connection = await reconcile_database(scope, wanted(fresh))
    assert connection
    assert (part.state, [event.reason for event in part.events]) == (State.READY, [Reason.DATABASE_CREATED])
    with locked(postgres, "pg_database"):
        leaving = await delete_database(scope, Removal("orders", "Delete", {"Database": part.id}))
        assert (leaving.state, leaving.reason) == (State.DELETING, Reason.DATABASE_DELETING)
    await until_there(postgres, fresh.database, there=False)
    gone = await delete_database(scope, Removal("orders", "Delete", {"Database": part.id}))
    assert gone.reason is Reason.DATABASE_DELETED


async def until_there(server: PostgresServer, database: str, *, there: bool) -> None:
    async with asyncio.timeout(30):
        while bool(server.run(f"SELECT 1 FROM pg_database WHERE datname = '{database}'")) is not there:  # noqa: ASYNC110 PostgreSQL rings no bell
            await asyncio.sleep(0.1)


async def test_a_drop_that_was_broken_off_is_taken_up(scope: ServerScope, any_major: PostgresServer) -> None:
    """PostgreSQL then marks the database invalid: it accepts DROP, but no connections."""
    scope = replace(scope, server=any_major.server)
    part, connection = await made(scope)
    any_major.run(f"UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{connection.database}'")
    entered, _ = await reconcile_database(scope, wanted(connection, part.id))
    assert_unknown(entered, "invalid database")
    gone = await delete_database(scope, Removal("orders", "Delete", {"Database": part.id}))
    assert gone.reason is Reason.DATABASE_DELETED


async def test_a_server_that_says_nothing_is_not_waited_for(
    scope: ServerScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_REACH_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = replace(scope.server, port=silent.getsockname()[1])
        part, _ = await reconcile_database(replace(scope, server=server), wanted())
        assert_unknown(part, "no answer within 0.2 s")


async def test_every_session_is_bounded_whatever_its_database_says(
    any_major: PostgresServer, scope: ServerScope
) -> None:
    scope = replace(scope, server=any_major.server)
    _, connection = await made(scope)
    for name in sessions._OPTIONS:
        value = "'public'" if name == "search_path" else "'nothing'" if "libraries" in name else "0"
        any_major.run(f'ALTER DATABASE "{connection.database}" SET {name} = {value}')
        any_major.run(f'ALTER ROLE "{connection.owner.username}" SET {name} = {value}')
    for database, login in (("postgres", None), (connection.database, None), (connection.database, connection.owner)):
        async with scope.session(database, login) as session:
            for name, value in sessions._OPTIONS.items():
                [[found]] = await (await session.execute(f"SHOW {name}")).fetchall()
                assert found == value


WAITED_FOR = {  # by class of SQLSTATE, and by SQLSTATE
    "08": "connection exception",
    "40": "transaction rollback",
    "53": "insufficient resources",
    "57": "operator intervention",
    "58": "system error",
    "25006": "read-only transaction: a standby by now",
    "23505": "unique violation: two at a time",
    "3D000": "no such database any more",
    "3F000": "no such schema any more",
    "42704": "no such object any more",
    "42710": "it is there by now",
    "42P01": "no such table any more",
    "42P04": "the database is there by now",
    "55006": "object in use",
    "55P03": "lock not available",
    "XX000": "tuple concurrently updated",
}


def test_transient_errors_are_retried() -> None:
    """Every error that PostgreSQL documents (Appendix A), and a closed connection without an error."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, psycopg.Error)]
    codes = {kind.sqlstate for kind in kinds if kind.sqlstate}
    assert len(codes) > 240
    waited = {code for code in codes if isinstance(classify_error(errors.lookup(code)(), "db:5432"), NotYet)}
    wanted = {code for code in codes if code in WAITED_FOR or code[:2] in WAITED_FOR} - {"58P01"}
    assert waited == wanted
    assert isinstance(classify_error(psycopg.OperationalError("server closed the connection"), "db:5432"), NotYet)
    assert isinstance(classify_error(errors.InsufficientPrivilege(), "db:5432"), NeedsPerson)
