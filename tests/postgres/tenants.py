"""A tenant of a server: its statements, the roles that ran its code, and the rights of every role afterwards."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from microservice_operator.database_connection import Connection, Login
from microservice_operator.facts import Part
from microservice_operator.postgres.models import ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from tests.postgres import hostile
from tests.postgres.making import wanted
from tests.postgres.server import PostgresServer


@dataclass(frozen=True)
class Tenant:
    """One tenant's logins, the operator's scope, and a superuser that reads the server."""

    server: PostgresServer
    scope: ServerScope
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
        admin = self.scope.server.admin
        assert isinstance(admin, Login)
        return admin.username

    async def reconcile(self, **spec: object) -> Part:
        part, _ = await reconcile_database(self.scope, wanted(self.connection, self.part.id, **spec))
        return part

    def admin_says(self, statement: str) -> None:
        looks(self.server, self.named(statement), self.connection.database)

    def ran(self) -> set[tuple[str, str]]:
        """The users that ran the tenant's code: current and session user."""
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
