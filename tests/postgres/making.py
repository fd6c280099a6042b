"""Creates databases in the same way as a reconciliation."""

from microservice_operator.api.stores import Database
from microservice_operator.database_connection import Connection, Login
from microservice_operator.facts import Part, State
from microservice_operator.postgres.models import DesiredDatabase, KnownLogins, ServerScope
from microservice_operator.postgres.reconcile import reconcile_database
from tests.fakes.aws.rds_processes import ADMIN
from tests.postgres.server import PostgresServer


def wanted(connection: Connection | None = None, known_id: str = "", **spec: object) -> DesiredDatabase:
    logins = KnownLogins(connection.runtime, connection.owner) if connection else KnownLogins()
    spec = {"name": "orders", **spec}
    return DesiredDatabase(
        Database.model_validate(spec), known={"Database": known_id}, field="spec.databases", logins=logins
    )


async def made(scope: ServerScope, **spec: object) -> tuple[Part, Connection]:
    """The first reconciliation returns the content of the Secret, the next one sets the passwords."""
    part, fresh = await reconcile_database(scope, wanted(**spec))  # type: ignore[arg-type]
    assert (part.state, part.after) == (State.PROGRESSING, 0.0), part
    assert fresh
    part, connection = await reconcile_database(scope, wanted(fresh, **spec))  # type: ignore[arg-type]
    assert part.state is State.READY, part
    assert connection == fresh
    return part, fresh


def master(server: PostgresServer) -> Login:
    """An admin as RDS has it; before PostgreSQL 15 it owns the schema public of template1."""
    login = Login("master", "master-password")
    if not server.run("SELECT 1 FROM pg_roles WHERE rolname = 'master'"):
        for statement in ADMIN.format(name=login.username, password=login.password).strip().split(";\n"):
            server.run(statement)
        if server.major < 15:
            server.run("ALTER SCHEMA public OWNER TO master", "template1")
    return login
