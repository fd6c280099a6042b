"""One PostgreSQL behind all RDS instances. Their admin logins share a name; only the last password is valid."""

from pathlib import Path

from microservice_operator.aws.rds.requests import MASTER
from tests.fakes.aws.rds_processes import ADMIN
from tests.postgres.server import PostgresServer


def trust_admins(server: PostgresServer) -> None:
    """Any password is right for the admin of an instance: it is one role for many instances."""
    ((file,),) = server.run("SHOW hba_file")
    path = Path(file)
    path.write_text(f"host all {MASTER} 127.0.0.1/32 trust\n{path.read_text()}")
    server.run("SELECT pg_reload_conf()")


class OneServer:
    """What an instance answers on from its first moment; to make a server for each takes seconds."""

    def __init__(self, server: PostgresServer, port: int) -> None:
        """Answer on a server that speaks TLS at a port."""
        self._server = server
        self._port = port
        self._made = False

    def __call__(self, name: str, admin: str, password: str) -> tuple[str, int]:  # noqa: ARG002 it is one for all
        """Where an instance answers."""
        if self._made:
            self._server.run(f"ALTER ROLE {admin} PASSWORD '{password}'")
        else:
            for statement in ADMIN.format(name=admin, password=password).strip().split(";\n"):
                self._server.run(statement)
        self._made = True
        return "localhost", self._port

    def copy(self, name: str) -> None:
        """Nothing: the data of all instances stays on the one server."""

    def restore(self, name: str, data: None) -> tuple[str, int]:  # noqa: ARG002 it is one for all
        """Where a restored instance answers, with the data as it is."""
        return "localhost", self._port

    def renew(self, name: str, admin: str, password: str) -> None:
        """As for a new instance."""
        self(name, admin, password)
