"""PURE: a child that still lets through what pods of the former declaration need, for as long as they may run.

A new version that never becomes ready leaves the former pods in service. What they call, and on which ports they are
called, must not go with the declaration; consent that was taken back goes at once.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .context import Child
from .hashing import hashed

WIDENED = ("NetworkPolicy", "Service")


def widened(child: Child, former: Mapping[str, Any]) -> Child:
    """The child with what the `former` object of the same name lets through besides; itself if that is nothing."""
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
    """Former ports for those callers that are admitted now as well: former pods listen there."""
    admitted = [peer for rule in ingress for peer in rule.get("from") or []]
    everyone = any(not rule.get("from") for rule in ingress)
    found = []
    for rule in former.get("ingress") or []:
        peers = [peer for peer in rule.get("from") or [] if everyone or peer in admitted]
        if peers:
            found.append({**rule, "from": peers})
        elif everyone and not rule.get("from"):
            found.append(dict(rule))
    return found


def _service(spec: dict[str, Any], former: Mapping[str, Any]) -> dict[str, Any]:
    ports = spec["ports"]
    names, numbers = {port["name"] for port in ports}, {(port["port"], port["protocol"]) for port in ports}
    kept = [
        {key: value for key, value in port.items() if key != "nodePort"}
        for port in former.get("ports") or []
        if port.get("name") not in names and (port.get("port"), port.get("protocol")) not in numbers
    ]
    return {**spec, "ports": [*ports, *kept]}
