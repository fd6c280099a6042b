"""`python -m tests.tools.suite`: every test, in three pytest processes side by side; arguments go to each.

Most of the time, the tests of the second and third group wait for a cluster, while those of the first keep a core busy.
Where no Docker engine makes the node, its programs and images are built before the third group.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, Thread

TESTS = Path(__file__).resolve().parents[1]
OUTPUT = TESTS.parent / ".local"
# In their order: the quick ones first, so that a mistake shows early. The shop's tests need no cluster: they are in the
# third group so that the three take about the same time. A folder that is not named is in the first group.
GROUPS = {
    "servers": ("unit", "golden", "delivery", "api", "aws", "whole", "postgres"),
    "operator": ("integration", "witness"),
    "cluster": ("cluster", "demo", "e2e", "terraform", "conformance", "services", "browser"),
}
NO_TESTS = 5  # pytest's exit code if the arguments select none
NO_TIME = 124  # as timeout(1) exits
INTERRUPTED = 130  # as shells do
LIMIT = 90 * 60  # seconds, without TEST_TIMEOUT; CI ends the run then
ENDING = 120  # seconds in which the fixtures stop the clusters that they started

_printing = Lock()


class Group:
    """One pytest process; its progress is printed at once, its report as a whole when it ends."""

    def __init__(self, name: str, folders: Sequence[str], arguments: Sequence[str]) -> None:
        """Start it."""
        self.name = name
        self._report: list[str] = []
        paths = [f"tests/{folder}" for folder in folders]
        options = [f"--junit-xml={OUTPUT}/junit-{name}.xml", "--durations=15", *arguments]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *paths, *options],
            cwd=TESTS.parent,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def wait(self, seconds: float) -> int:
        """Its exit code, 0 if the arguments select no test of it.

        Raises subprocess.TimeoutExpired.
        """
        code = self.process.wait(seconds)
        self._reader.join()
        return 0 if code == NO_TESTS else code

    def interrupt(self) -> None:
        """Interrupt it as Ctrl-C does, so that its fixtures clean up."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Kill it if it does not exit in time."""
        try:
            self.process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout
        with (OUTPUT / f"test-{self.name}.log").open("w") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                if self._report or (line.startswith("=") and "test session starts" not in line):
                    self._report.append(line)
                else:
                    _print(f"{self.name}: {line}")
        _print(f"\n{self.name}:\n", *self._report)


def _print(*lines: str) -> None:
    with _printing:
        sys.stdout.write("".join(lines))
        sys.stdout.flush()


def folders() -> dict[str, list[str]]:
    """The folders of each group, without those that have no tests."""
    there = {file.relative_to(TESTS).parts[0] for file in TESTS.glob("*/**/test_*.py")}
    others = sorted(there - {name for names in GROUPS.values() for name in names})
    found = {group: [name for name in names if name in there] for group, names in GROUPS.items()}
    found["servers"] += others
    return found


def environment() -> dict[str, str]:
    """Ours, with a cache of bytecode: the tests start hundreds of Python processes, some images forbid the cache.

    GOGC lets programs in Go, such as the API server and Terraform, collect garbage less often (package runtime).
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"GOGC": "400", **kept, "PYTHONPYCACHEPREFIX": str(OUTPUT / "bytecode")}


def build_node() -> subprocess.Popen[bytes] | None:
    """Build the node's programs and images, which takes minutes once for each user; a Docker engine needs none."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0:
        return None
    with (OUTPUT / "node.log").open("w") as log:
        steps = '"$0" -m tests.tools.cluster binaries && "$0" -m tests.tools.cluster images'
        command = ["sh", "-c", steps, sys.executable]
        return subprocess.Popen(command, cwd=TESTS.parent, stdout=log, stderr=subprocess.STDOUT)


def main(arguments: Sequence[str]) -> int:
    """Run all groups; the first exit code that is not 0."""
    OUTPUT.mkdir(exist_ok=True)
    limit = float(os.environ.get("TEST_TIMEOUT", LIMIT))
    deadline = time.monotonic() + limit
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    building = build_node()
    groups = []
    try:
        for name, names in folders().items():
            if name == "cluster" and building:  # else its tests time out while the node is built
                building.wait(max(deadline - time.monotonic(), 0))
            groups.append(Group(name, names, arguments))
        codes = [group.wait(max(deadline - time.monotonic(), 0)) for group in groups]
    except subprocess.TimeoutExpired:
        print(f"the tests did not end within {limit:.0f} s (TEST_TIMEOUT) and are stopped", file=sys.stderr)
        codes = [NO_TIME]
    except KeyboardInterrupt:
        codes = [INTERRUPTED]
    for group in groups:
        group.interrupt()
    for group in groups:
        group.end()
    if building:
        building.terminate()
        building.wait()
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
