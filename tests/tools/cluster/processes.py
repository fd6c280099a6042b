"""Processes that outlive the command that started them, and that a later command recognizes.

A pid alone is not enough: after a reboot or a long time another process may have it. So each process is recorded
with its start time, and only that process is signalled.
"""

import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import ClusterError

STARTED_FIELD = 22 - 3  # of /proc/<pid>/stat, counted from the state, which follows the name in parentheses


@dataclass(frozen=True)
class Process:
    """One process: its part in the cluster, its pid, and the kernel's clock ticks when it started."""

    role: str
    pid: int
    started: int

    def alive(self) -> bool:
        """Whether this very process still runs."""
        _reap(self.pid)
        return _started(self.pid) == self.started


def start(role: str, command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> Process:
    """Start `command` in a new session, with its output in `log`."""
    arguments = [str(argument) for argument in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    # posix_spawn and not subprocess: the child is meant to outlive this interpreter, which Popen warns about.
    pid = os.posix_spawnp(
        arguments[0],
        arguments,
        dict(environment) if environment is not None else dict(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    # One that has ended already is not reaped yet, so its start time is still there; waiting for it tells the rest.
    return Process(role, pid, _stat(pid)[1])


def process(role: str, pid: int) -> Process:
    """A process that runs already."""
    started = _started(pid)
    if started is None:
        raise ClusterError(f"{role} (process {pid}) has ended")
    return Process(role, pid, started)


def stop(processes: Iterable[Process], grace: float = 10.0) -> None:
    """End these processes and nothing else: politely, then by force."""
    left = [one for one in processes if one.alive()]
    for wanted, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        for one in left:
            if one.alive():
                os.kill(one.pid, wanted)
        deadline = time.monotonic() + seconds
        while (left := [one for one in left if one.alive()]) and time.monotonic() < deadline:
            time.sleep(0.05)
    if left:
        names = ", ".join(f"{one.role} ({one.pid})" for one in left)
        raise ClusterError(f"these processes do not end: {names}; look at them with ps and end them by hand")


def last_words(log: Path, lines: int = 12) -> str:
    """The end of a log, for the message of a start that failed."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _started(pid: int) -> int | None:
    """The start time of the process with this pid; None without one, or for a zombie."""
    try:
        state, started = _stat(pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else started


def _stat(pid: int) -> tuple[str, int]:
    """A process's state, and when it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[STARTED_FIELD])


def _reap(pid: int) -> None:
    """Take the exit status of a child of ours; another's child is not ours to wait for."""
    try:
        if pid != os.getpid():
            os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
