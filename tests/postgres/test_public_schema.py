"""The schema `public` in every version: the runtime role cannot create in it, and rights of others stay."""

from dataclasses import replace

import psycopg
import pytest

from microservice_operator.database_connection import Connection, Login
from microservice_operator.facts import Reason, State
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer

# what pg_upgrade brings along from PostgreSQL 14 and before
UPGRADED = 'ALTER SCHEMA public OWNER TO "{former}"; GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC'


async def settles(scope: ServerScope, server: PostgresServer, connection: Connection) -> None:
    """Ready immediately; a second reconciliation sends no Event."""
    part, _ = await reconcile_database(scope, wanted(connection))
    assert part.state is State.READY, part
    said = server.statements()
    assert (await reconcile_database(scope, wanted(connection)))[0].state is State.READY
    assert server.statements() == said


def assert_shut(server: PostgresServer, connection: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.run("CREATE TABLE public.r (id int)", connection.database, connection.runtime)
    server.run("CREATE TABLE public.t (id serial)", connection.database, connection.owner)
    server.run("INSERT INTO public.t DEFAULT VALUES", connection.database, connection.runtime)


async def test_a_new_database(operator: ServerScope, any_major: PostgresServer) -> None:
    _, connection = await made(operator)
    await settles(operator, any_major, connection)
    assert_shut(any_major, connection)


async def test_one_of_before_an_upgrade(operator: ServerScope, any_major: PostgresServer) -> None:
    admin = operator.server.admin
    assert isinstance(admin, Login)
    _, connection = await made(operator)
    name, owner = connection.database, connection.owner
    any_major.run(UPGRADED.format(former=admin.username), name)
    others = """
    DROP ROLE IF EXISTS reader;
    CREATE ROLE reader;
    GRANT USAGE ON SCHEMA public TO reader;
    CREATE SCHEMA other;
    GRANT CREATE ON SCHEMA other TO PUBLIC;
    """
    any_major.run(others, name)
    grants = (
        "SELECT nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace WHERE nspname <> 'public' ORDER BY 1"
    )
    before = any_major.run(grants, name)
    any_major.run("CREATE TABLE public.planted (id int)", name, connection.runtime)
    await settles(operator, any_major, connection)
    assert_shut(any_major, connection)
    assert any_major.run(grants, name) == before
    assert any_major.run("SELECT has_schema_privilege('reader', 'public', 'USAGE')", name) == [(True,)]
    any_major.run("DROP TABLE public.planted", name, owner)  # whose schema it is may
    any_major.run("DROP OWNED BY reader; DROP ROLE reader", name)


async def test_an_admin_without_the_permission_gets_the_statement_to_run(
    scope: ServerScope, any_major: PostgresServer
) -> None:
    any_major.run("CREATE ROLE plain LOGIN CREATEROLE CREATEDB PASSWORD 'plain-password'")
    scope = replace(scope, server=replace(any_major.server, admin=Login("plain", "plain-password")))
    _, connection = await reconcile_database(scope, wanted())
    assert connection
    if any_major.major >= 15:
        await settles(scope, any_major, connection)
        any_major.run(UPGRADED.format(former="postgres"), connection.database)
    part, nothing = await reconcile_database(scope, wanted(connection))
    assert (part.state, part.reason, nothing) == (State.STALLED, Reason.FORBIDDEN, None)
    said = any_major.statements()
    await reconcile_database(scope, wanted(connection))
    assert any_major.statements() == [*said, said[-1]], "but for the statement that it may not say"
    any_major.run(part.message.rpartition("or as a superuser: ")[2], connection.database)
    await settles(scope, any_major, connection)
    assert_shut(any_major, connection)


async def test_one_that_a_person_gave_to_another_role_stays_that_roles(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    _, connection = await made(scope)
    postgres.run("CREATE ROLE keeper; ALTER SCHEMA public OWNER TO keeper", connection.database)
    await settles(scope, postgres, connection)
    postgres.run(f'REVOKE USAGE ON SCHEMA public FROM "{connection.runtime.username}"', connection.database)
    part, _ = await reconcile_database(scope, wanted(connection))
    assert (part.state, part.reason) == (State.STALLED, Reason.FORBIDDEN)
    assert "belongs to role keeper" in part.message
    owner = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
    assert postgres.run(owner, connection.database) == [("keeper",)]


async def test_what_another_role_granted_stays(scope: ServerScope, postgres: PostgresServer) -> None:
    _, connection = await made(scope)
    name, runtime = connection.database, connection.runtime.username
    postgres.run("CREATE ROLE granter", name)
    postgres.run("GRANT CREATE ON SCHEMA public TO granter WITH GRANT OPTION", name, connection.owner)
    postgres.run(f'SET ROLE granter; GRANT CREATE ON SCHEMA public TO "{runtime}", PUBLIC', name)
    await settles(scope, postgres, connection)
    assert postgres.run(f"SELECT has_schema_privilege('{runtime}', 'public', 'CREATE')", name) == [(True,)]


async def test_without_public_there_is_nothing_to_say_and_no_room_for_an_extension(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    _, connection = await made(scope)
    postgres.run("DROP SCHEMA public; CREATE SCHEMA app", connection.database, connection.owner)
    await settles(scope, postgres, connection)
    part, nothing = await reconcile_database(scope, wanted(connection, extensions=["citext"]))
    assert (part.state, part.reason, nothing) == (State.STALLED, Reason.REJECTED, None)
    assert (part.field, "no schema public" in part.message) == ("spec.databases.extensions", True)


async def test_an_extension_is_created_in_the_search_path_of_services(
    operator: ServerScope, any_major: PostgresServer
) -> None:
    _, connection = await made(operator, extensions=["citext"])
    found = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'citext'"
    assert any_major.run(found, connection.database) == [("public",)]
    assert any_major.run("SELECT 'A'::citext = 'a'::citext", connection.database, connection.runtime) == [(True,)]
