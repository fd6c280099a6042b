"""The demo counts an object as ready only by a status of the applied version, never by an older one."""

from typing import Any

import pytest

from tests.tools.demo.rendering import ASK
from tests.tools.demo.standing import microservice_row, workload_row

READY = {"type": "Ready", "status": "True", "reason": "Ready", "message": "everything declared is ready"}
NOT_READY = {"type": "Ready", "status": "False", "reason": "TableLost", "message": "table t is lost"}
STALLED = {"type": "Stalled", "status": "True", "reason": "TableLost", "message": "table t is lost"}
RECONCILING = {"type": "Reconciling", "status": "True", "reason": "Progressing", "message": "at work"}


def microservice(*conditions: dict[str, str], observed: int = 2, handled: str = "") -> dict[str, Any]:
    status = {"observedGeneration": observed, "conditions": list(conditions), "lastHandledReconcileAt": handled}
    return {"metadata": {"name": "user", "generation": 2, "annotations": {ASK: "now"}}, "status": status}


@pytest.mark.parametrize(
    ("item", "ready", "stalled"),
    [
        pytest.param(None, "", False, id="not there"),
        pytest.param({"metadata": {"generation": 1}}, "", False, id="no status"),
        pytest.param(microservice(READY, handled="now"), "True", False, id="ready"),
        pytest.param(microservice(READY, handled="now", observed=1), "", False, id="ready for an older spec"),
        pytest.param(microservice(READY, handled="before"), "", False, id="ready before it was asked"),
        pytest.param(microservice(READY, RECONCILING, handled="now"), "False", False, id="ready and at work"),
        pytest.param(microservice(NOT_READY, STALLED, handled="now"), "False", True, id="stalled"),
    ],
)
def test_microservice(item: dict[str, Any] | None, ready: str, stalled: bool) -> None:
    row = microservice_row("user", item)
    assert (row.ready, row.stalled, row.up) == (ready, stalled, ready == "True")


@pytest.mark.parametrize(
    ("status", "up"),
    [
        ({}, False),
        ({"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}, True),
        ({"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 2, "readyReplicas": 1, "updatedReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 1, "readyReplicas": 1}, False),
    ],
    ids=["new", "ready", "older spec", "old pod still there", "old pod only"],
)
def test_workload(status: dict[str, int], up: bool) -> None:
    item = {"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": status}
    assert workload_row(("local-aws", "deployment", "aws"), item).up is up
