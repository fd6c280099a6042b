"""Builds the liveness, readiness and startup probes: defaults for a service with /health and /ready, under the spec's.

A default never requests something that, according to the spec, does not exist. One handler other than httpGet means
that the service does not speak HTTP; then no probe requests a path. The startup probe uses the handler of the liveness
probe, because a failure of either kills the container. It never kills earlier than the liveness probe would.
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
# Kubernetes' defaults, which apply if neither the operator nor the spec sets a value.
PERIOD, FAILURES = 10, 3


def main_probes(spec: MicroserviceSpec) -> dict[str, Fields]:
    """Build the probes of the main container.

    Without a TCP port no path can be requested, so there is no default: it would restart healthy pods forever.
    """
    tcp = next((port.name for port in spec.ports if port.protocol == "TCP"), None)
    given, port = _given(spec), first_port(spec)
    probes = {
        kind: _probe(given[kind], _default_handler(kind, given, tcp), TIMINGS[kind], port)
        for kind in ("livenessProbe", "readinessProbe")
    }
    probes["startupProbe"] = _start(given, probes["livenessProbe"], tcp, port)
    return {kind: probe for kind, probe in probes.items() if probe}


def companion_probes(container: Container, spec: MicroserviceSpec) -> dict[str, Fields]:
    """Build the probes of a sidecar: only declared ones; the default port is its own first, otherwise the service's."""
    given, port = _given(container), companion_port(container, spec)
    probes = {
        kind: _probe(probe, _default_handler(kind, given, port), {}, port)
        for kind, probe in given.items()
        if probe is not None
    }
    return {kind: probe for kind, probe in probes.items() if probe}


def first_port(spec: MicroserviceSpec) -> str | None:
    """Return the default port of the main container's probes and hooks: its first TCP port, otherwise its first."""
    names = [port.name for port in spec.ports]
    return next((port.name for port in spec.ports if port.protocol == "TCP"), names[0] if names else None)


def companion_port(container: Container, spec: MicroserviceSpec) -> str | int | None:
    """Return the same for a sidecar: its own first TCP port, otherwise the service's first port."""
    numbers = [port.container_port for port in spec.ports]
    own = (port.name for port in container.ports or [] if port.protocol == "TCP")
    return next(own, numbers[0] if numbers else None)


def hooks(lifecycle: Lifecycle | None, port: str | int | None) -> dict[str, Fields]:
    """Return the declared hooks, each HTTP hook with a port, because Kubernetes refuses one without.

    If there is no default `port`, the API refuses hooks and probes that need it.
    """
    declared: dict[str, Fields] = lifecycle.manifest() if lifecycle else {}
    for hook in declared.values():
        if "httpGet" in hook:
            hook["httpGet"].setdefault("port", port)
    return declared


def start_seconds(probes: dict[str, Any]) -> int:
    """Return the seconds that a container may take to become ready, according to its probes."""
    start, ready = probes.get("startupProbe", {}), probes.get("readinessProbe", {})
    return (_patience(start) if start else 0) + int(ready.get("initialDelaySeconds", 0))


def _given(owner: MicroserviceSpec | Container) -> dict[str, Fields | None]:
    """Return the probes as declared, `None` for each undeclared one."""
    probes = (owner.liveness_probe, owner.readiness_probe, owner.startup_probe)
    return {kind: probe.manifest() if probe else None for kind, probe in zip(PATHS, probes, strict=True)}


def _handler(probe: Fields | None) -> Fields:
    """Return the handler of a probe, empty if it has none or is disabled."""
    if probe is None or probe.get("disabled"):
        return {}
    return {key: probe[key] for key in HANDLERS if key in probe}


def _default_handler(kind: str, given: dict[str, Fields | None], port: str | int | None) -> Fields:
    """Return the handler of a probe that declares none: HTTP, with the port and options of another declared probe.

    If the service does not speak HTTP, a declared probe, even one with timings only, uses the handler of another probe.
    """
    others = [handler for other_kind, probe in given.items() if other_kind != kind and (handler := _handler(probe))]
    foreign = next((handler for handler in others if "httpGet" not in handler), None)
    if foreign is not None:
        return foreign if given[kind] is not None else {}
    alike = others[0]["httpGet"] if others else {}
    if port is None and (given[kind] is None or "port" not in alike):
        return {}
    return {"httpGet": {"path": PATHS[kind], "port": port} | {k: v for k, v in alike.items() if k != "path"}}


def _start(given: dict[str, Fields | None], live: Fields, tcp: str | None, port: str | None) -> Fields:
    """Build the startup probe: with the handler of the liveness probe, unless the spec declares another one."""
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
    """Return the seconds after which a probe that always fails kills the container."""
    tries = int(probe.get("failureThreshold", FAILURES)) * int(probe.get("periodSeconds", PERIOD))
    return int(probe.get("initialDelaySeconds", 0)) + tries


def _probe(written: Fields | None, handler: Fields, timings: Fields, port: str | int | None) -> Fields:
    """Merge the declared fields over the timings; empty if the probe is disabled or has no handler."""
    fields = dict(written or {})
    chosen = _handler(fields) or handler
    if fields.pop("disabled", False) or not chosen:
        return {}
    if "port" not in chosen.get("httpGet", {"port"}):
        chosen = {"httpGet": {"port": port, **chosen["httpGet"]}}
    return {**timings, **fields, **chosen}
