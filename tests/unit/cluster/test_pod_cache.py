"""Whether a pod may still run: what pods use is deleted only after a certain no."""

from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.parsing import Identity
from microservice_operator.cluster.apply import Cluster
from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.pod_cache import LABEL_JOB, LOST_NODE, Pods
from microservice_operator.errors import NeedsPerson, NotYet
from tests.unit.support.api_stub import Says, Stub, connected

OWNER = Identity("shop", "order", "uid-1")
KEY = ("shop", "order")


def pod(phase: str = "Running", **metadata: Any) -> dict[str, Any]:
    labels = {names.LABEL_MICROSERVICE: "order"}
    return {
        "metadata": {"namespace": "shop", "name": "order-1", "uid": "pod-1", "labels": labels, **metadata},
        "status": {"phase": phase},
    }


def test_a_pod_that_no_event_has_shown_may_run() -> None:
    pods = Pods(lambda _: None)
    assert not pods.alive(KEY)
    assert pods.unseen(KEY, [pod()])
    assert not pods.unseen(KEY, [])
    assert not pods.unseen(KEY, [pod("Succeeded")])


def test_a_pod_on_a_lost_node_is_not_waited_for_though_it_is_listed() -> None:
    now = [0.0]
    pods = Pods(lambda _: None, lambda: now[0])
    leaving = pod(deletionTimestamp="2026-01-01T00:00:00Z", deletionGracePeriodSeconds=30)
    pods.saw(leaving)
    assert pods.alive(KEY)
    now[0] += 30 + LOST_NODE + 1
    assert (pods.alive(KEY), pods.unseen(KEY, [leaving])) == (False, False)


def test_a_migration_on_a_lost_node_holds_the_next_one_for_ever_and_a_deletion_for_a_while() -> None:
    """It may still write to the database; a deletion retains that."""
    now = [0.0]
    pods = Pods(lambda _: None, lambda: now[0])
    labels = {names.LABEL_MICROSERVICE: "order", names.LABEL_MIGRATION: "db", LABEL_JOB: "job"}
    pods.saw(pod(labels=labels, deletionTimestamp="2026-01-01T00:00:00Z", deletionGracePeriodSeconds=30))
    assert (pods.migrating(KEY), pods.migrating(KEY, on_lost_nodes=False)) == ({"job"}, {"job"})
    now[0] += 30 + LOST_NODE + 1
    assert (pods.migrating(KEY), pods.migrating(KEY, on_lost_nodes=False)) == ({"job"}, set())


def test_a_pod_of_the_same_name_is_another_one() -> None:
    pods = Pods(lambda _: None)
    pods.saw(pod())
    assert not pods.unseen(KEY, [pod()])
    assert pods.unseen(KEY, [pod(uid="pod-2")])
    pods.saw(pod(uid="pod-2"))
    pods.lost(pod())
    assert pods.alive(KEY)


@pytest.mark.parametrize("migrates", [False, True])
@pytest.mark.parametrize("last", ["ends", "is lost"])
def test_a_pod_whose_label_somebody_edits_runs_for_its_new_owner_only(migrates: bool, last: str) -> None:
    asked: list[tuple[str, str]] = []
    pods = Pods(asked.append)
    extra = {names.LABEL_MIGRATION: "db", LABEL_JOB: "job"} if migrates else {}

    def labelled(owner: str, phase: str = "Running") -> dict[str, Any]:
        return pod(phase, labels={names.LABEL_MICROSERVICE: owner, **extra})

    pods.saw(labelled("order"))
    asked.clear()
    pods.saw(labelled("other"))
    assert (pods.alive(KEY), pods.alive(("shop", "other"))) == (False, True)
    assert pods.migrating(KEY) == set()
    assert KEY in asked
    asked.clear()
    if last == "ends":
        pods.saw(labelled("other", "Succeeded"))
    else:
        pods.lost(labelled("other"))
    assert not pods.alive(("shop", "other"))
    assert asked == [("shop", "other")]


@pytest.mark.parametrize(
    ("says", "raises"),
    [(Says(500), NotYet), (Says(429), NotYet), (Says(0), NotYet), (Says(body={}), NotYet), (Says(403), NeedsPerson)],
)
async def test_pods_that_cannot_be_listed_are_unknown(says: Says, raises: type[Exception]) -> None:
    stub = Stub([says])
    async with connected(stub) as connection:
        with pytest.raises(raises):
            await anext(Cluster(connection, Children(lambda _: None)).pods(OWNER))
    path, query = stub.asked[0]
    assert path == "/api/v1/namespaces/shop/pods"
    selector = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY},{names.LABEL_MICROSERVICE}=order"
    assert query == {"labelSelector": selector, "limit": "500"}
