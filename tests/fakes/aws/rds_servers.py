"""Runs real PostgreSQL behind the strict layer's instances, with TLS, a CA and an admin as in RDS."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.aws.rds_processes import ADMIN
from tests.postgres.server import PostgresServer, TlsFront


@dataclass
class RealServers:
    """Creates a server when an instance first exists; `strict.servers` calls it."""

    folder: Path
    opened: dict[str, tuple[PostgresServer, TlsFront]] = field(default_factory=dict)

    def __call__(self, name: str, admin: str, password: str) -> tuple[str, int]:
        server = PostgresServer()
        for statement in ADMIN.format(name=admin, password=password).strip().split(";\n"):
            server.run(statement)
        front = TlsFront(self.folder / "server.crt", self.folder / "server.key", server.port)
        self.opened[name] = (server, front)
        return "localhost", front.port

    @property
    def bundle(self) -> str:
        return (self.folder / "ca.crt").read_text()

    def stop(self) -> None:
        for server, front in self.opened.values():
            front.stop()
            server.stop()
