"""Liveness, readiness and start-up: defaults for a service that answers /health and /ready, laid under the spec's."""

from typing import Any

from ..api.containers import Container, Probe
from ..api.microservice import MicroserviceSpec

HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
PATHS = {"livenessProbe": "/health", "readinessProbe": "/ready", "startupProbe": "/health"}
TIMINGS = {
    "livenessProbe": {"initialDelaySeconds": 30, "periodSeconds": 10},
    "readinessProbe": {"initialDelaySeconds": 5, "periodSeconds": 5},
    "startupProbe": {"failureThreshold": 30, "periodSeconds": 2},
}


def main_probes(spec: MicroserviceSpec) -> dict[str, Any]:
    """Probes of the main container.

    Where no port speaks TCP there is nobody to ask for a path, so a default would restart healthy pods for ever.
    """
    port = next((port.name for port in spec.ports if port.protocol == "TCP"), None)
    defaults = {kind: (TIMINGS[kind] | _asks(kind, port) if port else {}) for kind in PATHS}
    return _probes(spec, defaults, port or spec.ports[0].name)


def companion_probes(container: Container, spec: MicroserviceSpec) -> dict[str, Any]:
    """Probes of a sidecar: only those given; a port not named is its first, else the service's."""
    port = next((port.name for port in container.ports or [] if port.protocol == "TCP"), spec.ports[0].container_port)
    defaults = {kind: _asks(kind, port) if given else {} for kind, given in _given(container).items()}
    return _probes(container, defaults, port)


def _given(owner: MicroserviceSpec | Container) -> dict[str, Probe | None]:
    return {
        "livenessProbe": owner.liveness_probe,
        "readinessProbe": owner.readiness_probe,
        "startupProbe": owner.startup_probe,
    }


def _asks(kind: str, port: str | int) -> dict[str, Any]:
    return {"httpGet": {"path": PATHS[kind], "port": port}}


def _probes(owner: MicroserviceSpec | Container, defaults: dict[str, Any], port: str | int) -> dict[str, Any]:
    merged = {kind: _laid_over(defaults[kind], given, port) for kind, given in _given(owner).items()}
    return {kind: probe for kind, probe in merged.items() if probe}


def _laid_over(default: dict[str, Any], given: Probe | None, port: str | int) -> dict[str, Any]:
    """The default with the given fields over it; empty when it is disabled or has no handler."""
    wanted = given.manifest() if given else {}
    if wanted.pop("disabled", False):
        return {}
    if any(handler in wanted for handler in HANDLERS):
        default = {key: value for key, value in default.items() if key not in HANDLERS}
    if "httpGet" in wanted:
        wanted["httpGet"] = {"port": port} | wanted["httpGet"]
    probe = default | wanted
    return probe if any(handler in probe for handler in HANDLERS) else {}
