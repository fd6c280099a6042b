"""The objects that a node needs before its programs start: the Node, and the rights of DNS and firewall."""

from typing import Any

from .api_server import ApiServer
from .pause_image import ARCHITECTURE

RBAC = "rbac.authorization.k8s.io"
READS: dict[str, dict[str, list[str]]] = {  # user → API group → resources that it lists and watches
    "system:coredns": {
        "": ["endpoints", "services", "pods", "namespaces"],
        "discovery.k8s.io": ["endpointslices"],
    },
    "system:kube-router": {
        "": ["endpoints", "services", "pods", "namespaces", "nodes"],
        "discovery.k8s.io": ["endpointslices"],
        "networking.k8s.io": ["networkpolicies"],
    },
}


def register(server: ApiServer) -> None:
    """Create the Node and the rights."""
    server.create("/api/v1/nodes", node())
    for user in READS:
        server.create(f"/apis/{RBAC}/v1/clusterroles", role(user))
        server.create(f"/apis/{RBAC}/v1/clusterrolebindings", binding(user))


def node() -> dict[str, Any]:
    """The Node; the kubelet fills in the rest."""
    labels = {"kubernetes.io/hostname": "node", "kubernetes.io/os": "linux", "kubernetes.io/arch": ARCHITECTURE}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node", "labels": labels}}


def role(user: str) -> dict[str, Any]:
    """What a user may read."""
    rules = [
        {"apiGroups": [group], "resources": resources, "verbs": ["get", "list", "watch"]}
        for group, resources in READS[user].items()
    ]
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": user}, "rules": rules}


def binding(user: str) -> dict[str, Any]:
    """Gives the role of a user's name to that user."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": user},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
    }
