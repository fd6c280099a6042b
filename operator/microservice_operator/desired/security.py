"""Builds security contexts that satisfy Pod Security `restricted`; fields of the spec override them.

There is no runAsUser: an image names its own numeric user, and runAsNonRoot refuses an image that does not. Settings
for all containers are set on the pod, so that no container's default overrides a profile that the spec sets there.
"""

from typing import Any

from ..api.containers import PodSecurityContext, SecurityContext


def pod_security(given: PodSecurityContext | None) -> dict[str, Any]:
    """Build the pod's securityContext."""
    default = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return default | (given.manifest() if given else {})


def container_security(given: SecurityContext | None) -> dict[str, Any]:
    """Build a container's securityContext; it drops all capabilities, and the spec may add single ones."""
    default = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    wanted = given.manifest() if given else {}
    capabilities = {**wanted.get("capabilities", {}), "drop": ["ALL"]}
    return default | wanted | {"capabilities": capabilities}
