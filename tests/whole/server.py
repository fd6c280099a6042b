"""One PostgreSQL behind all instances: each has an admin login of the same name, and only the last one's password."""

from tests.aws.rds_processes import ADMIN
from tests.postgres.server import PostgresServer


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
