"""The operator restores a child of every kind; it leaves fields of an autoscaler or a person unchanged."""

import pytest

from tests.tools.demo.kubectl import Object

from .place import Place
from .stage import Stage
from .stores import connected, secret
from .tiny import tiny

NAME = "whole"
QUIET = "quiet"  # only the operator's resync reconciles this one
RUNTIME, OWNER = f"{QUIET}-things-database", f"{QUIET}-things-database-owner"
ELSEWHERE = "elsewhere.invalid"
# kind → an edit with an effect, as a merge patch
EDITS: dict[str, Object] = {
    "deployment": {"spec": {"progressDeadlineSeconds": 77}},
    "service": {"spec": {"selector": {"app.kubernetes.io/name": "another"}}},
    "serviceaccount": {"automountServiceAccountToken": True},
    "poddisruptionbudget": {"spec": {"maxUnavailable": 2}},
    "horizontalpodautoscaler": {"spec": {"maxReplicas": 9}},
    "networkpolicy": {"spec": {"policyTypes": ["Ingress"], "egress": None}},
}


@pytest.fixture(scope="module")
def whole(stage: Stage, place: Place) -> Place:
    """A namespace with a Microservice that has children of every kind."""
    migration = {"command": ["alembic", "upgrade", "head"]}
    database = {"name": "things", "deletionPolicy": "Delete"}
    scaling = {"minReplicas": 2, "maxReplicas": 3}
    place.declare(NAME, tiny(stage, "user", databases=[{**database, "migration": migration}], autoscaling=scaling))
    place.declare(QUIET, tiny(stage, databases=[database], replicas=0))
    place.await_ready(NAME, QUIET)
    return place


@pytest.fixture(scope="module", autouse=True)
def uids_of_broken_secrets(whole: Place) -> dict[str, str]:
    """One Secret deleted and one edited, before the first test: the last one asks what has become of them.

    The operator may not list or watch Secrets. It polls them by name, every few seconds in a small cluster.
    """
    uids = {name: whole.read("secret", name)["metadata"]["uid"] for name in (RUNTIME, OWNER)}
    whole.delete("secret", RUNTIME)
    whole.patch("secret", OWNER, {"stringData": {"host": ELSEWHERE}})
    return uids


def test_there_is_a_child_of_every_kind(whole: Place) -> None:
    kinds = {item["kind"].lower() for item in whole.children(NAME)}
    assert kinds - {"pod", "replicaset"} == {*EDITS, "secret", "job"}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edited_child_comes_back(whole: Place, kind: str) -> None:
    before = whole.read(kind, NAME)
    whole.patch(kind, NAME, EDITS[kind])
    whole.eventually(
        f"the operator has reverted the edit of the {kind}", lambda: _wanted(whole.find(kind, NAME)) == _wanted(before)
    )
    after = whole.read(kind, NAME)
    assert after["metadata"]["uid"] == before["metadata"]["uid"], "repaired, not created again"


@pytest.mark.parametrize("kind", EDITS)
def test_a_deleted_child_comes_back(whole: Place, kind: str) -> None:
    before = whole.read(kind, NAME)
    whole.delete(kind, NAME)

    def another() -> bool:
        found = whole.find(kind, NAME)
        return found is not None and found["metadata"]["uid"] != before["metadata"]["uid"]

    whole.eventually(f"the operator has created the {kind} again", another)
    whole.await_ready(NAME)
    assert _wanted(whole.read(kind, NAME)) == _wanted(before)


def test_a_deleted_migration_job_comes_back_and_runs(whole: Place) -> None:
    whole.eventually("two pods are ready", lambda: _ready(whole) == 2)
    job = next(item for item in whole.children(NAME) if item["kind"] == "Job")
    name, pods = job["metadata"]["name"], _pods(whole)
    whole.delete("job", name)

    def again() -> bool:
        found = whole.find("job", name)
        return bool(found and found["metadata"]["uid"] != job["metadata"]["uid"] and found["status"].get("succeeded"))

    whole.eventually("a new Job has succeeded", again)
    whole.await_ready(NAME)
    assert _pods(whole) == pods, "the migration replaces no pod"


def test_replicas_that_an_autoscaler_owns_are_left_alone(whole: Place) -> None:
    whole.kubectl("scale", "deployment", NAME, whole.where, "--replicas=3")
    whole.eventually("three pods are ready", lambda: _ready(whole) == 3)
    whole.reconcile_now(NAME)
    whole.patch("microservice", NAME, {"spec": {"tags": {"changed": "yes"}}})  # a write to every child
    whole.await_ready(NAME)
    assert whole.read("deployment", NAME)["spec"]["replicas"] == 3
    whole.kubectl("scale", "deployment", NAME, whole.where, "--replicas=2")


def test_a_rollout_restart_is_left_alone(whole: Place) -> None:
    whole.await_ready(NAME)
    before = _pods(whole)
    whole.kubectl("rollout", "restart", f"deployment/{NAME}", whole.where)
    whole.kubectl("rollout", "status", f"deployment/{NAME}", whole.where, "--timeout=240s")
    whole.await_ready(NAME)
    whole.reconcile_now(NAME)
    annotations = whole.read("deployment", NAME)["spec"]["template"]["metadata"].get("annotations", {})
    assert "kubectl.kubernetes.io/restartedAt" in annotations
    whole.eventually("the old pods are deleted", lambda: _pods(whole).isdisjoint(before))
    assert len(whole.listed("replicasets")) >= 2


def test_secrets_come_back_and_their_passwords_work(
    stage: Stage, whole: Place, uids_of_broken_secrets: dict[str, str]
) -> None:
    def back() -> bool:
        runtime, owner = whole.find("secret", RUNTIME), whole.find("secret", OWNER)
        there = runtime is not None and runtime["metadata"]["uid"] != uids_of_broken_secrets[RUNTIME]
        return there and owner is not None and secret(whole.kubectl, whole.namespace, OWNER)["host"] != ELSEWHERE

    whole.eventually("the deleted Secret exists again, and the edited one is reverted", back)
    whole.await_ready(QUIET)
    for name in (RUNTIME, OWNER):
        login = secret(whole.kubectl, whole.namespace, name)
        with connected(stage, login) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (login["username"],)


def _wanted(item: Object | None) -> Object:
    """What was asked for; a Service's addresses are the server's choice, a Deployment's count the autoscaler's."""
    if item is None:
        return {}
    chosen = ("clusterIP", "clusterIPs", "replicas")
    spec = {key: value for key, value in item.get("spec", {}).items() if key not in chosen}
    labels, owners = item["metadata"].get("labels"), item["metadata"].get("ownerReferences")
    rest = {key: value for key, value in item.items() if key not in ("metadata", "spec", "status")}
    return {**rest, "spec": spec, "labels": labels, "owners": owners}


def _pods(place: Place) -> set[str]:
    pods = place.listed("pods", f"--selector=app.kubernetes.io/name={NAME}")
    return {pod["metadata"]["uid"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


def _ready(place: Place) -> int:
    return int(place.read("deployment", NAME).get("status", {}).get("readyReplicas", 0))
