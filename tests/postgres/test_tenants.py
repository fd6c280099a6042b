"""A tenant of a shared server gains no rights through objects in its database, as owner or as runtime role.

The tests run on the oldest and the newest PostgreSQL that a spec may request, with a superuser admin and with an
RDS-like admin. `POSTGRES_MAJORS` selects other versions.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any, Literal

import psycopg
import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.facts import Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.postgres.deletion import delete_database
from microservice_operator.postgres.reconcile import reconcile_database
from microservice_operator.resources import Removal
from tests.postgres import hostile
from tests.postgres.making import made, wanted
from tests.postgres.tenants import Tenant, looks, plant, powers

EXTENSIONS = ["citext", "hstore", "pg_trgm"]


async def test_nothing_that_a_tenant_plants_runs_as_somebody_else(tenant: Tenant) -> None:
    owner, runtime = tenant.logins
    before = powers(tenant.server)
    assert plant(tenant, owner, tenant.connection.database) > 900
    tenant.says("ALTER DATABASE {db} SET search_path = public, pg_catalog".replace("{db}", tenant.connection.database))
    assert plant(tenant, runtime, tenant.connection.database) == 0
    for database in ("postgres", "template1"):
        for login in tenant.logins:
            with suppress(psycopg.OperationalError):
                plant(tenant, login, database)
    drifts = [
        "SELECT 1",
        "ALTER ROLE \"{owner}\" PASSWORD 'another'",
        "ALTER ROLE \"{app}\" PASSWORD 'another'",
        'REVOKE ALL ON DATABASE "{db}" FROM "{app}"',
        'REVOKE ALL ON DATABASE "{db}" FROM "{owner}"',
        'GRANT CREATE ON SCHEMA public TO PUBLIC, "{app}"',
        'REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{app}"',
        'REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM "{app}"',
        'ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public REVOKE ALL ON TABLES FROM "{app}"',
        "COMMENT ON DATABASE \"{db}\" IS 'mine'",
        'COMMENT ON DATABASE "{db}" IS NULL',
    ]
    for drift in drifts:
        tenant.admin_says(drift)
        part = await tenant.reconcile()
        assert powers(tenant.server) == before, drift
        assert part.state is State.READY, (drift, part)
    for extension in EXTENSIONS:
        part = await tenant.reconcile(extensions=[extension])
        assert powers(tenant.server) == before, extension
        assert part.state is State.READY, (extension, part)
    assert_ran_as_itself(tenant)
    for database in ("postgres", "template1"):
        looks(tenant.server, tenant.named('DROP OWNED BY "{owner}", "{app}" CASCADE'), database)


async def test_no_setting_of_a_database_or_role_turns_a_session(tenant: Tenant) -> None:
    before = powers(tenant.server)
    plant(tenant, tenant.connection.owner, tenant.connection.database)
    where = ['DATABASE "{db}"', 'ROLE "{owner}"', 'ROLE "{app}"', 'ROLE "{owner}" IN DATABASE "{db}"']
    for setting in hostile.SETTINGS:
        for each, login in product(where, tenant.logins):
            with suppress(psycopg.Error):
                tenant.says(tenant.named(f"ALTER {each} SET {setting}"), login)
        tenant.admin_says('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{app}"')
        held = await tenant.reconcile()
        # the owner has made its own login read-only: the reconciliation reports that and grants nothing
        own = setting.startswith("default_transaction_read_only")
        assert held.state is (State.PROGRESSING if own else State.READY), (setting, held)
        for each in where:
            tenant.admin_says(f"ALTER {each} RESET ALL")
        assert (await tenant.reconcile()).state is State.READY
    assert powers(tenant.server) == before
    assert_ran_as_itself(tenant)


def assert_ran_as_itself(tenant: Tenant) -> None:
    names = {login.username for login in tenant.logins}
    assert {name for pair in tenant.ran() for name in pair} <= names


CHANGES = [  # made by the tenant before each statement of the operator's
    "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    "ALTER SCHEMA public RENAME TO former; CREATE SCHEMA public",
    "DROP TABLE IF EXISTS t, u CASCADE; CREATE TABLE t (id serial); CREATE VIEW u AS SELECT * FROM t",
    "ALTER TABLE IF EXISTS t RENAME TO u; CREATE TABLE t (id serial)",
    "DROP EXTENSION IF EXISTS citext",
    'ALTER DATABASE "{db}" RENAME TO another; ALTER DATABASE "{db}" OWNER TO "{app}"',
    'ALTER ROLE "{owner}" RENAME TO another; ALTER ROLE "{owner}" PASSWORD \'another\'',
    'REVOKE "{owner}" FROM "{admin}"; REVOKE CONNECT ON DATABASE "{db}" FROM "{owner}", "{app}"',
]


@contextmanager
def between_statements(change: Callable[[], None]) -> Iterator[None]:
    execute = psycopg.AsyncConnection.execute

    async def raced(connection: Any, query: Any, *rest: Any, **options: Any) -> Any:
        change()
        return await execute(connection, query, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.AsyncConnection, "execute", raced)
        yield


async def test_nothing_that_a_tenant_changes_meanwhile_gains(tenant: Tenant) -> None:
    before = powers(tenant.server)

    def change(statements: str) -> None:
        for statement in tenant.named(statements).split("; "):
            with suppress(psycopg.Error):
                tenant.says(f"SET lock_timeout = '100ms'; {statement}")

    for statements in CHANGES:
        tenant.admin_says('REVOKE ALL ON SCHEMA public FROM "{app}"')
        with between_statements(partial(change, statements)):
            part = await tenant.reconcile(extensions=["citext"])
        assert part.state in (State.READY, State.PROGRESSING, State.UNKNOWN), (statements, part)
        again = await tenant.reconcile(extensions=["citext"])
        assert again.state is State.READY, (statements, again)
        assert powers(tenant.server) == before


async def test_no_tenant_reaches_the_database_of_the_next_one(tenant: Tenant) -> None:
    """Before PostgreSQL 15 every role may create objects in template1, and CREATE DATABASE copies it."""
    plant(tenant, tenant.connection.owner, "template1")
    identity = Identity("tenants", f"next-to-{tenant.scope.owner.identity.name}", "uid-next")
    next_one = replace(tenant.scope, owner=Owner("cluster", identity))
    if tenant.server.major < 15 and tenant.admin == "master":
        _, fresh = await reconcile_database(next_one, wanted())
        part, nothing = await reconcile_database(next_one, wanted(fresh))
        assert (part.state, part.reason, nothing) == (State.STALLED, Reason.CONFLICT, None)
        assert tenant.connection.owner.username in part.message
        looks(tenant.server, tenant.named('DROP OWNED BY "{owner}" CASCADE'), "template1")
        part, _ = await reconcile_database(next_one, wanted(fresh))
        assert part.state is State.READY
    else:
        with psycopg.connect(**tenant.server.parameters(tenant.connection.owner, "template1")):  # and stays
            _, fresh = await made(next_one)
        looks(tenant.server, tenant.named('DROP OWNED BY "{owner}" CASCADE'), "template1")
    assert fresh
    found = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    assert looks(tenant.server, found, fresh.database) == []
    await delete_database(next_one, Removal("orders", "Delete"))


OBSTACLES = [
    "COMMENT ON DATABASE \"{db}\" IS 'mine'",
    'ALTER DATABASE "{db}" IS_TEMPLATE true',
    'ALTER DATABASE "{db}" CONNECTION LIMIT 0',
    'ALTER DATABASE "{db}" ALLOW_CONNECTIONS false',
    'REVOKE "{owner}" FROM "{admin}"',  # up to PostgreSQL 15 a role may
    'REVOKE ALL ON DATABASE "{db}" FROM "{owner}", "{app}"',
]


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
async def test_a_tenant_cannot_keep_its_database_from_going(
    tenant: Tenant, policy: Literal["Retain", "Delete"]
) -> None:
    for obstacle in OBSTACLES:
        with suppress(psycopg.Error):
            tenant.says(tenant.named(obstacle), database="postgres")
    session = psycopg.connect(**tenant.server.parameters(tenant.connection.owner))
    with closing(session):
        session.execute(tenant.named("COMMENT ON DATABASE \"{db}\" IS 'held'").encode())  # locks it, and stays
        left = await delete_database(tenant.scope, Removal("orders", policy, {"Database": tenant.part.id}))
    assert left.reason is (Reason.DATABASE_DELETED if policy == "Delete" else Reason.DATABASE_RETAINED), left
    names = tuple(login.username for login in tenant.logins)
    there = looks(tenant.server, f"SELECT rolname FROM pg_roles WHERE rolname IN {names}")
    assert len(there) == (0 if policy == "Delete" else 2)


async def test_what_a_role_owns_elsewhere_is_named(tenant: Tenant) -> None:
    [[large]] = tenant.says("SELECT lo_create(0)", database="postgres")
    stuck = await delete_database(tenant.scope, Removal("orders", "Delete", {"Database": tenant.part.id}))
    assert (stuck.state, stuck.reason) == (State.STALLED, Reason.DELETING)
    assert tenant.named('"{owner}" cannot be dropped') in stuck.message
    assert tenant.named('DROP OWNED BY "{app}", "{owner}", which deletes') in stuck.message
    looks(tenant.server, tenant.named('DROP OWNED BY "{owner}"'))
    gone = await delete_database(tenant.scope, Removal("orders", "Delete", {"Database": tenant.part.id}))
    assert gone.reason is Reason.DATABASE_DELETED, (large, gone)
