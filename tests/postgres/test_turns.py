"""What one tenant does in its databases costs the others of the server nothing."""

import asyncio
from contextlib import ExitStack, closing
from dataclasses import replace

import psycopg
import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.errors import NotYet
from microservice_operator.facts import Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.postgres import sessions
from microservice_operator.postgres.errors import classify_error, is_transient
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer

VIEWS = """
DO $$BEGIN
  FOR number IN {first}..{last} LOOP
    EXECUTE format('CREATE VIEW %I AS SELECT 1 AS a', repeat('v', 50) || number);
    EXECUTE format('CREATE SEQUENCE %I', repeat('s', 50) || number);
  END LOOP;
END$$
"""


async def test_a_namespace_that_holds_locks_leaves_turns_for_another(
    scope: ServerScope, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_QUEUE_SECONDS", 1)
    part, connection = await made(scope)
    hostile = [
        replace(scope, owner=Owner("cluster", Identity("hostile", f"order-{number}", f"uid-{number}")))
        for number in range(6)
    ]
    known = [await made(each) for each in hostile]
    with ExitStack() as held:
        for _, theirs in known:
            session = psycopg.connect(**postgres.parameters(theirs.owner, theirs.database))
            held.enter_context(closing(session))
            revoke = f'REVOKE USAGE ON SCHEMA public FROM "{theirs.runtime.username}"'
            session.execute(revoke.encode())
            session.commit()
            session.execute(f'GRANT CREATE ON SCHEMA public TO "{theirs.runtime.username}"'.encode())  # locks the row
        storm = asyncio.gather(
            *(
                reconcile_database(each, wanted(theirs, its_part.id))
                for each, (its_part, theirs) in zip(hostile, known, strict=True)
            )
        )
        await asyncio.sleep(0.5)
        assert not storm.done()
        again, _ = await reconcile_database(scope, wanted(connection, part.id))
        assert again.state is State.READY, again
        left = [part for part, _ in await storm]
    assert {each.reason for each in left} == {Reason.PROGRESSING}
    assert any("busy with other databases" in each.message for each in left)


async def test_a_role_gets_its_rights_on_very_many_tables(scope: ServerScope, postgres: PostgresServer) -> None:
    """PostgreSQL locks each of them until the end of the transaction, in a table of fixed size."""
    part, connection = await made(scope)
    default = "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON {} FROM " + f'"{connection.runtime.username}"'
    for kind in ("TABLES", "SEQUENCES"):
        postgres.run(default.format(kind), connection.database, connection.owner)
    for first in range(0, 8000, 1000):
        postgres.run(VIEWS.format(first=first, last=first + 999), connection.database, connection.owner)
    postgres.run("CREATE TABLE open (id serial)", connection.database, connection.owner)
    again, _ = await reconcile_database(scope, wanted(connection, part.id))
    assert again.state is State.READY, again
    closed = "SELECT count(*) FROM pg_class WHERE relkind = '{}' AND NOT has_table_privilege('{}', oid, 'SELECT')"
    for kind in "vS":
        found = closed.format(kind, connection.runtime.username) + " AND relnamespace = 'public'::regnamespace"
        assert postgres.run(found, connection.database) == [(0,)]
    said = postgres.statements()
    await reconcile_database(scope, wanted(connection, part.id))
    assert postgres.statements() == said


def test_a_server_without_resources_is_reported_as_such() -> None:
    error = psycopg.errors.lookup("53200")("out of shared memory")
    found = classify_error(error, "db:5432")
    assert isinstance(found, NotYet)
    assert str(found).startswith("PostgreSQL at db:5432 lacks resources: ")
    assert is_transient(error)
