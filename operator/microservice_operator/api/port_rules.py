"""Rules about ports, each in CEL and in Python; most are for a service without ports (`ports: []`).

Such a service, for example a worker, has no Service, so nothing can call it, and no port is the default of a probe or
hook. A numeric port of a probe is allowed: the kubelet reaches every port of the pod.
"""

from collections.abc import Callable, Iterator
from typing import Any

from .base import Rule

PROBES = {
    "livenessProbe": "liveness_probe",
    "readinessProbe": "readiness_probe",
    "startupProbe": "startup_probe",
}
HANDLERS = {"httpGet": "http_get", "tcpSocket": "tcp_socket", "exec": "exec", "grpc": "grpc"}
NO_PORTS = "has(self.ports) && self.ports.size() == 0"
REMEDY = "add a port to spec.ports or remove"


def _unless_bare(cel: str, holds: Callable[[Any], bool], message: str, field: str) -> Rule:
    """Build a rule that applies only if `ports` is empty."""
    return Rule(
        cel=f"!({NO_PORTS}) || ({cel})",
        holds=lambda self: bool(self.ports) or holds(self),
        message=message,
        field=field,
    )


def _enabled(owner: str, probe: str) -> str:
    return f"(has({owner}.{probe}) && !(has({owner}.{probe}.disabled) && {owner}.{probe}.disabled))"


def _handled(owner: str, probe: str) -> str:
    given = " || ".join(f"has({owner}.{probe}.{handler})" for handler in HANDLERS)
    return f"({_enabled(owner, probe)} && ({given}))"


def _portless(action: str) -> str:
    return f"(has({action}.httpGet) && !has({action}.httpGet.port))"


def _answered(owner: str, probe: str) -> str:
    """Build the CEL for "the probe is absent, or knows what to request", given that there is no default port."""
    anywhere = " || ".join(_handled(owner, each) for each in PROBES)
    return f"(!{_enabled(owner, probe)} || (!{_portless(f'{owner}.{probe}')} && ({anywhere})))"


def _is_answered(owner: Any, attribute: str) -> bool:
    probe = getattr(owner, attribute)
    if probe is None or probe.disabled:
        return True
    if probe.http_get and probe.http_get.port is None:
        return False
    enabled = [each for name in PROBES.values() if (each := getattr(owner, name)) and not each.disabled]
    return any(getattr(each, handler) is not None for each in enabled for handler in HANDLERS.values())


def _hooked(owner: str) -> str:
    """Build the CEL for "each HTTP hook has a port"."""
    hooks = (f"{owner}.lifecycle.{hook}" for hook in ("postStart", "preStop"))
    return f"(!has({owner}.lifecycle) || (" + " && ".join(f"(!has({h}) || !{_portless(h)})" for h in hooks) + "))"


def _is_hooked(owner: Any) -> bool:
    lifecycle = owner.lifecycle
    hooks = (lifecycle.post_start, lifecycle.pre_stop) if lifecycle else ()
    return all(not (hook and hook.http_get) or hook.http_get.port is not None for hook in hooks)


def _probe(probe: str, attribute: str) -> Rule:
    return _unless_bare(
        _answered("self", probe),
        lambda self: _is_answered(self, attribute),
        f"{probe}: with ports: [] there is no port to request by default; set httpGet.port to a number, or use exec,"
        " tcpSocket or grpc",
        probe,
    )


def _sidecar_holds(self: Any) -> bool:
    return all(
        any(port.protocol == "TCP" for port in c.ports or [])
        or (_is_hooked(c) and all(_is_answered(c, attribute) for attribute in PROBES.values()))
        for c in self.sidecars or []
    )


def _port_rules() -> Iterator[Rule]:
    yield _unless_bare(
        "!has(self.service)",
        lambda self: self.service is None,
        f"service: with ports: [] there is no Service; {REMEDY} service",
        "service",
    )
    yield _unless_bare(
        "!has(self.api)",
        lambda self: self.api is None,
        f"api: with ports: [] no route can reach the service; {REMEDY} api",
        "api",
    )
    # access.from also allows tableRefs and subscriptions of other services
    yield _unless_bare(
        "!has(self.access) || !has(self.access.from) || self.access.from.size() == 0"
        " || (has(self.tables) && self.tables.size() > 0) || (has(self.topics) && self.topics.size() > 0)",
        lambda self: not (self.access and self.access.from_) or bool(self.tables or self.topics),
        f"access.from: with ports: [] nothing can call the service, and it has no table or topic to share; {REMEDY}"
        " access.from",
        "access.from",
    )
    for probe, attribute in PROBES.items():
        yield _probe(probe, attribute)
    yield _unless_bare(
        _hooked("self"),
        _is_hooked,
        "lifecycle: with ports: [] there is no port to request by default; set httpGet.port to a number, or use exec",
        "lifecycle",
    )
    sidecar = " && ".join([_hooked("c"), *(_answered("c", probe) for probe in PROBES)])
    yield _unless_bare(
        "!has(self.sidecars) || self.sidecars.all(c, (has(c.ports) && c.ports.exists(p, p.protocol == 'TCP'))"
        f" || ({sidecar}))",
        _sidecar_holds,
        "sidecars: with ports: [] a probe or hook has no port to request by default; set httpGet.port to a number, or"
        " use exec, tcpSocket or grpc",
        "sidecars",
    )


PORT_RULES = (
    Rule(
        cel="!has(self.ports) || self.ports.all(p, self.ports.filter(q, q.name == p.name).size() == 1)",
        holds=lambda self: len({port.name for port in self.ports}) == len(self.ports),
        message="ports: a name may appear only once; rename or remove one of them",
        field="ports",
    ),
    *_port_rules(),
)
