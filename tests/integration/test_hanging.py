"""A call without an answer delays only the Microservice that waits for it.

Each call hangs, for a Microservice of its own. The others continue, the process stays healthy, and the status names the
call. Sessions with PostgreSQL have their own limits: tests/postgres.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from microservice_operator.cluster.kinds import MICROSERVICE, SECRET
from tests.tools.cluster import Cluster

from .api import until
from .conftest import SESSION
from .hanging import LONG, UNREPORTED, VICTIM, Place, place
from .hanging_calls import CREATION, DATABASE, DELETION, POLL, SHARED, parts
from .stage import Stage

OTHERS = [f"other-{number}" for number in range(3)]
# The victim of each row, by its namespace; those of the creation are deleted afterwards.
CREATED = {f"{form}{number}": call for form, calls in CREATION.items() for number, call in enumerate(calls)}
DELETED = {f"{form}{number}": call for form, calls in DELETION.items() for number, call in enumerate(calls)}
EVERYTHING = {**parts(VICTIM), **DATABASE}


@pytest.fixture(scope="module")
def hanging(stage: Stage, api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With a worker and a thread for each call that hangs, and some more."""
    folder = tmp_path_factory.mktemp("hanging")
    flags = (f"--workers={len(CREATED) + 3}", "--aws-pool-size=64", "--connections=64", "--resync=300")
    with place(stage, api_server, folder, f"{SESSION}m", "--reconciliation-timeout=10", *flags) as made:
        yield made


@pytest.fixture(scope="module")
def recorded(hanging: Place) -> Mapping[str, set[str]]:
    """The calls for one Microservice, until it is Ready and compared once more, and until it is gone."""
    space, seen = hanging.space("recorded"), hanging.calls.seen
    hanging.ensure("recorded", VICTIM, EVERYTHING)
    hanging.until_ready("recorded", VICTIM)
    space.ask(VICTIM)
    creation = seen.pop(space.name)
    space.delete(VICTIM)
    space.until_gone(VICTIM)
    shared = {call for call in list(seen) if call in seen[call]}
    return {"creation": creation - {POLL}, "deletion": seen[space.name] - {POLL}, "shared": shared}


def others(hanging: Place, names: list[str]) -> None:
    for name in names:
        hanging.ensure("others", name, {**parts(name), **DATABASE})
    for name in names:
        hanging.until_ready("others", name)


def victims(hanging: Place, calls: Mapping[str, str]) -> None:
    for name in calls:
        hanging.ensure(name, VICTIM, DATABASE if name.startswith("kubernetes") else parts(VICTIM))


def test_a_call_for_all_delays_only_those_that_need_it(hanging: Place) -> None:
    needs: dict[str, Mapping[str, Any]] = {"aws": parts(VICTIM), "database": DATABASE}
    hanging.calls.hang({call: call for call in SHARED})
    try:
        for name, spec in needs.items():
            hanging.ensure(name, VICTIM, spec)
        for name in ("plain-0", "plain-1", "plain-2"):
            hanging.ensure("others", name, {})
            hanging.until_ready("others", name)
        for name, call in zip(needs, SHARED, strict=True):
            hanging.until_reported(name, call, call)
            assert not hanging.ready(name, VICTIM)
        hanging.verify_healthy()
        assert not [call for call in hanging.calls.seen[hanging.space("aws").name] if ":" in call]
        assert not hanging.stage.databases_of(hanging.space("database"))
    finally:
        hanging.calls.release()
    for name in needs:
        hanging.until_ready(name, VICTIM)


@pytest.mark.parametrize(
    ("phase", "rows"),
    [("creation", set(CREATED.values())), ("deletion", set(DELETED.values())), ("shared", set(SHARED))],
    ids=["creation", "deletion", "shared"],
)
def test_each_call_has_a_row(recorded: Mapping[str, set[str]], phase: str, rows: set[str]) -> None:
    made = recorded[phase]
    assert not made - rows, f"these calls have no row; add one to hanging_calls.py ({phase}): {sorted(made - rows)}"
    assert not rows - made, f"no call needs these rows of hanging_calls.py ({phase}): {sorted(rows - made)}"


def test_each_call_of_a_creation_delays_its_microservice_alone(hanging: Place) -> None:
    hanging.hang(CREATED)
    try:
        victims(hanging, CREATED)
        others(hanging, OTHERS)
        for name, call in CREATED.items():
            hanging.until_reported(name, call)
        early = {call for name, call in CREATED.items() if hanging.ready(name, VICTIM)}
        assert early <= {"POST events"}  # which are posted after the status
        hanging.verify_healthy()
    finally:
        hanging.calls.release()
    for name in CREATED:
        hanging.until_ready(name, VICTIM)
    hanging.verify_healthy()


def test_a_secret_that_cannot_be_read_does_not_hide_the_others(hanging: Place) -> None:
    victim = next(name for name in CREATED if name.startswith("kubernetes"))
    victims(hanging, {victim: POLL})
    others(hanging, OTHERS)
    hanging.until_ready(victim, VICTIM)
    hanging.hang({victim: POLL})
    space, secret = hanging.space("others"), f"{OTHERS[0]}-orders-database"
    old = space.there(SECRET, secret)["metadata"]["uid"]
    try:
        until(lambda: hanging.calls.named, "the victim's Secret is not read")
        space.api.delete(SECRET, space.name, secret)
        until(
            lambda: (space.child(SECRET, secret) or {}).get("metadata", {}).get("uid", old) != old,
            "the Secret is not created again",
        )
        named = (hanging.space(victim).name, "cannot read secret")
        until(lambda: hanging.logs(*named), "the log does not name the Secret")
        hanging.verify_healthy()
    finally:
        hanging.calls.release()


def test_each_call_of_a_deletion_delays_its_microservice_alone(hanging: Place) -> None:
    victims(hanging, DELETED)
    others(hanging, OTHERS)
    for name in DELETED:
        hanging.until_ready(name, VICTIM)
    hanging.hang(DELETED)
    space = hanging.space("others")
    try:
        for name in DELETED:
            hanging.space(name).delete(VICTIM)
        for name in OTHERS:
            space.delete(name)
        others(hanging, ["another"])
        for name in OTHERS:
            until(lambda name=name: space.child(MICROSERVICE, name) is None, f"{name} is not deleted", LONG)  # type: ignore[misc]
        for name, call in DELETED.items():
            hanging.until_reported(name, call)
        early = {call for name, call in DELETED.items() if hanging.space(name).child(MICROSERVICE, VICTIM) is None}
        assert early <= UNREPORTED  # without which the next reconciliation can end the deletion
        hanging.verify_healthy()
    finally:
        hanging.calls.release()
    for name in DELETED:
        there = hanging.space(name)
        until(lambda there=there: there.child(MICROSERVICE, VICTIM) is None, f"{name} is not deleted", LONG)  # type: ignore[misc]
    hanging.verify_healthy()
