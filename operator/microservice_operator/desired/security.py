"""Hardening that passes Pod Security `restricted`; what the spec says is merged over it.

No runAsUser: an image names its own numeric user, and runAsNonRoot refuses one that does not. What holds for all
containers stands at the pod, so that a profile given there is not overruled by each container's default.
"""

from typing import Any

from ..api.containers import PodSecurityContext, SecurityContext


def pod_security(given: PodSecurityContext | None) -> dict[str, Any]:
    """The pod's securityContext."""
    default = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return default | (given.manifest() if given else {})


def container_security(given: SecurityContext | None) -> dict[str, Any]:
    """A container's securityContext; capabilities may come back one by one, all of them are dropped first."""
    default = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    wanted = given.manifest() if given else {}
    capabilities = {**wanted.get("capabilities", {}), "drop": ["ALL"]}
    return default | wanted | {"capabilities": capabilities}
