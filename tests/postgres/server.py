"""A real PostgreSQL on loopback that logs every statement, behind a TLS proxy: the wheel's build has no TLS."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psycopg

from microservice_operator.database_connection import Login
from microservice_operator.postgres.sessions import Server
from tests.ports import free_port
from tests.postgres.releases import WHEEL, programs
from tests.tools.cluster.binaries import Progress
from tests.tools.cluster.certificates import authority, issue


def certificates(folder: Path) -> Path:
    """A CA in `ca.crt`, and a certificate of it for `localhost` in `server.crt` and `server.key`."""
    ca = authority("test CA")
    ca.write(folder, "ca")
    issue(ca, "localhost", hosts=["localhost"]).write(folder, "server")
    return folder


class PostgresServer:
    def __init__(
        self,
        max_connections: int = 30,
        major: int = WHEEL,
        progress: Progress = print,
        saved: tuple[Path, str] | None = None,
    ) -> None:
        """Start with nothing in it, or with `saved` files and the password of their superuser."""
        self.major = major
        self._folder = Path(tempfile.mkdtemp(prefix="operator-postgres-"))
        self.password = saved[1] if saved else secrets.token_urlsafe(12)
        self.port = free_port()
        self.log = self._folder / "log"
        # PostgreSQL refuses to run as root.
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if self._user:
            os.chown(self._folder, self._user, -1)
        self._programs = self._readable(programs(major, progress))
        password_file = self._folder / "password"
        password_file.write_text(self.password)
        cluster = ["-D", str(self._folder / "cluster"), "-U", "postgres", "--pwfile", str(password_file)]
        command: list[str | Path] = [
            self._programs / "bin" / "initdb",
            *cluster,
            "--auth=scram-sha-256",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
        ]
        if saved:
            subprocess.run(["cp", "-a", saved[0], self._folder / "cluster"], check=True)
        else:
            subprocess.run(command, user=self._user, cwd=self._folder, check=True, capture_output=True)
        self._options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "32MB",
            "log_statement": "all",
            "max_connections": max_connections,
        }
        self._start()

    def _start(self) -> None:
        arguments = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "bin" / "postgres", "-D", self._folder / "cluster", *arguments],
                user=self._user,
                cwd=self._folder,
                stderr=log,
            )
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError:
                assert self._process.poll() is None, self.log.read_text()
                time.sleep(0.05)
            else:
                break

    @property
    def server(self) -> Server:
        """As its admin; the loopback has no TLS."""
        return Server("127.0.0.1", self.port, "disable", Login("postgres", self.password))

    def parameters(self, login: Login | None = None, database: str = "postgres") -> dict[str, Any]:
        """Those of a connection; its admin's if there is no login."""
        who = login or Login("postgres", self.password)
        at = {"host": "127.0.0.1", "port": self.port, "dbname": database}
        return {**at, "user": who.username, "password": who.password, "sslmode": "disable", "client_encoding": "utf8"}

    def run(self, statement: str, database: str = "postgres", login: Login | None = None) -> list[Any]:
        with psycopg.connect(**self.parameters(login, database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def statements(self) -> list[str]:
        """What clients have said so far, reads left out."""
        lines = self.log.read_text().splitlines()
        said = [line.split("statement: ", 1)[1] for line in lines if "statement: " in line]
        said += [line.split(": ", 2)[2] for line in lines if "LOG:  execute " in line]
        # a session sets its own bound by the time for which the operator may still write
        quiet = ("SELECT", "BEGIN", "COMMIT", "ROLLBACK", "SET LOCAL", "SET STATEMENT_TIMEOUT")
        return [line for line in said if line.strip() and not line.strip().upper().startswith(quiet)]

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def become_standby(self) -> None:
        """As after a failover: it answers, and what it does not know may be there all the same."""
        self._end()
        (self._folder / "cluster" / "standby.signal").touch()
        self._start()

    def save(self, folder: Path) -> None:
        """Copy its files to a new folder, while it is stopped."""
        self._end()
        subprocess.run(["cp", "-a", self._folder / "cluster", folder], check=True)
        self._start()

    def stop(self) -> None:
        self._end()
        subprocess.run(["rm", "-rf", self._folder], check=True)

    def _end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def _readable(self, folder: Path) -> Path:
        """A root's home is closed to the user that the server runs as, and the cache is in it."""
        if self._user is None or folder.name == "pginstall":
            return folder
        return shutil.copytree(folder, self._folder / "programs", symlinks=True)

    def _signal(self, number: signal.Signals) -> None:
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        for child in (self._process.pid, *map(int, children)):
            os.kill(child, number)


class TlsFront:
    """Speaks PostgreSQL's start of TLS ("SSL Session Encryption" in its protocol documents), then passes bytes on."""

    def __init__(self, certificate: Path, key: Path, behind: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._behind = behind
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            client.recv(8)
            client.sendall(b"S")
            with (
                self._context.wrap_socket(client, server_side=True) as inside,
                socket.create_connection(("127.0.0.1", self._behind)) as server,
            ):
                self._pass_on(inside, server)
        except OSError:
            client.close()

    def _pass_on(self, inside: ssl.SSLSocket, server: socket.socket) -> None:
        """One thread: a TLS socket must not be read and written by two at once."""
        inside.setblocking(False)
        server.setblocking(False)
        while True:
            moved = False
            for source, target in ((inside, server), (server, inside)):
                try:
                    chunk = source.recv(65536)
                except (BlockingIOError, ssl.SSLWantReadError):
                    continue
                if not chunk:
                    return
                target.setblocking(True)
                target.sendall(chunk)
                target.setblocking(False)
                moved = True
            if not moved:
                time.sleep(0.001)
