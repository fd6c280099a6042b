"""A Deployment or Job of another owner, or of an earlier Microservice of this name, never counts as ours."""

from datetime import UTC, datetime
from typing import Any

import pytest

from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.pod_cache import Pods
from microservice_operator.desired import children
from microservice_operator.facts import State
from microservice_operator.workload import Snapshot, migrations, workload
from tests.unit.desired.builders import CONNECTION, MIGRATING, context
from tests.unit.support.workloads import deployment_status

OF = context({"databases": [MIGRATING]}, connections={"orders": CONNECTION})
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


def ours(**changed: Any) -> dict[str, Any]:
    """Metadata of a child."""
    body = next(child.body for child in children(OF) if child.kind == "Service" and child.body)
    return {**body["metadata"], "uid": "u", "resourceVersion": "1", "generation": 1, **changed}


def seen(metadata: dict[str, Any]) -> Snapshot:
    children = Children(lambda _: None)
    children.saw("Deployment", {"metadata": metadata, "spec": {"replicas": 2}, "status": deployment_status()})
    children.saw("Job", {"metadata": metadata, "spec": {}, "status": DONE})
    return Snapshot.of(children, Pods(lambda _: None), OF.microservice.identity, datetime.now(UTC))


FORMER = [{**owner, "uid": "former"} for owner in ours()["ownerReferences"]]
NOT_OURS: dict[str, dict[str, Any]] = {
    "of a former one": ours(ownerReferences=FORMER),
    "a foreign one with our label": ours(ownerReferences=[], annotations={}),
}


def test_ours_counts() -> None:
    snapshot = seen(ours())
    assert workload(snapshot).state is State.READY
    assert list(migrations(snapshot)) == ["order"]


@pytest.mark.parametrize("whose", NOT_OURS)
def test_another_one_does_not(whose: str) -> None:
    snapshot = seen(NOT_OURS[whose])
    assert workload(snapshot).state is State.PROGRESSING
    assert not workload(snapshot).serves
    assert not migrations(snapshot)


def test_one_that_lost_its_owner_serves_on() -> None:
    assert workload(seen(ours(ownerReferences=[]))).serves
