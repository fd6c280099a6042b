"""Runs the services like their containers: ``python -m user_service``, configured by environment variables."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from tests.ports import free_port
from tests.services import tokens

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
RECORDER = Path(__file__).parent / "aws_calls"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
REGION = "us-east-1"
RECORDED: set[str] = set()  # services whose AWS calls are written down
_CALLS = Path(tempfile.mkdtemp(prefix="aws-calls-")) / "calls.jsonl"
atexit.register(shutil.rmtree, _CALLS.parent)


def aws_calls() -> list[dict[str, Any]]:
    """Return each kind of AWS call that services have made: microservice, service, operation and parameters."""
    lines = _CALLS.read_text(encoding="utf-8").splitlines() if _CALLS.exists() else []
    return [json.loads(line) for line in dict.fromkeys(lines)]


def environment(service: str, **variables: str) -> dict[str, str]:
    folders = (SERVICES / "shared", SERVICES / service)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SERVICE_NAME": service,
        "SERVICE_VERSION": "1.2.3",
        **tokens.variables(),
        **variables,
    }


def alembic(service: str, database_url: str, *arguments: str) -> "subprocess.Popen[str]":
    """Run the command of the migration Job in the service's folder; the image runs it in /app."""
    return subprocess.Popen(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=SERVICES / service,
        env=environment(service, DATABASE_URL=database_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def migrate(service: str, database_url: str) -> None:
    process = alembic(service, database_url, "upgrade", "head")
    output, _ = process.communicate()
    assert process.returncode == 0, output


class Service:
    def __init__(self, service: str, folder: Path, **variables: str) -> None:
        self.name = service
        self.port = int(variables.pop("PORT", "0")) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.management_url = self.url
        if service == "gateway":
            management_port = free_port()
            self.management_url = f"http://127.0.0.1:{management_port}"
            variables = {"MANAGEMENT_PORT": str(management_port), **variables}
        self._log = folder / f"{service}-{self.port}.log"
        self._folder = folder
        self._environment = environment(service, **variables, HOST="127.0.0.1", PORT=str(self.port))
        if "AWS_ENDPOINT_URL" in variables:
            RECORDED.add(service)
            path = os.pathsep.join([str(RECORDER), self._environment["PYTHONPATH"]])
            self._environment |= {"PYTHONPATH": path, "AWS_CALLS": str(_CALLS)}
        self.process = self._started("w")

    def _started(self, mode: str) -> "subprocess.Popen[bytes]":
        with self._log.open(mode) as out:
            return subprocess.Popen(
                [sys.executable, "-W", "error", "-m", f"{self.name}_service"],
                cwd=self._folder,
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def kill_and_start_again(self) -> None:
        """Kill the process as a node failure does, and start a new one with the same address."""
        self.process.kill()
        self.process.wait()
        self.start_again()

    def start_again(self) -> None:
        self.process = self._started("a")

    def wait_until(self, path: str) -> "Service":
        """Wait until the path returns 200: /ready for a service with its database, /health for one without."""
        while True:
            assert self.process.poll() is None, f"{self.name} ended:\n{self._log.read_text()}"
            try:
                if httpx2.get(self.management_url + path, timeout=5).status_code == 200:
                    return self
            except httpx2.TransportError:
                pass
            time.sleep(0.05)

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines()]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
