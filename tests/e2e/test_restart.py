"""The operator is killed and restarts with 50 unchanged Microservices: it writes nothing."""

import re

from .audit import position, reads, writes
from .place import Place
from .stage import OPERATOR, OPERATOR_PODS, Stage
from .tiny import tiny

MANY = 50


def test_a_killed_operator_writes_nothing_when_it_returns(stage: Stage, place: Place, system: Place) -> None:
    names = [f"many-{number}" for number in range(MANY)]
    kubectl, log = stage.kubectl, stage.cluster.audit_log
    start = position(log)
    _declare(stage, place, names)
    place.eventually("no namespace is terminating", lambda: not _terminating(place))
    place.eventually(f"all {MANY} Microservices are Ready", lambda: _all_ready(place), seconds=400)
    count = len(kubectl.listed("microservices", "--all-namespaces"))
    old = _uids(system)
    assert len(writes(log, start)) > MANY, "the audit log shows its writes"

    start = position(log)
    kubectl("delete", "pod", OPERATOR_PODS, system.where, "--grace-period=0", "--force")  # also the standby replica
    kubectl("rollout", "status", f"deployment/{OPERATOR}", system.where, "--timeout=240s")
    system.eventually(f"each of {count} Microservices was reconciled", lambda: _reconciliations(system) >= count)

    assert not _uids(system) & old
    assert any("/microservices" in line for line in reads(log, start)), "the audit log shows its requests"
    assert writes(log, start) == []


def _uids(system: Place) -> set[str]:
    return {pod["metadata"]["uid"] for pod in system.listed("pods", OPERATOR_PODS)}


def _declare(stage: Stage, place: Place, names: list[str]) -> None:
    spec = tiny(stage, replicas=0)
    stage.kubectl.apply(
        [
            {
                "apiVersion": "microservice-operator.dev/v1alpha1",
                "kind": "Microservice",
                "metadata": {"name": name, "namespace": place.namespace},
                "spec": spec,
            }
            for name in names
        ]
    )


def _terminating(place: Place) -> list[str]:
    return [
        item["metadata"]["name"]
        for item in place.kubectl.listed("namespaces")
        if "deletionTimestamp" in item["metadata"]
    ]


def _all_ready(place: Place) -> bool:
    stored = place.kubectl.listed("microservices", "--all-namespaces")
    return all(
        any(c["type"] == "Ready" and c["status"] == "True" for c in item.get("status", {}).get("conditions", []))
        for item in stored
        if item["metadata"]["namespace"] == place.namespace
    )


def _reconciliations(system: Place) -> int:
    """Completed reconciliations of the process that answers, when its queue is empty; a non-leader has none."""
    text = system.ask(f"{OPERATOR}-metrics", "/metrics")
    (depth,) = re.findall(r"^microservice_operator_queue_depth (\S+)$", text, re.MULTILINE)
    counts = re.findall(r"^microservice_operator_reconciles_total\{.*\} (\S+)$", text, re.MULTILINE)
    return int(sum(map(float, counts))) if float(depth) == 0 else 0
