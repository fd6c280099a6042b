"""One Microservice as watches report it: its children with the status of a table row, and its pods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from microservice_operator.cluster.apply import Cluster
from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.pod_cache import Pods
from microservice_operator.desired import children as desired_children
from microservice_operator.desired.context import Context
from microservice_operator.facts import Facts
from microservice_operator.status import summarise
from microservice_operator.workload import Snapshot, current_parts, migrations, unfinished_migrations, workload
from tests.unit.desired.builders import CONNECTION, context

OWNER = ("shop", "order")
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
Object = dict[str, Any]


def ago(seconds: float) -> str:
    """A time as Kubernetes writes it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


LONG_AGO, JUST_NOW = ago(3600), ago(1)


def condition(kind: str, status: str, reason: str = "", message: str = "", since: str = LONG_AGO) -> Object:
    """One condition."""
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def deployment_status(
    *conditions: Object, replicas: int = 2, updated: int = 2, available: int = 2, seen: int = 1
) -> Object:
    """What the Deployment controller writes; a rollout that is over, unless a condition says otherwise."""
    there = {c["type"] for c in conditions}
    usual = [condition("Progressing", "True", "NewReplicaSetAvailable")]
    counts = {
        "observedGeneration": seen,
        "replicas": replicas,
        "updatedReplicas": updated,
        "readyReplicas": available,
        "availableReplicas": available,
    }
    return {**counts, "conditions": [*conditions, *(c for c in usual if c["type"] not in there)]}


@dataclass(frozen=True)
class Ownership:
    """The observed objects: `statuses` by kind, `edits` by kind, pods of the service or of its migration."""

    spec: Mapping[str, Any] = field(default_factory=dict)
    statuses: Mapping[str, Object] = field(default_factory=dict)
    edits: Mapping[str, Object] = field(default_factory=dict)
    pods: Sequence[Object] = ()
    environment: Object | None = None

    @property
    def of(self) -> Context:
        """The context of a reconciliation, without what the watches show."""
        return context(dict(self.spec), self.environment, connections={"orders": CONNECTION})

    async def status(self, now: datetime = NOW, before: Mapping[str, Any] | None = None) -> Object:
        """The status that a reconciliation writes."""
        seen = self.snapshot(now)
        of = replace(self.of, migrations=migrations(seen), migrating=unfinished_migrations(seen))
        wanted = desired_children(of)
        held: Any = None  # nothing is written, so there is no client
        parts = await Cluster(held, self._children()).apply(of.microservice.identity, wanted)
        facts = Facts(1, workload=workload(seen), children=tuple(current_parts(seen, parts, wanted)))
        return summarise(facts, before or {}, "2026-01-01T12:00:00Z")

    def snapshot(self, now: datetime = NOW) -> Snapshot:
        """The caches, filled as the watches fill them."""
        pods = Pods(lambda _: None)
        for pod in self.pods:
            pods.saw(pod)
        return Snapshot.of(self._children(), pods, self.of.microservice.identity, now)

    def _children(self) -> Children:
        found = Children(lambda _: None)
        for child in desired_children(self.of):
            if child.body is not None:
                found.saw(child.kind, self._observed(child.kind, child.body))
        return found

    def _observed(self, kind: str, body: Object) -> Object:
        metadata = {**body["metadata"], "uid": f"{kind}-uid", "resourceVersion": "1", "generation": 1}
        usual = {"Deployment": deployment_status(), "Service": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
        counted = {"replicas": 2} if kind == "Deployment" else {}  # the server's, where an autoscaler owns the count
        spec = {**counted, **body.get("spec", {}), **self.edits.get(kind, {})}
        return {**body, "metadata": metadata, "spec": spec, "status": self.statuses.get(kind, usual.get(kind, {}))}


def pod(*conditions: Object, name: str = "order-1", phase: str = "Running", **more: Any) -> Object:
    """A pod of the service; `containers` are the statuses of its containers, `bare` leaves the probes out."""
    probe = {"httpGet": {"path": "/health", "port": "http"}}
    probes = {
        "livenessProbe": probe,
        "startupProbe": probe,
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
    }
    container = {"name": "order", **({} if more.get("bare") else probes), **more.get("container", {})}
    labels = {
        "microservice-operator.dev/microservice": "order",
        "app.kubernetes.io/name": "order",
        **more.get("labels", {}),
    }
    metadata = {
        "namespace": "shop",
        "name": name,
        "uid": f"uid-{name}",
        "labels": labels,
        "creationTimestamp": more.get("since", LONG_AGO),
    }
    status = {
        "phase": phase,
        "conditions": [*conditions],
        "containerStatuses": more.get("containers", []),
        "initContainerStatuses": more.get("inits", []),
    }
    spec = {
        "containers": [container],
        "initContainers": more.get("init_containers", []),
        "readinessGates": more.get("gates", []),
        **({"nodeName": more["node"]} if "node" in more else {}),
    }
    return {"metadata": {**metadata, **more.get("metadata", {})}, "spec": spec, "status": status}


def waiting(reason: str, message: str = "", **more: Any) -> Object:
    """The status of a container that waits."""
    state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    return {"name": "order", "image": "order:1", "ready": False, "started": False, "state": state, **more}


def running(since: str = LONG_AGO, *, ready: bool = False, started: bool = True, **more: Any) -> Object:
    """The status of a container that runs."""
    state = {"running": {"startedAt": since}}
    return {"name": "order", "image": "order:1", "ready": ready, "started": started, "state": state, **more}


def ended(code: int, reason: str = "Error", message: str = "") -> Object:
    """What is said of the last end of a container."""
    return {"lastState": {"terminated": {"exitCode": code, "reason": reason, "message": message}}}
