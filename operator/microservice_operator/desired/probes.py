"""Liveness, readiness and start-up: defaults for a service that answers /health and /ready, laid under the spec's.

A default never asks what the author says is not there. One handler that is no httpGet says that the service does not
speak HTTP: then nothing asks for a path. The start-up probe asks what the liveness probe asks, for both end in a kill,
and never kills sooner than the liveness probe would.
"""

from typing import Any

from ..api.containers import Container, Lifecycle
from ..api.microservice import MicroserviceSpec

Fields = dict[str, Any]

HANDLERS = ("httpGet", "tcpSocket", "exec", "grpc")
PATHS = {"livenessProbe": "/health", "readinessProbe": "/ready", "startupProbe": "/health"}
TIMINGS: dict[str, Fields] = {
    "livenessProbe": {"initialDelaySeconds": 30, "periodSeconds": 10},
    "readinessProbe": {"initialDelaySeconds": 5, "periodSeconds": 5},
    "startupProbe": {"failureThreshold": 30, "periodSeconds": 2},
}
# Kubernetes' own, where neither we nor the spec say anything.
PERIOD, FAILURES = 10, 3


def main_probes(spec: MicroserviceSpec) -> dict[str, Fields]:
    """Probes of the main container.

    Where no port speaks TCP there is nobody to ask for a path, so a default would restart healthy pods for ever.
    """
    tcp = next((port.name for port in spec.ports if port.protocol == "TCP"), None)
    given, port = _given(spec), first_port(spec)
    found = {
        kind: _probe(given[kind], _default_handler(kind, given, tcp), TIMINGS[kind], port)
        for kind in ("livenessProbe", "readinessProbe")
    }
    found["startupProbe"] = _start(given, found["livenessProbe"], tcp, port)
    return {kind: probe for kind, probe in found.items() if probe}


def companion_probes(container: Container, spec: MicroserviceSpec) -> dict[str, Fields]:
    """Probes of a sidecar: only those given; a port not named is its first, else the service's."""
    given, port = _given(container), companion_port(container, spec)
    found = {
        kind: _probe(probe, _default_handler(kind, given, port), {}, port)
        for kind, probe in given.items()
        if probe is not None
    }
    return {kind: probe for kind, probe in found.items() if probe}


def first_port(spec: MicroserviceSpec) -> str:
    """Where the main container is asked unless a port is named: its first TCP port, else its first one."""
    return next((port.name for port in spec.ports if port.protocol == "TCP"), spec.ports[0].name)


def companion_port(container: Container, spec: MicroserviceSpec) -> str | int:
    """The same of a sidecar: its own first TCP port, else the service's first one."""
    return next((port.name for port in container.ports or [] if port.protocol == "TCP"), spec.ports[0].container_port)


def hooks(lifecycle: Lifecycle | None, port: str | int) -> dict[str, Fields]:
    """The declared hooks; Kubernetes refuses one by HTTP without a port."""
    found: dict[str, Fields] = lifecycle.manifest() if lifecycle else {}
    for hook in found.values():
        if "httpGet" in hook:
            hook["httpGet"].setdefault("port", port)
    return found


def start_seconds(probes: dict[str, Any]) -> int:
    """How long a container may take to become ready, as its probes say."""
    start, ready = probes.get("startupProbe", {}), probes.get("readinessProbe", {})
    return (_patience(start) if start else 0) + int(ready.get("initialDelaySeconds", 0))


def _given(owner: MicroserviceSpec | Container) -> dict[str, Fields | None]:
    """The probes as written, `None` for one that is not."""
    probes = (owner.liveness_probe, owner.readiness_probe, owner.startup_probe)
    return {kind: probe.manifest() if probe else None for kind, probe in zip(PATHS, probes, strict=True)}


def _handler(probe: Fields | None) -> Fields:
    """What a probe asks, empty when it says nothing of it or is disabled."""
    if probe is None or probe.get("disabled"):
        return {}
    return {key: probe[key] for key in HANDLERS if key in probe}


def _default_handler(kind: str, given: dict[str, Fields | None], port: str | int | None) -> Fields:
    """What a probe asks that names no handler: HTTP, where and how the author's other probes ask it.

    Of a service that does not speak HTTP a probe that is given, if only with timings, asks what another one asks.
    """
    others = [handler for other, probe in given.items() if other != kind and (handler := _handler(probe))]
    foreign = next((handler for handler in others if "httpGet" not in handler), None)
    if foreign is not None:
        return foreign if given[kind] is not None else {}
    if port is None:
        return {}
    alike = others[0]["httpGet"] if others else {}
    return {"httpGet": {"path": PATHS[kind], "port": port} | {k: v for k, v in alike.items() if k != "path"}}


def _start(given: dict[str, Fields | None], live: Fields, tcp: str | None, port: str | int) -> Fields:
    """The start-up probe: what the liveness probe asks, unless the spec names another handler."""
    kind = "startupProbe"
    written, timings = given[kind], dict(TIMINGS[kind])
    handler = _handler(live)
    if handler and not _handler(written) and "timeoutSeconds" in live:
        timings["timeoutSeconds"] = live["timeoutSeconds"]  # how long this handler may take
    if not handler and written is not None:
        handler = _default_handler(kind, given, tcp)
    probe = _probe(written, handler, timings, port)
    if probe and live and "failureThreshold" not in (written or {}):
        left = _patience(live) - int(probe.get("initialDelaySeconds", 0))
        probe["failureThreshold"] = max(probe["failureThreshold"], -(-left // int(probe["periodSeconds"])))
    return probe


def _patience(probe: Fields) -> int:
    """Seconds until a probe that always fails has the container killed."""
    tries = int(probe.get("failureThreshold", FAILURES)) * int(probe.get("periodSeconds", PERIOD))
    return int(probe.get("initialDelaySeconds", 0)) + tries


def _probe(written: Fields | None, handler: Fields, timings: Fields, port: str | int) -> Fields:
    """The timings with the written fields over them; empty when it is disabled or has nothing to ask."""
    fields = dict(written or {})
    asked = _handler(fields) or handler
    if fields.pop("disabled", False) or not asked:
        return {}
    if "port" not in asked.get("httpGet", {"port"}):
        asked = {"httpGet": {"port": port, **asked["httpGet"]}}
    return {**timings, **fields, **asked}
