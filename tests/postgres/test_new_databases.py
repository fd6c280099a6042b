"""Nobody else enters a database between its creation and the revocation of the rights that every role has at first.

Each database is new, so another role of the server tries the whole time: the name of a database is no secret.
"""

from contextlib import ExitStack, closing
from dataclasses import replace

import psycopg
import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.facts import State
from microservice_operator.ownership import Owner
from microservice_operator.postgres.deletion import delete_database
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.observe import Names
from microservice_operator.postgres.reconcile import reconcile_database
from microservice_operator.resources import Removal
from tests.postgres.making import made, wanted
from tests.postgres.server import PostgresServer
from tests.postgres.tenants import Tenant, looks
from tests.postgres.test_crashes import Crash, Sweep, dying
from tests.postgres.test_tenants import between_statements

PLANT = """
CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE plpgsql
AS $$BEGIN RETURN 'code of another tenant as ' || current_user; END$$
"""
INTERRUPTED = 'COMMENT ON DATABASE "{db}" IS NULL; GRANT CONNECT, TEMPORARY ON DATABASE "{db}" TO PUBLIC'


def neighbour(tenant: Tenant) -> ServerScope:
    name = f"next-to-{tenant.scope.owner.identity.name}"
    return replace(tenant.scope, owner=Owner("cluster", Identity("tenants", name, f"uid-{name}")))


async def test_nobody_else_enters_a_new_database(tenant: Tenant) -> None:
    victim = neighbour(tenant)
    name, tried = Names.of(victim.owner, "orders").database, list[str]()

    def enter() -> None:
        try:
            with psycopg.connect(**tenant.server.parameters(tenant.connection.owner, name), autocommit=True) as session:
                tried.append("entered")
                session.execute(PLANT.encode())
        except psycopg.Error as error:
            tried.append(str(error))

    with between_statements(enter):
        _, connection = await made(victim)
    assert any("not currently accepting connections" in each for each in tried)
    assert "permission denied for database" in tried[-1]
    assert "entered" not in tried
    lower = tenant.server.run("SELECT lower('Name'::varchar)", connection.database, connection.owner)
    assert lower == [("name",)]


async def test_who_entered_one_of_an_earlier_version_is_put_out(tenant: Tenant) -> None:
    """Up to 0.1.0 a crash left a new database open to everybody. Who may still connect afterwards, stays."""
    victim = neighbour(tenant)
    part, connection = await made(victim)
    looks(tenant.server, INTERRUPTED.format(db=connection.database))
    reader = tenant.connection.runtime
    looks(tenant.server, f'GRANT CONNECT ON DATABASE "{connection.database}" TO "{reader.username}"')
    with ExitStack() as held:
        intruder, *others = [
            held.enter_context(
                closing(psycopg.connect(**tenant.server.parameters(login, connection.database), autocommit=True))
            )
            for login in (tenant.connection.owner, reader, connection.owner, connection.runtime, None)
        ]
        elsewhere = psycopg.connect(**tenant.server.parameters(tenant.connection.owner), autocommit=True)
        held.enter_context(closing(elsewhere))
        again, _ = await reconcile_database(victim, wanted(connection, part.id))
        assert again.state is State.READY, again
        for session in (*others, elsewhere):
            session.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError):
            intruder.execute(PLANT.encode())
    settled, _ = await reconcile_database(victim, wanted(connection, part.id))
    assert (settled.state, settled.events) == (State.READY, ())


async def test_one_that_was_retained_half_made_is_completed_by_its_next_owner(
    scope: ServerScope, postgres: PostgresServer
) -> None:
    _, connection = await reconcile_database(scope, wanted())
    assert connection
    with dying(Sweep(at=0)), pytest.raises(Crash):
        await reconcile_database(scope, wanted(connection))
    counted = Sweep()
    with dying(counted):
        await reconcile_database(scope, wanted(connection))
    for at in range(counted.said):
        there = replace(scope, owner=Owner(f"{at}", scope.owner.identity))
        _, connection = await reconcile_database(there, wanted())
        assert connection
        with dying(Sweep(at, "after")), pytest.raises(Crash):
            await reconcile_database(there, wanted(connection))
        await delete_database(there, Removal("orders"))
        later = replace(there, owner=replace(there.owner, identity=replace(there.owner.identity, uid="later")))
        _, connection = await made(later)
        postgres.run("SELECT 1", connection.database, connection.runtime)
        await delete_database(later, Removal("orders", "Delete"))
