"""Who may call the service and what it may call: what is not declared is refused, in both directions."""

from typing import Any

from .. import names
from ..api.microservice import Caller
from .context import Child, Context
from .egress import DNS, database_egress, service_egress
from .metadata import child
from .peers import Peer, cidr_peer, microservice_peer, namespace_peer, prometheus_peer

Rule = dict[str, Any]


def network_policies(context: Context) -> tuple[Child, ...]:
    """The policy of the service's pods and, if any migrate, that of migrations, which nobody calls."""
    name, spec = context.microservice.name, context.microservice.spec
    own = _policy(names.selector_labels(name), _ingress(context), service_egress(context))
    policies = {name: own}
    if any(database.migration for database in spec.databases or []):
        migration = _policy({names.LABEL_MIGRATION: name}, [], [DNS, *database_egress(context)])
        policies[names.migration_policy(name)] = migration
    return tuple(child(context, "NetworkPolicy", name, {"spec": policy}) for name, policy in policies.items())


def _policy(selector: dict[str, str], ingress: list[Rule], egress: list[Rule]) -> dict[str, Any]:
    """A direction without a rule is refused altogether: naming it is enough."""
    rules = {"ingress": ingress} if ingress else {}
    return {
        "podSelector": {"matchLabels": selector},
        "policyTypes": ["Ingress", "Egress"],
        **rules,
        "egress": egress,
    }


def _ingress(context: Context) -> list[Rule]:
    """A Service that reaches out of the cluster admits everyone; what stands before it decides."""
    spec = context.microservice.spec
    declared = [{"port": port.container_port, "protocol": port.protocol} for port in spec.ports]
    if spec.service and spec.service.type != "ClusterIP":
        return [{"ports": declared}]
    callers = [_peer(caller) for caller in (spec.access.from_ if spec.access else None) or []]
    callers += _load_balancer(context)
    rules: list[Rule] = [{"from": callers, "ports": declared}] if callers else []
    if spec.metrics:
        scraped = [port for port, given in zip(declared, spec.ports, strict=True) if given.name == spec.metrics.port]
        rules.append({"from": [prometheus_peer()], "ports": scraped})
    return rules


def _load_balancer(context: Context) -> list[Peer]:
    """What stands between the API gateway and a service with routes."""
    aws = context.environment.spec.aws if context.environment and context.microservice.spec.api else None
    return [cidr_peer(cidr) for cidr in (aws.api_gateway.source_cidrs if aws and aws.api_gateway else None) or []]


def _peer(caller: Caller) -> dict[str, Any]:
    return microservice_peer(caller.microservice) if caller.microservice else namespace_peer(caller.namespace or "")
