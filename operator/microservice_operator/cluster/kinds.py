"""The kinds that the operator reads and writes, and the paths at which the API server serves them."""

import re
from dataclasses import dataclass

from .. import names
from ..errors import NeedsPerson
from ..facts import Reason

_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9._:]{0,252}")


@dataclass(frozen=True)
class Kind:
    """One kind: `api_version` as in a manifest, `plural` as in a path."""

    kind: str
    api_version: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Return the path of a collection or object; without a namespace, across all namespaces.

        Raises NeedsPerson if a name cannot be one: as a part of a path, it could lead to the object of another.
        """
        for given in (namespace, name):
            if given and not is_name(given):
                raise NeedsPerson(Reason.REJECTED, f"{given[:253]!r} cannot be the name of an object; correct the name")
        root = "/api" if "/" not in self.api_version else "/apis"
        parts = [root, self.api_version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts += [self.plural]
        parts += [part for part in (name, subresource) if part]
        return "/".join(parts)


def is_name(text: str) -> bool:
    """Return whether an object can have this name: one segment of a path ("Object Names and IDs" in its docs)."""
    return _NAME.fullmatch(text) is not None


MICROSERVICE = Kind("Microservice", names.API_VERSION, "microservices")
ENVIRONMENT = Kind("Environment", names.API_VERSION, "environments", namespaced=False)
NAMESPACE = Kind("Namespace", "v1", "namespaces", namespaced=False)
POD = Kind("Pod", "v1", "pods")
SECRET = Kind("Secret", "v1", "secrets")
CONFIG_MAP = Kind("ConfigMap", "v1", "configmaps")
EVENT = Kind("Event", "v1", "events")
LEASE = Kind("Lease", "coordination.k8s.io/v1", "leases")
CRD = Kind("CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False)
SERVICE_MONITOR = Kind("ServiceMonitor", "monitoring.coreos.com/v1", "servicemonitors")

# Children that can be watched; Secrets are only read by name, because the operator may not list them.
WATCHED = (
    Kind("ServiceAccount", "v1", "serviceaccounts"),
    Kind("Service", "v1", "services"),
    Kind("Deployment", "apps/v1", "deployments"),
    Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    Kind("Job", "batch/v1", "jobs"),
    Kind("CronJob", "batch/v1", "cronjobs"),
)
CHILDREN = {kind.kind: kind for kind in (*WATCHED, SECRET, SERVICE_MONITOR)}
