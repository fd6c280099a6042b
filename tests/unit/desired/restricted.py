"""The rules of Pod Security `restricted` that the builders could violate."""

from collections.abc import Iterator
from typing import Any

from microservice_operator.desired import Child

VOLUMES = {"name", "configMap", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def pods(children: tuple[Child, ...]) -> Iterator[dict[str, Any]]:
    """The spec of every pod that the children would start."""
    for child in children:
        if child.body and child.kind in ("Deployment", "Job"):
            yield child.body["spec"]["template"]["spec"]


def assert_restricted(pod: dict[str, Any]) -> None:
    """Each rule of the standard, for the pod and all its containers."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"]["type"] in ("RuntimeDefault", "Localhost")
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all(volume.keys() <= VOLUMES for volume in pod["volumes"])
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"]["drop"] == ["ALL"]
        assert set(context["capabilities"].get("add", [])) <= {"NET_BIND_SERVICE"}
        assert context.get("runAsNonRoot", True) is True
        assert context.get("runAsUser", 1) != 0
        assert not any("hostPort" in port for port in container.get("ports", []))
