"""One namespace: declares, reads and changes Microservices there, and waits for states."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from tests.tools.demo.kubectl import Kubectl, Object

from .diagnosis import diagnosis
from .waiting import SECONDS, Answer, eventually

GROUP = "microservice-operator.dev"
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
CHILDREN = (
    "deployments,services,serviceaccounts,poddisruptionbudgets,horizontalpodautoscalers,networkpolicies,secrets,jobs,"
    "cronjobs,replicasets,pods"
)


@dataclass(frozen=True)
class Place:
    """A namespace and the administrator's kubectl."""

    kubectl: Kubectl
    namespace: str

    @property
    def where(self) -> str:
        """The namespace as kubectl takes it."""
        return f"--namespace={self.namespace}"

    def open(self) -> None:
        """Create the namespace, under Pod Security `restricted`."""
        metadata = {"name": self.namespace, "labels": RESTRICTED}
        self.kubectl.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}])

    def declare(self, name: str, spec: Object) -> None:
        """Apply a Microservice; fields that a later spec omits are removed."""
        self.kubectl.apply(
            [
                {
                    "apiVersion": f"{GROUP}/v1alpha1",
                    "kind": "Microservice",
                    "metadata": {"name": name, "namespace": self.namespace},
                    "spec": spec,
                }
            ]
        )

    def find(self, kind: str, name: str) -> Object | None:
        """One object, or none."""
        return next(iter(self.kubectl.listed(kind, name, self.where)), None)

    def read(self, kind: str, name: str) -> Object:
        """An existing object."""
        found = self.find(kind, name)
        assert found is not None, f"there is no {kind} {name}\n{self.diagnosis()}"
        return found

    def listed(self, kinds: str, *more: str) -> list[Object]:
        """All objects of these kinds."""
        return self.kubectl.listed(kinds, self.where, *more)

    def children(self, name: str) -> list[Object]:
        """Everything that carries the label of this Microservice, pods included."""
        return self.listed(CHILDREN, f"--selector={GROUP}/microservice={name}")

    def patch(self, kind: str, name: str, patch: Object) -> None:
        """Change an object with another field manager."""
        self.kubectl("patch", kind, name, self.where, "--type=merge", f"--patch={json.dumps(patch)}")

    def delete(self, kind: str, name: str) -> None:
        """Ask for an object's deletion; wait for nothing."""
        self.kubectl("delete", kind, name, self.where, "--wait=false")

    def conditions(self, name: str) -> dict[str, Object]:
        """Conditions of a Microservice by type; none while the operator has not looked at the spec as it is."""
        item = self.read("microservice", name)
        status = item.get("status", {})
        if status.get("observedGeneration") != item["metadata"]["generation"]:
            return {}
        return {one["type"]: one for one in status.get("conditions", [])}

    def await_ready(self, *names: str) -> None:
        """Until all of these are Ready, and nothing is under way."""

        def ready(name: str) -> bool:
            found = self.conditions(name)
            return found.get("Ready", {}).get("status") == "True" and "Reconciling" not in found

        self.eventually(f"{', '.join(names)} are Ready", lambda: all(ready(name) for name in names))

    def await_reason(self, name: str, reason: str) -> Object:
        """The condition Ready, once it is not True for this reason."""

        def condition() -> Object | None:
            found = self.conditions(name).get("Ready", {})
            return found if (found.get("status"), found.get("reason")) == ("False", reason) else None

        return self.eventually(f"Ready of {name} is False with reason {reason}", condition)

    def reconcile_now(self, name: str) -> None:
        """Request a reconciliation, and wait until the operator reports it."""
        token = uuid.uuid4().hex
        annotations = {f"{GROUP}/reconcile-requested-at": token}
        self.patch("microservice", name, {"metadata": {"annotations": annotations}})

        def handled() -> bool:
            status = self.read("microservice", name).get("status", {})
            return bool(status.get("lastHandledReconcileAt") == token)

        self.eventually(f"{name} was reconciled on request", handled)

    def ask(self, service: str, path: str = "/") -> str:
        """What a Service answers, through the API server; an error is DemoError."""
        return self.kubectl("get", "--raw", f"/api/v1/namespaces/{self.namespace}/services/{service}:http/proxy{path}")

    def eventually(self, what: str, probe: Callable[[], Answer | None], seconds: float = SECONDS) -> Answer:
        """Wait; a failure shows the state of this namespace."""
        return eventually(what, probe, self.diagnosis, seconds)

    def diagnosis(self) -> str:
        """Return the state of this namespace, to explain a failure."""
        return diagnosis(self.kubectl, self.namespace)
