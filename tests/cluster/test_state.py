"""Recorded clusters are read back unchanged, and each running one has its own index."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.cluster.addresses import Addresses
from tests.tools.cluster.cluster import known
from tests.tools.cluster.errors import ClusterError
from tests.tools.cluster.processes import Process, process
from tests.tools.cluster.state import State, claim, read_state, states, write_state

GONE = Process("gone", 2**22 + 1, 1)


@pytest.fixture(autouse=True)
def _all_addresses_free(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # the state folder is set by it
    monkeypatch.setattr(Addresses, "free", lambda _: True)


def living(name: str, index: int) -> State:
    return State(name, "light", index, GONE, complete=True, processes=(process("me", os.getpid()),))


def test_a_cluster_is_read_as_it_was_written() -> None:
    written = write_state(living("demo", 3))
    assert read_state("demo") == written
    assert states() == [written]


def test_nothing_written_is_no_cluster() -> None:
    assert read_state("demo") is None


def test_parallel_clusters_get_different_indexes() -> None:
    assert [claim(name, "light", 0).index for name in ("a", "b", "c")] == [0, 1, 2]


def test_the_index_of_a_dead_cluster_is_free_again() -> None:
    write_state(living("alive", 0))
    write_state(replace(living("dead", 1), processes=(GONE,)))
    assert claim("new", "light", 0).index == 1


def test_an_index_is_taken_while_its_cluster_is_still_coming_up() -> None:
    assert claim("first", "light", 0).processes == ()
    assert claim("second", "light", 0).index == 1


def test_what_a_killed_up_claimed_is_free_again() -> None:
    write_state(replace(claim("first", "light", 0), owner=GONE))
    assert claim("second", "light", 0).index == 0


def test_addresses_in_use_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Addresses, "free", lambda addresses: addresses.index > 4)
    assert claim("demo", "node", 0).index == 5


@pytest.mark.parametrize("name", ["", "Demo", "../demo", "-demo", "a" * 41])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="cannot be a cluster's name"):
        claim(name, "light", 0)


def test_a_cluster_with_a_dead_process_does_not_run() -> None:
    write_state(replace(living("demo", 0), processes=(process("me", os.getpid()), GONE)))
    with pytest.raises(ClusterError, match="no cluster named 'demo' is running: start it with"):
        known("demo")


def test_a_cluster_that_never_came_up_does_not_run() -> None:
    assert not replace(living("demo", 0), complete=False).running()
