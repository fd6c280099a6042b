"""Manual additions to a child: those that break a security promise, and those that may stay."""

from collections.abc import Callable
from typing import Any

from microservice_operator.desired import children
from microservice_operator.desired.context import Context
from tests.unit.desired.builders import CONNECTION, context

Object = dict[str, Any]

OF: Context = context(
    {
        "databases": [{"name": "orders"}],
        "access": {"from": [{"microservice": "shop"}], "to": [{"host": "api.example.com", "ports": [443]}]},
        "sidecars": [{"name": "proxy", "image": "registry.example/proxy:1"}],
        "env": [{"name": "EMPTY", "value": ""}],
        "volumes": [{"name": "files", "configMap": {"name": "files", "items": [{"key": "a", "path": "a"}]}}],
        "volumeMounts": [{"name": "files", "mountPath": "/files"}],
    },
    connections={"orders": CONNECTION},
)
DESIRED: dict[str, Object] = {c.kind: c.body for c in children(OF) if c.body}

# Patches of the pod of the Deployment (strategic: lists of named items are merged), by the field that they add.
POD: dict[str, Object] = {
    "hostPID": {"hostPID": True},
    "hostNetwork": {"hostNetwork": True},
    "hostIPC": {"hostIPC": True},
    "shareProcessNamespace": {"shareProcessNamespace": True},
    "securityContext.runAsUser": {"securityContext": {"runAsUser": 0}},
    "securityContext.supplementalGroups": {"securityContext": {"supplementalGroups": [0]}},
    "securityContext.fsGroup": {"securityContext": {"fsGroup": 0}},
    "volumes[host]": {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]},
    "volumes[token]": {
        "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]
    },
    "volumes[tmp]": {"volumes": [{"name": "tmp", "emptyDir": None, "hostPath": {"path": "/tmp"}}]},
    "volumes[files]": {
        "volumes": [{"name": "files", "configMap": {"name": "files", "items": [{"key": "b", "path": "b"}]}}]
    },
    "containers[theirs]": {"containers": [{"name": "theirs", "image": "theirs"}]},
    "initContainers[theirs]": {"initContainers": [{"name": "theirs", "image": "theirs"}]},
}
# Patches of one container.
CONTAINER: dict[str, Object] = {
    "securityContext.privileged": {"securityContext": {"privileged": True, "allowPrivilegeEscalation": True}},
    "securityContext.runAsUser": {"securityContext": {"runAsUser": 0}},
    "securityContext.seccompProfile": {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
    "securityContext.capabilities.add": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
    "command": {"command": ["sh"]},
    "args": {"args": ["-c", "id"]},
    "env[LD_PRELOAD]": {"env": [{"name": "LD_PRELOAD", "value": "/tmp/theirs.so"}]},
    "envFrom": {"envFrom": [{"secretRef": {"name": "another"}}]},
    "volumeMounts[/theirs]": {"volumeMounts": [{"name": "tmp", "mountPath": "/theirs"}]},
    "volumeMounts[/tmp]": {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp", "subPath": "theirs"}]},
    "ports[9999]": {"ports": [{"name": "theirs", "containerPort": 9999, "protocol": "TCP"}]},
    "lifecycle.postStart": {"lifecycle": {"postStart": {"exec": {"command": ["theirs"]}}}},
}
# Patches of the container that runs the service alone.
MAIN: dict[str, Object] = {
    "env[EMPTY]": {"env": [{"name": "EMPTY", "value": None, "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]},
    "ports[8080]": {"ports": [{"containerPort": 8080, "protocol": "TCP", "hostPort": 8080}]},
}
# Patches of the Deployment that stay.
STAYS: dict[str, Object] = {
    "rollout restart": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}},
    "a label of the pods": {"template": {"metadata": {"labels": {"example.com/team": "a"}}}},
    "a node selector": {"template": {"spec": {"nodeSelector": {"disk": "ssd"}}}},
    "tolerations": {"template": {"spec": {"tolerations": [{"key": "spot", "operator": "Exists"}]}}},
    "a priority": {"template": {"spec": {"priorityClassName": "system-cluster-critical"}}},
    "a minimum of seconds": {"minReadySeconds": 1},
}


def container_patch(container: str, patch: Object) -> Object:
    """A patch of the pod."""
    kind = "containers" if container == "order" else "initContainers"
    return {kind: [{"name": container, **patch}]}


def pod_patches() -> dict[str, Object]:
    """All patches of the pod that break a promise, by the path of what they add."""
    found = {f".spec.template.spec.{path}": patch for path, patch in POD.items()}
    for container, patches in (("order", CONTAINER | MAIN), ("proxy", CONTAINER)):
        kind = "containers" if container == "order" else "initContainers"
        for path, patch in patches.items():
            found[f".spec.template.spec.{kind}[{container}].{path}"] = container_patch(container, patch)
    return found


# What somebody makes of the policy's spec, by the path of the difference.
POLICY: dict[str, Callable[[Object], Any]] = {
    ".spec.ingress": lambda spec: spec["ingress"].append({}),
    ".spec.ingress[0].ports": lambda spec: spec["ingress"][0].pop("ports"),
    ".spec.ingress[0].from[0].namespaceSelector": lambda spec: spec["ingress"][0]["from"][0].update(
        namespaceSelector={}
    ),
    ".spec.ingress[0].ports[0].endPort": lambda spec: spec["ingress"][0]["ports"][0].update(endPort=65535),
    ".spec.egress": lambda spec: spec["egress"].append({}),
    ".spec.policyTypes": lambda spec: spec["policyTypes"].remove("Ingress"),
    ".spec.podSelector.matchLabels.other": lambda spec: spec["podSelector"]["matchLabels"].update(other="pods"),
    ".spec.podSelector.matchExpressions": lambda spec: spec["podSelector"].update(
        matchExpressions=[{"key": "never", "operator": "Exists"}]
    ),
}


def laid(over: Any, patch: Any) -> Any:
    """As kubectl's strategic patch: mappings merge, items of one name, mount path or port merge."""
    if isinstance(over, dict) and isinstance(patch, dict):
        merged = {key: laid(over.get(key), value) for key, value in patch.items()}
        return {key: value for key, value in {**over, **merged}.items() if value is not None}
    if isinstance(over, list) and isinstance(patch, list):
        keys = ("mountPath", "containerPort", "name")
        items = [*over, *patch]
        by = next((key for key in keys if items and all(isinstance(i, dict) and key in i for i in items)), "")
        if by:
            named = {item[by]: item for item in over}
            return list((named | {item[by]: laid(named.get(item[by], {}), item) for item in patch}).values())
    return patch
