"""Builds the scheduling fields: on which nodes pods may run, and how they are spread."""

from typing import Any

from .. import names
from ..api.microservice import MicroserviceSpec
from ..api.pods import TopologySpreadConstraint
from .context import Context

SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def scheduling(context: Context) -> dict[str, Any]:
    """Build the scheduling fields of the service's pods, without empty ones."""
    spec = context.microservice.spec
    fields = {
        **placement(spec),
        "affinity": spec.affinity.manifest() if spec.affinity else None,
        "topologySpreadConstraints": _spread(context),
    }
    return {key: value for key, value in fields.items() if value}


def placement(spec: MicroserviceSpec) -> dict[str, Any]:
    """Build the fields that select nodes; they also apply to a migration, which runs the same image."""
    nodes = spec.affinity.node_affinity if spec.affinity else None
    fields = {
        "affinity": {"nodeAffinity": nodes.manifest()} if nodes else None,
        "nodeSelector": spec.node_selector,
        "tolerations": [toleration.manifest() for toleration in spec.tolerations or []],
        "priorityClassName": spec.priority_class_name,
    }
    return {key: value for key, value in fields.items() if value}


def _spread(context: Context) -> list[dict[str, Any]]:
    """Build the given constraints; by default, spread over zones and hosts if possible, but leave no pod pending.

    Each default contains the template's hash, so that a rollout does not count the pods that it replaces. A single pod
    has them, too: otherwise a second pod would change the template and replace the first.
    """
    selector = {"matchLabels": names.selector_labels(context.microservice.name)}
    given = context.microservice.spec.topology_spread_constraints
    if given is not None:
        return [_given(constraint, selector) for constraint in given]
    defaults = context.environment.spec.defaults if context.environment else None
    if defaults and not defaults.topology_spread:
        return []
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector,
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in SPREAD_OVER
    ]


def _given(constraint: TopologySpreadConstraint, selector: dict[str, Any]) -> dict[str, Any]:
    return {"labelSelector": selector} | constraint.manifest()
