"""A pid and a start time identify a process: a record from before a reboot matches no other process."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.tools.cluster.errors import ClusterError
from tests.tools.cluster.processes import Process, last_words, process, start, stop


def test_a_started_process_lives_until_it_is_stopped(tmp_path: Path) -> None:
    sleeper = start("sleeper", ["sleep", "60"], tmp_path / "log")
    assert sleeper.alive()
    stop([sleeper])
    assert not sleeper.alive()


def test_a_process_that_ignores_a_polite_word_is_ended_by_force(tmp_path: Path) -> None:
    stubborn = start("stubborn", ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 60; done"], tmp_path / "log")
    while "ready" not in last_words(tmp_path / "log"):
        time.sleep(0.01)
    stop([stubborn], grace=0.1)
    assert not stubborn.alive()


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone(tmp_path: Path) -> None:
    bystander = start("bystander", ["sleep", "60"], tmp_path / "log")
    recorded_before_the_reboot = Process("etcd", bystander.pid, bystander.started - 1)
    assert not recorded_before_the_reboot.alive()
    stop([recorded_before_the_reboot])
    assert bystander.alive()
    stop([bystander])


def test_what_is_left_of_a_killed_process_is_not_alive(tmp_path: Path) -> None:
    killed = start("killed", ["sleep", "60"], tmp_path / "log")
    os.kill(killed.pid, signal.SIGKILL)
    time.sleep(0.1)
    assert not killed.alive()


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    speaker = start("speaker", ["sh", "-c", "echo said; echo complained >&2"], tmp_path / "logs" / "log")
    while speaker.alive():
        time.sleep(0.01)
    assert last_words(tmp_path / "logs" / "log").splitlines() == ["said", "complained"]


def test_a_process_that_has_ended_cannot_be_recorded() -> None:
    with pytest.raises(ClusterError, match="has ended"):
        process("etcd", 2**22 + 1)
