"""PURE: widens a child so that it still allows the traffic of pods of the old declaration while they may run.

If a new version never becomes ready, the old pods keep serving. What they call, and the ports on which they are called,
must stay allowed although no longer declared. Callers that are no longer declared are refused immediately.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .context import Child
from .hashing import hashed

WIDENED = ("NetworkPolicy", "Service")


def widened(child: Child, former: Mapping[str, Any]) -> Child:
    """Return the child with what the old object of the same name also allows; the child itself if that is nothing."""
    if child.body is None:
        return child
    spec = child.body["spec"]
    widen = _policy if child.kind == "NetworkPolicy" else _service
    wider = widen(spec, former.get("spec") or {})
    return child if wider == spec else replace(child, body=hashed({**child.body, "spec": wider}))


def _policy(spec: dict[str, Any], former: Mapping[str, Any]) -> dict[str, Any]:
    egress = spec.get("egress") or []
    egress = [*egress, *(rule for rule in former.get("egress") or [] if rule not in egress)]
    ingress = spec.get("ingress") or []
    ingress = [*ingress, *(rule for rule in _still_admitted(ingress, former) if rule not in ingress)]
    return {**spec, **({"ingress": ingress} if ingress else {}), "egress": egress}


def _still_admitted(ingress: list[dict[str, Any]], former: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rules with old ports, on which old pods listen, for callers that are still allowed."""
    admitted = [peer for rule in ingress for peer in rule.get("from") or []]
    everyone = any(not rule.get("from") for rule in ingress)
    rules = []
    for rule in former.get("ingress") or []:
        peers = [peer for peer in rule.get("from") or [] if everyone or peer in admitted]
        if peers:
            rules.append({**rule, "from": peers})
        elif everyone and not rule.get("from"):
            rules.append(dict(rule))
    return rules


def _service(spec: dict[str, Any], former: Mapping[str, Any]) -> dict[str, Any]:
    ports = spec["ports"]
    names, numbers = {port["name"] for port in ports}, {(port["port"], port["protocol"]) for port in ports}
    kept = [
        {key: value for key, value in port.items() if key != "nodePort"}
        for port in former.get("ports") or []
        if port.get("name") not in names and (port.get("port"), port.get("protocol")) not in numbers
    ]
    return {**spec, "ports": [*ports, *kept]}
