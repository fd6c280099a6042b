"""An existing object of another owner has the wanted name: it stays unchanged, and a condition says what to do."""

import base64
from typing import Any

import pytest

from microservice_operator.cluster.kinds import CHILDREN

from .namespace import Namespace
from .stage import Stage

PODS = {"selector": {"matchLabels": {"a": "b"}}}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "theirs"}]}}
FOREIGN: dict[str, dict[str, Any]] = {
    "ServiceAccount": {},
    "Service": {"spec": {"ports": [{"port": 1}]}},
    "Deployment": {"spec": {**PODS, "replicas": 0, "template": TEMPLATE}},
    "PodDisruptionBudget": {"spec": {**PODS, "maxUnavailable": 1}},
    "HorizontalPodAutoscaler": {
        "spec": {
            "maxReplicas": 1,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nothing"},
        }
    },
    "NetworkPolicy": {"spec": {"podSelector": PODS["selector"], "policyTypes": ["Ingress"]}},
    "Secret": {"data": {"password": base64.b64encode(b"theirs").decode(), "username": "dGhlaXJz"}},
    "ServiceMonitor": {"spec": {"endpoints": []}},
    "Job": {"spec": {"suspend": True, "template": {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}}},  # type: ignore[dict-item]
}
SPEC: dict[str, Any] = {
    "autoscaling": {"minReplicas": 2, "maxReplicas": 5},
    "metrics": {},
    "databases": [{"name": "orders", "migration": {"command": ["migrate"]}}],
}


def kept(body: dict[str, Any]) -> dict[str, Any]:
    """An object without what its own controllers write."""
    metadata = {k: v for k, v in body["metadata"].items() if k not in ("managedFields", "resourceVersion")}
    annotations = metadata.pop("annotations", {})
    metadata["annotations"] = {k: v for k, v in annotations.items() if not k.startswith("deployment.kubernetes.io/")}
    return {**body, "metadata": metadata, "status": None}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_object_is_left_as_it_is(stage: Stage, namespace: Namespace, kind: str) -> None:
    name = "order" if kind not in ("Secret", "Job") else _name(namespace, kind)
    foreign = {"metadata": {"name": name, "namespace": namespace.name, "labels": {"a": "b"}}, **FOREIGN[kind]}
    before = kept(stage.api.create(CHILDREN[kind], foreign))
    namespace.create("order", **SPEC)
    condition = namespace.until_stalled("order", "Conflict")
    assert name in condition["message"]
    namespace.ask("order")
    assert kept(namespace.there(kind, name)) == before
    namespace.delete("order")
    namespace.until_gone("order")
    assert kept(namespace.there(kind, name)) == before


@pytest.mark.parametrize("kind", ["Service", "Secret"])
def test_it_goes_on_once_the_foreign_object_is_gone(stage: Stage, namespace: Namespace, kind: str) -> None:
    name = "order" if kind == "Service" else "order-orders-database"
    foreign = {"metadata": {"name": name, "namespace": namespace.name}, **FOREIGN[kind]}
    stage.api.create(CHILDREN[kind], foreign)
    namespace.create("order", **SPEC)
    namespace.until_stalled("order", "Conflict")
    stage.api.delete(CHILDREN[kind], namespace.name, name)
    namespace.until_ready("order")


ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/deployer"}


@pytest.mark.parametrize("kind", ["ServiceAccount", "NetworkPolicy", "Secret"])
def test_no_pod_runs_with_what_is_not_ours(stage: Stage, namespace: Namespace, kind: str) -> None:
    name = "order-orders-database" if kind == "Secret" else "order"
    foreign = {"metadata": {"name": name, "namespace": namespace.name, "annotations": ROLE}, **FOREIGN[kind]}
    stage.api.create(CHILDREN[kind], foreign)
    namespace.create("order", **SPEC)
    namespace.until_stalled("order", "Conflict")
    namespace.ask("order")
    started = {found for found, _ in namespace.children("order")} & {"Deployment", "Job"}
    assert not started
    resources = {r["kind"]: r for r in namespace.read("order")["status"]["resources"]}
    assert kind == "Secret" or name in resources["Job"]["message"]
    stage.api.delete(CHILDREN[kind], namespace.name, name)
    namespace.until_ready("order")
    assert {"Deployment", "Job"} <= {found for found, _ in namespace.children("order")}


def _name(namespace: Namespace, kind: str) -> str:
    """The name that the operator chooses, from a Microservice that was there and is gone."""
    if kind == "Secret":
        return "order-orders-database"
    namespace.create("order", **SPEC)
    namespace.until_ready("order")
    name = next(name for found, name in namespace.children("order") if found == kind)
    namespace.delete("order")
    namespace.until_gone("order")
    namespace.until_gone(name, CHILDREN[kind])
    return name
