"""MiniStack, an emulator of AWS that this project did not write, as a process in an environment of its own.

It pins botocore, so its packages (`requirements/witness.txt`) cannot be installed next to ours. uv installs them once
for each user and lock.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from tests.ports import free_port
from tests.tools.cluster.locks import locked
from tests.tools.cluster.paths import REPOSITORY, cache_folder

LOCK = REPOSITORY / "requirements/witness.txt"
READY_SECONDS = 60  # it takes one to three


@contextmanager
def running(account: str, *, decide: bool = False) -> Iterator[str]:
    """Run an empty MiniStack on loopback; its address. With `decide`, it verifies signatures and evaluates policies.

    Raises CalledProcessError if it cannot be installed, TimeoutError if it does not answer.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ministack-") as folder:
        log = Path(folder) / "log"
        process = _start(port, account, decide, Path(folder), log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log)
            yield address
        finally:
            _end(process)


def _start(port: int, account: str, decide: bool, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start it as the leader of a process group, which can be ended as a whole."""
    # nothing else of our environment: AWS_* and DOCKER_* change what it does
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",  # all interfaces otherwise
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": account,
        "AUTH": str(decide).lower(),
        "LOG_LEVEL": "WARNING",
        "PYTHONPYCACHEPREFIX": str(cache_folder() / "bytecode"),
    }
    program = installed() / "bin/ministack"
    with log.open("wb") as output:
        return subprocess.Popen(
            [program], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_ministack/ready", timeout=5):
                return
        except OSError:  # it does not listen yet, or it is not ready: HTTP 503
            time.sleep(0.05)
    raise TimeoutError(f"MiniStack does not answer: {log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and every process that it started, at once: it has nothing to keep."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def installed() -> Path:
    """The environment in the cache of this user, made from the lock once."""
    digest = sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    target = cache_folder() / f"ministack-{digest}"
    with locked(cache_folder() / "locks" / target.name):
        if not (target / ".ready").exists():
            shutil.rmtree(target, ignore_errors=True)
            uv = [sys.executable, "-m", "uv"]
            environment = {**os.environ, "UV_SYSTEM_CERTS": "1", "UV_NO_PROGRESS": "1"}
            _run([*uv, "venv", "--quiet", "--python", sys.executable, str(target)], environment)
            sync = [*uv, "pip", "sync", "--quiet", "--python", str(target), "--require-hashes", str(LOCK)]
            _run(sync, environment)
            (target / ".ready").touch()
    return target


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, timeout=300)
