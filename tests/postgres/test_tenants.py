"""A tenant of a shared server gains nothing by what it puts into its database, as owner or as runtime role.

On the oldest and the newest PostgreSQL that a spec may ask for, with an admin that is a superuser and with one as RDS
has it; `POSTGRES_MAJORS` names others.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any, Literal

import psycopg
import pytest

from microservice_operator.api.objects import Identity
from microservice_operator.connections import Connection, Login
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.postgres import LeavingDatabase, Place, delete_database, reconcile_database
from tests.postgres import hostile
from tests.postgres.conftest import made, wanted
from tests.postgres.server import PostgresServer

EXTENSIONS = ["citext", "hstore", "pg_trgm"]
_numbers = count()


@dataclass(frozen=True)
class Tenant:
    """One tenant's logins, the operator's view of the same, and the superuser who looks at both."""

    server: PostgresServer
    place: Place
    connection: Connection
    part: Part

    @property
    def logins(self) -> tuple[Login, Login]:
        return self.connection.owner, self.connection.runtime

    def says(self, statement: str, login: Login | None = None, database: str = "") -> list[Any]:
        """As the tenant; None if PostgreSQL refuses."""
        return self.server.run(statement, database or self.connection.database, login or self.connection.owner)

    def named(self, text: str) -> str:
        roles = {"owner": self.connection.owner.username, "app": self.connection.runtime.username}
        return text.format(db=self.connection.database, admin=self.admin, **roles)

    @property
    def admin(self) -> str:
        admin = self.place.server.admin
        assert isinstance(admin, Login)
        return admin.username

    async def passes(self, **spec: object) -> Part:
        part, _ = await reconcile_database(self.place, wanted(self.connection, self.part.id, **spec))
        return part

    def admin_says(self, statement: str) -> None:
        looks(self.server, self.named(statement), self.connection.database)

    def ran(self) -> set[tuple[str, str]]:
        """As whom the tenant's code has run: current and session user."""
        found: set[tuple[str, str]] = set()
        for database in (self.connection.database, "postgres", "template1"):
            tables = (
                "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'ran'"
            )
            for (schema,) in looks(self.server, tables, database):
                found |= set(looks(self.server, f"SELECT who, really FROM {schema}.ran", database))
        return found


def looks(server: PostgresServer, statement: str, database: str = "postgres") -> list[Any]:
    """As superuser, who must not fall for it either."""
    options = "-c search_path=pg_catalog -c role=none -c default_transaction_read_only=off -c local_preload_libraries="
    parameters = {**server.parameters(None, database), "options": f"{options} -c statement_timeout=0 -c lock_timeout=0"}
    with psycopg.connect(**parameters, autocommit=True) as session:
        cursor = session.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def powers(server: PostgresServer) -> dict[str, list[Any]]:
    """Everything by which one role may do more than another."""
    queries = {
        "roles": "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles",
        "members": "SELECT roleid::regrole::text, member::regrole::text, admin_option FROM pg_auth_members",
        "databases": "SELECT datname, datdba::regrole::text FROM pg_database",
        "grants": "SELECT datname, grantee::regrole::text, privilege_type, is_grantable FROM pg_database, "
        "aclexplode(coalesce(datacl, acldefault('d', datdba)))",
        "languages": "SELECT lanname, lanowner::regrole::text FROM pg_language",
    }
    return {what: sorted(looks(server, query)) for what, query in queries.items()}


@pytest.fixture
async def tenant(operator: Place, any_major: PostgresServer) -> Tenant:
    part, connection = await made(operator)
    return Tenant(any_major, operator, connection, part)


def plant(tenant: Tenant, login: Login, database: str, schema: str = "public") -> int:
    """As much of it as PostgreSQL lets this login make there, and how much that is."""
    statements = [
        hostile.gain(schema, [each.username for each in tenant.logins], tenant.admin),
        *hostile.shadows(schema),
    ]
    planted = 0
    with psycopg.connect(**tenant.server.parameters(login, database), autocommit=True) as session:
        try:
            session.execute(";".join(statements).encode())
            planted = len(statements)
        except psycopg.ProgrammingError:
            for statement in statements:
                with suppress(psycopg.ProgrammingError):
                    session.execute(statement.encode())
                    planted += "CREATE" in statement
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(hostile.EVENT_TRIGGER.format(schema=schema).encode())
    return planted


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
        part = await tenant.passes()
        assert powers(tenant.server) == before, drift
        assert part.state is State.READY, (drift, part)
    for extension in EXTENSIONS:
        part = await tenant.passes(extensions=[extension])
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
        held = await tenant.passes()
        # its owner keeps its own login from writing: the pass says so, and gives nothing
        own = setting.startswith("default_transaction_read_only")
        assert held.state is (State.PROGRESSING if own else State.READY), (setting, held)
        for each in where:
            tenant.admin_says(f"ALTER {each} RESET ALL")
        assert (await tenant.passes()).state is State.READY
    assert powers(tenant.server) == before
    assert_ran_as_itself(tenant)


def assert_ran_as_itself(tenant: Tenant) -> None:
    names = {login.username for login in tenant.logins}
    assert {name for pair in tenant.ran() for name in pair} <= names


async def test_no_tenant_reaches_the_database_of_the_next_one(tenant: Tenant) -> None:
    """Before PostgreSQL 15 every role may create in template1, of which CREATE DATABASE makes a copy."""
    plant(tenant, tenant.connection.owner, "template1")
    next_one = replace(tenant.place, owner=Owner("cluster", Identity("tenants", f"next-{next(_numbers)}", "uid-next")))
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
    await delete_database(next_one, LeavingDatabase("orders", "Delete"))


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
    left = await delete_database(tenant.place, LeavingDatabase("orders", policy, tenant.part.id))
    assert left.reason is (Reason.DATABASE_DELETED if policy == "Delete" else Reason.DATABASE_RETAINED), left
    names = tuple(login.username for login in tenant.logins)
    there = looks(tenant.server, f"SELECT rolname FROM pg_roles WHERE rolname IN {names}")
    assert len(there) == (0 if policy == "Delete" else 2)


async def test_what_a_role_owns_elsewhere_is_named(tenant: Tenant) -> None:
    [[large]] = tenant.says("SELECT lo_create(0)", database="postgres")
    stuck = await delete_database(tenant.place, LeavingDatabase("orders", "Delete", tenant.part.id))
    assert (stuck.state, stuck.reason) == (State.STALLED, Reason.DELETING)
    assert "DROP OWNED BY" in stuck.message
    looks(tenant.server, tenant.named('DROP OWNED BY "{owner}"'))
    gone = await delete_database(tenant.place, LeavingDatabase("orders", "Delete", tenant.part.id))
    assert gone.reason is Reason.DATABASE_DELETED, (large, gone)
