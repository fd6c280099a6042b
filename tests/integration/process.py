"""The operator as a container runs it: a separate process, configured by flags and a kubeconfig only."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.ports import free_port

RESYNC = 3.0
LEAVE_SECONDS = 10


class OperatorProcess:
    """Started and ended as often as a test wants; one log for all its lives."""

    def __init__(self, kubeconfig: Path, aws: str, folder: Path, name: str = "operator", *more: str) -> None:
        """Start nothing yet; `more` are flags of this one."""
        self._kubeconfig = kubeconfig
        self.aws = aws
        self._more = more
        self.log = folder / f"{name}.log"
        self._url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, beside_another: bool = False) -> None:
        """Start it and wait until it knows what there is and, unless it is `beside_another`, leads."""
        self.launch()
        self.until_ready(beside_another=beside_another)

    def launch(self) -> None:
        """Start it."""
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        flags = {
            "listen-host": "127.0.0.1",
            "listen-port": port,
            "resync": RESYNC,
            "aws-endpoint-url": self.aws,
            "log-level": "debug",
        }
        arguments = [word for flag, value in flags.items() for word in (f"--{flag}", str(value))] + [*self._more]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "microservice_operator.cli", "run", "--insecure-emulator", *arguments],
                cwd=REPOSITORY,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(REPOSITORY / "operator"),
                    "KUBECONFIG": str(self._kubeconfig),
                    "TMPDIR": str(self.log.parent),  # one that is killed leaves its certificates behind
                    "PYTHONFAULTHANDLER": "1",
                    "MALLOC_ARENA_MAX": "2",  # as in the image
                    "AWS_ACCESS_KEY_ID": "test",
                    "AWS_SECRET_ACCESS_KEY": "test",
                    "AWS_EC2_METADATA_DISABLED": "true",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def until_ready(self, *, beside_another: bool = False) -> None:
        """Wait until it knows what there is and leads."""
        deadline = time.monotonic() + 60
        while self.status("/readyz") != 200 or not (beside_another or self.leads):
            assert self.running, f"the operator ended:\n{self.log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"the operator does not become ready:\n{self.log.read_text()[-3000:]}"
            time.sleep(0.1)

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def leads(self) -> bool:
        """Whether it says so."""
        if not self.running:
            return False
        found = re.search(r"^microservice_operator_leader (\S+)$", self.metrics(), re.MULTILINE)
        return found is not None and float(found[1]) == 1

    def terminate(self) -> int:
        """Ask it to leave; its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # its log then holds where each thread is
            self._process.wait(LEAVE_SECONDS)
            raise AssertionError(f"the operator does not leave:\n{self.log.read_text()[-6000:]}") from None

    def ends(self) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process
        return self._process.wait(60)

    def kill(self) -> None:
        """End it without a word."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """A new process, as an upgrade does it."""
        assert self.terminate() == 0
        self.start()

    def status(self, path: str) -> int:
        """HTTP status of one of its paths, 0 without an answer."""
        try:
            with urllib.request.urlopen(self._url + path, timeout=5) as answer:
                code: int = answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0
        return code

    def metrics(self) -> str:
        """What Prometheus would read."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
        return text

    def reconciliations(self) -> float:
        """Number of completed reconciliations since the start."""
        found = re.findall(r"^microservice_operator_reconciles_total\{.*\} (\S+)$", self.metrics(), re.MULTILINE)
        return sum(map(float, found))
