"""Runs real PostgreSQL behind the strict layer's instances, with TLS, a CA and an admin as in RDS."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.fakes.aws.rds_processes import ADMIN
from tests.postgres.server import PostgresServer, TlsFront

_numbers = count()


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

    def copy(self, name: str) -> tuple[Path, str]:
        """The files of an instance's server as they are, and the password of its superuser."""
        server, _ = self.opened[name]
        copy = self.folder / f"copy-{next(_numbers)}"
        server.save(copy)
        return copy, server.password

    def restore(self, name: str, data: tuple[Path, str]) -> tuple[str, int]:
        """A server with copied files, in place of one that is lost."""
        if name in self.opened:
            self._stop(name)
        server = PostgresServer(saved=data)
        front = TlsFront(self.folder / "server.crt", self.folder / "server.key", server.port)
        self.opened[name] = (server, front)
        return "localhost", front.port

    def renew(self, name: str, admin: str, password: str) -> None:
        """As RDS does when it begins to manage the password."""
        self.opened[name][0].run(f"ALTER ROLE {admin} PASSWORD '{password}'")

    def stop(self) -> None:
        for name in list(self.opened):
            self._stop(name)

    def _stop(self, name: str) -> None:
        server, front = self.opened.pop(name)
        front.stop()
        server.stop()
