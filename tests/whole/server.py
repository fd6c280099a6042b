"""One PostgreSQL behind all instances: each has an admin login of the same name, and only the last one's password."""

from pathlib import Path

from tests.aws.rds_processes import ADMIN
from tests.aws.rds_servers import certificates
from tests.postgres.server import PostgresServer, TlsFront


class OneServer:
    """What an instance answers on from its first moment; to make a server for each takes seconds."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        certificates(folder)
        self.bundle = (folder / "ca.crt").read_text()
        self.server = PostgresServer()
        self._front = TlsFront(folder / "server.crt", folder / "server.key", self.server.port)
        self._made = False

    def __call__(self, name: str, admin: str, password: str) -> tuple[str, int]:  # noqa: ARG002 it is one for all
        """Where an instance answers."""
        if self._made:
            self.server.run(f"ALTER ROLE {admin} PASSWORD '{password}'")
        else:
            for statement in ADMIN.format(name=admin, password=password).strip().split(";\n"):
                self.server.run(statement)
        self._made = True
        return "localhost", self._front.port

    def stop(self) -> None:
        """End it."""
        self._front.stop()
        self.server.stop()
