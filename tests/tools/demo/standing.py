"""Reads the progress from the cluster: one row for each object that must become ready."""

from collections.abc import Mapping
from dataclasses import dataclass

from .kubectl import Kubectl, Object
from .rendering import ASK

SUPPORT = (  # namespace, kind, name
    ("local-aws", "deployment", "aws"),
    ("local-aws", "statefulset", "postgres"),
    ("microservice-operator-system", "deployment", "microservice-operator"),
)
SHOP = "shop"
SERVICES = ("user", "product", "order", "gateway")


@dataclass(frozen=True)
class Row:
    """One object and its progress."""

    namespace: str
    name: str
    ready: str
    reason: str
    message: str
    stalled: bool = False

    @property
    def up(self) -> bool:
        """Whether nothing is awaited of it."""
        return self.ready == "True"


def standing(kubectl: Kubectl) -> list[Row]:
    """All rows, in the order in which they come up."""
    workloads = kubectl.listed("deployments,statefulsets", "--all-namespaces")
    known = {
        (item["metadata"]["namespace"], item["kind"].lower(), item["metadata"]["name"]): item for item in workloads
    }
    rows = [workload_row(where, known.get(where)) for where in SUPPORT]
    services = {item["metadata"]["name"]: item for item in kubectl.listed("microservices", f"--namespace={SHOP}")}
    return [*rows, *(microservice_row(name, services.get(name)) for name in SERVICES)]


def workload_row(where: tuple[str, str, str], item: Object | None) -> Row:
    """A Deployment or StatefulSet of the demo's own."""
    namespace, _, name = where
    if item is None:
        return Row(namespace, name, "", "", "does not exist yet")
    wanted, status = item["spec"].get("replicas", 1), item.get("status", {})
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    seen = status.get("observedGeneration", 0) >= item["metadata"]["generation"]
    up = seen and ready >= wanted and updated >= wanted and status.get("replicas", 0) == wanted
    return Row(namespace, name, str(up), "", f"{ready} of {wanted} pods ready")


def microservice_row(name: str, item: Object | None) -> Row:
    """A Microservice, read as kstatus reads it: an older status says nothing about what was just applied."""
    if item is None:
        return Row(SHOP, name, "", "", "does not exist yet")
    status = item.get("status", {})
    conditions: Mapping[str, Object] = {one["type"]: one for one in status.get("conditions", [])}
    ready = conditions.get("Ready")
    asked = item["metadata"].get("annotations", {}).get(ASK, "")
    handled = status.get("observedGeneration"), status.get("lastHandledReconcileAt", "")
    if ready is None or handled != (item["metadata"]["generation"], asked):
        return Row(SHOP, name, "", "", "the operator has not reconciled it yet")
    leading = next((conditions[kind] for kind in ("Stalled", "Reconciling") if kind in conditions), ready)
    up = ready["status"] == "True" and leading is ready
    message = leading["message"] if ready["status"] == "True" else ready["message"]
    return Row(SHOP, name, str(up), ready["reason"], message, stalled="Stalled" in conditions)
