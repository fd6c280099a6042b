"""A database is created, corrected after each drift, and deleted."""

import logging
from dataclasses import replace

import psycopg
import pytest

from microservice_operator import names
from microservice_operator.database_connection import Connection, Login
from microservice_operator.facts import Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.postgres.deletion import delete_database
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from microservice_operator.resources import Removal
from microservice_operator.resync_cache import ResyncCache
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer


def later(scope: ServerScope, uid: str) -> ServerScope:
    """The place as a Microservice of the same name, made later, sees it."""
    return replace(scope, owner=Owner(scope.owner.cluster, replace(scope.owner.identity, uid=uid)))


def comment(connection: Connection, text: str = "NULL") -> str:
    return f'COMMENT ON DATABASE "{connection.database}" IS {text}'


async def test_a_second_reconciliation_of_a_new_database_reports_no_change(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    part, connection = await made(scope, extensions=["pg_trgm"])
    assert [event.reason for event in part.events] == [Reason.DATABASE_CREATED]
    assert part.id == f"postgresql://127.0.0.1:{postgres.port}/{connection.database}"
    said = postgres.statements()
    assert any("CREATE EXTENSION" in line for line in said)
    again, same = await reconcile_database(scope, wanted(connection, part.id, extensions=["pg_trgm"]))
    assert (again.state, again.events, same) == (State.READY, (), connection)
    assert postgres.statements() == said


async def test_what_is_settled_is_not_asked_for(scope: ServerScope, postgres: PostgresServer) -> None:
    scope = replace(scope, resync_cache=ResyncCache(300))
    part, connection = await made(scope)
    await reconcile_database(scope, wanted(connection, part.id))
    before = postgres.log.stat().st_size
    recalled, same = await reconcile_database(scope, wanted(connection, part.id))
    assert (recalled.state, same) == (State.READY, connection)
    assert postgres.log.stat().st_size == before
    scope.resync_cache.invalidate_owner(scope.owner.identity.uid)
    await reconcile_database(scope, wanted(connection, part.id))
    assert postgres.log.stat().st_size > before


async def test_the_runtime_role_reads_and_writes_rows_and_nothing_else(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    _, connection = await made(scope)
    name, runtime = connection.database, connection.runtime
    postgres.run("CREATE TABLE t (id serial PRIMARY KEY, v text)", name, connection.owner)
    postgres.run("INSERT INTO t (v) VALUES ('a')", name, runtime)
    postgres.run("UPDATE t SET v = 'b'", name, runtime)
    assert postgres.run("SELECT v FROM t", name, runtime) == [("b",)]
    postgres.run("DELETE FROM t", name, runtime)
    for forbidden in (
        "CREATE TABLE u (id int)",
        "CREATE TEMP TABLE u (id int)",
        "CREATE SCHEMA s",
        "ALTER TABLE t ADD COLUMN w int",
        "DROP TABLE t",
        "TRUNCATE t",
        "CREATE ROLE r",
        "CREATE DATABASE d",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            postgres.run(forbidden, name, runtime)
    _, other = await made(later(replace(scope, owner=Owner("other", scope.owner.identity)), "uid-other"))
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        postgres.run("SELECT 1", other.database, runtime)


@pytest.mark.parametrize(
    "drift",
    [
        'GRANT TEMP ON DATABASE "{db}" TO PUBLIC',
        'REVOKE CONNECT ON DATABASE "{db}" FROM "{app}"',
        'GRANT CREATE ON DATABASE "{db}" TO "{app}"',
        'ALTER ROLE "{app}" CREATEDB NOLOGIN',
        "ALTER ROLE \"{owner}\" PASSWORD 'another'",
        "ALTER ROLE \"{app}\" PASSWORD 'another'",
        'REVOKE USAGE ON SCHEMA public FROM "{app}"',
        'GRANT CREATE ON SCHEMA public TO "{app}"',
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public REVOKE INSERT ON TABLES FROM "{app}"',
        'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM "{app}"',
        'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{app}"',
        'REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM "{app}"',
    ],
)
async def test_drift_is_put_right_once(scope: ServerScope, postgres: PostgresServer, drift: str) -> None:
    part, connection = await made(scope)
    postgres.run("CREATE TABLE t (id serial PRIMARY KEY)", connection.database, connection.owner)
    roles = {"db": connection.database, "app": connection.runtime.username, "owner": connection.owner.username}
    postgres.run(drift.format(**roles), connection.database)
    said = len(postgres.statements())
    repaired, _ = await reconcile_database(scope, wanted(connection, part.id))
    assert repaired.state is State.READY
    assert len(postgres.statements()) > said
    said = len(postgres.statements())
    await reconcile_database(scope, wanted(connection, part.id))
    assert len(postgres.statements()) == said
    postgres.run("INSERT INTO t DEFAULT VALUES", connection.database, connection.runtime)


async def test_what_another_role_granted_is_not_revoked_for_ever(scope: ServerScope, postgres: PostgresServer) -> None:
    part, connection = await made(scope)
    name = connection.database
    postgres.run("CREATE ROLE lender LOGIN PASSWORD 'lender-password'")
    postgres.run(f'GRANT CONNECT ON DATABASE "{name}" TO lender WITH GRANT OPTION', name, connection.owner)
    postgres.run(f'GRANT CONNECT ON DATABASE "{name}" TO PUBLIC', login=Login("lender", "lender-password"))
    said = postgres.statements()
    assert (await reconcile_database(scope, wanted(connection, part.id)))[0].state is State.READY
    assert postgres.statements() == said


async def test_undeclared_role_attributes_are_removed_and_reported(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    part, connection = await made(scope)
    postgres.run(f'ALTER ROLE "{connection.owner.username}" SUPERUSER REPLICATION')
    corrected, _ = await reconcile_database(scope, wanted(connection, part.id))
    [event] = corrected.events
    assert (event.type, event.reason) == ("Warning", Reason.FORBIDDEN)
    assert "had undeclared SUPERUSER, REPLICATION" in event.message
    powers = "SELECT rolsuper, rolreplication FROM pg_roles WHERE rolname = '{}'"
    assert postgres.run(powers.format(connection.owner.username)) == [(False, False)]
    assert (await reconcile_database(scope, wanted(connection, part.id)))[0].events == ()


async def test_a_right_that_a_migration_took_away_stays_away(scope: ServerScope, postgres: PostgresServer) -> None:
    part, connection = await made(scope)
    postgres.run("CREATE TABLE audit (id int)", connection.database, connection.owner)
    revoke = f'REVOKE DELETE, UPDATE ON audit FROM "{connection.runtime.username}"'
    postgres.run(revoke, connection.database, connection.owner)
    said = postgres.statements()
    await reconcile_database(scope, wanted(connection, part.id))
    assert postgres.statements() == said


async def test_a_deleted_secret_comes_back_with_a_password_that_works(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    part, old = await made(scope)
    said = postgres.statements()
    waiting, fresh = await reconcile_database(scope, wanted(None, part.id))
    assert fresh
    assert waiting.state is State.PROGRESSING
    assert fresh.runtime.password != old.runtime.password
    # a crash here, before the Secret is written, leaves the old password in force
    assert postgres.statements() == said
    postgres.run("SELECT 1", old.database, old.runtime)
    renewed, _ = await reconcile_database(scope, wanted(fresh, part.id))
    assert [event.reason for event in renewed.events] == [Reason.PASSWORD_RENEWED]
    postgres.run("SELECT 1", fresh.database, fresh.runtime)
    postgres.run("SELECT 1", fresh.database, fresh.owner)


async def test_a_crash_after_create_database_is_taken_up(scope: ServerScope, postgres: PostgresServer) -> None:
    _, connection = await made(scope)
    postgres.run(comment(connection))
    part, _ = await reconcile_database(scope, wanted(connection))
    assert part.state is State.READY


@pytest.mark.parametrize(
    "foreign",
    [
        'ALTER DATABASE "{db}" OWNER TO postgres',
        'COMMENT ON ROLE "{owner}" IS NULL',
        "COMMENT ON ROLE \"{app}\" IS 'kept by hand'",
    ],
)
async def test_a_foreign_namesake_is_left_alone_for_ever(
    scope: ServerScope, postgres: PostgresServer, foreign: str
) -> None:
    _, connection = await made(scope)
    roles = {"db": connection.database, "app": connection.runtime.username, "owner": connection.owner.username}
    postgres.run(foreign.format(**roles))
    said = postgres.statements()
    for logins in (None, connection):
        part, nothing = await reconcile_database(scope, wanted(logins))
        assert (part.state, part.reason, nothing) == (State.STALLED, Reason.CONFLICT, None)
        assert [event.type for event in part.events] == (["Warning"] if logins is None else [])
    left = await delete_database(scope, Removal("orders", "Delete"))
    assert (left.state, left.reason) == (State.RETAINED, Reason.CONFLICT)
    assert postgres.statements() == said
    other, _ = await reconcile_database(later(scope, "another"), wanted(connection))
    assert other.reason is Reason.CONFLICT


WORDS = ("'kept by hand'", "'[1]'", f"'{'[' * 5000}'")  # the last one is deeper than Python recurses


@pytest.mark.parametrize("text", [*WORDS, '\'{{"microservice-operator.dev/uid": "mine"}}\'', "NULL"])
async def test_the_comment_of_a_database_is_its_owners_and_decides_nothing(
    scope: ServerScope, postgres: PostgresServer, text: str
) -> None:
    part, connection = await made(scope)
    postgres.run(comment(connection, text.format()), connection.database, connection.owner)
    ready, _ = await reconcile_database(scope, wanted(connection, part.id))
    assert ready.state is State.READY
    said = postgres.statements()
    assert (await reconcile_database(scope, wanted(connection, part.id)))[0].state is State.READY
    assert postgres.statements() == said
    foreign = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{}'"
    [[left]] = postgres.run(foreign.format(connection.database))
    # words are the service's own, marks and nothing at all become ours
    assert (left == text.format().strip("'")) is (text in WORDS)
    gone = await delete_database(scope, Removal("orders", "Delete", {"Database": part.id}))
    assert gone.reason is Reason.DATABASE_DELETED


async def test_a_lost_database_is_never_made_again_in_silence(scope: ServerScope, postgres: PostgresServer) -> None:
    part, connection = await made(scope)
    postgres.run(f'DROP DATABASE "{connection.database}"')
    said = postgres.statements()
    lost, nothing = await reconcile_database(scope, wanted(connection, part.id))
    assert (lost.state, lost.reason, lost.id, nothing) == (State.STALLED, Reason.DATABASE_LOST, part.id, None)
    assert names.ANNOTATION_RECREATE in lost.message
    assert [event.type for event in lost.events] == ["Warning"]
    assert (await reconcile_database(scope, wanted(connection, part.id)))[0].events == ()
    assert postgres.statements() == said
    again, _ = await reconcile_database(scope, replace(wanted(connection, part.id), recreate=True))
    assert again.state is State.READY


async def test_retained_then_adopted_by_one_of_the_same_name(scope: ServerScope, postgres: PostgresServer) -> None:
    _, old = await made(scope)
    postgres.run("CREATE TABLE t AS SELECT 7 AS v", old.database, old.owner)
    left = await delete_database(scope, Removal("orders"))
    assert (left.state, [event.reason for event in left.events]) == (State.RETAINED, [Reason.DATABASE_RETAINED])
    assert (await delete_database(scope, Removal("orders"))).events == ()
    postgres.run("SELECT 1", old.database, old.runtime)
    adopter = later(scope, "later")
    # not its own yet: its deletion must not take it along
    assert (await delete_database(adopter, Removal("orders", "Delete"))).state is State.RETAINED
    _, new = await made(adopter)
    assert postgres.run("SELECT v FROM t", new.database, new.runtime) == [(7,)]
    part, _ = await reconcile_database(scope, wanted(old))
    assert part.reason is Reason.CONFLICT


async def test_retained_in_an_earlier_namespace_it_is_adopted_by_consent_only(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    first = replace(scope, owner=replace(scope.owner, namespace_uid="ns-1"))
    _, old = await made(first)
    postgres.run("CREATE TABLE t AS SELECT 7 AS v", old.database, old.owner)
    assert (await delete_database(first, Removal("orders"))).state is State.RETAINED
    adopter = later(scope, "later")
    adopter = replace(adopter, owner=replace(adopter.owner, namespace_uid="ns-2"))
    said = postgres.statements()
    part, nothing = await reconcile_database(adopter, wanted())
    assert (part.state, part.reason, nothing) == (State.STALLED, Reason.CONFLICT, None)
    assert f"add {adopter.owner.inheritance} to the Environment's annotation {names.ANNOTATION_ADOPT}" in part.message
    assert (await delete_database(adopter, Removal("orders", "Delete"))).state is State.RETAINED
    assert postgres.statements() == said
    _, new = await made(replace(adopter, owner=replace(adopter.owner, heir=True)))
    assert postgres.run("SELECT v FROM t", new.database, new.runtime) == [(7,)]


async def test_dropped_only_under_delete_even_while_in_use(scope: ServerScope, postgres: PostgresServer) -> None:
    part, connection = await made(scope)
    with psycopg.connect(
        host="127.0.0.1",
        port=postgres.port,
        dbname=connection.database,
        user=connection.runtime.username,
        password=connection.runtime.password,
        sslmode="disable",
    ):
        gone = await delete_database(scope, Removal("orders", "Delete", {"Database": part.id}))
    assert (gone.state, gone.reason) == (State.READY, Reason.DATABASE_DELETED)
    assert [event.reason for event in gone.events] == [Reason.DATABASE_DELETED]
    left = f"SELECT 1 FROM pg_roles WHERE rolname LIKE '{connection.database}%'"
    assert postgres.run(left) == []
    again = await delete_database(scope, Removal("orders", "Delete"))
    assert (again.state, again.events) == (State.READY, ())


async def test_an_extension_that_gives_power_is_refused_by_its_field(scope: ServerScope) -> None:
    _, connection = await made(scope)
    for name in ("dblink", "no-such-thing"):
        part, nothing = await reconcile_database(scope, wanted(connection, extensions=[name]))
        assert (part.state, part.reason, nothing) == (State.STALLED, Reason.REJECTED, None)
        assert part.field == "spec.databases.extensions"
        assert name in part.message


async def test_an_admin_that_is_no_superuser_will_do(scope: ServerScope, postgres: PostgresServer) -> None:
    postgres.run("CREATE ROLE admin LOGIN CREATEROLE CREATEDB PASSWORD 'admin-password'")
    scope = replace(scope, server=replace(scope.server, admin=Login("admin", "admin-password")))
    part, connection = await made(scope, extensions=["pg_trgm"])
    said = postgres.statements()
    again, _ = await reconcile_database(scope, wanted(connection, part.id, extensions=["pg_trgm"]))
    assert again.state is State.READY
    assert postgres.statements() == said
    postgres.run(f"ALTER ROLE \"{connection.runtime.username}\" PASSWORD 'another'")
    await reconcile_database(scope, wanted(connection, part.id))
    postgres.run("SELECT 1", connection.database, connection.runtime)
    gone = await delete_database(scope, Removal("orders", "Delete", {"Database": part.id}))
    assert gone.reason is Reason.DATABASE_DELETED, gone


async def test_no_password_is_ever_shown(
    scope: ServerScope, postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    part, connection = await made(scope)
    secret = {connection.runtime.password, connection.owner.password, postgres.password}
    everywhere = f"{part!r} {connection!r} {wanted(connection)!r} {scope!r} {caplog.text} {postgres.log.read_text()}"
    assert not [word for word in secret if word in everywhere]
