"""Builds the network policies: who may call the service, and what it may call; everything undeclared is refused."""

from dataclasses import replace
from typing import Any

from .. import names
from ..api.environment import Scraper
from ..api.microservice import Caller, MicroserviceSpec
from ..errors import Problem
from .context import Child, Context
from .metadata import child
from .network_egress import DNS, database_egress, service_egress
from .network_peers import Peer, cidr_peer, jobs_peer, jobs_selector, microservice_peer, namespace_peer, scraper_peer

Rule = dict[str, Any]


def network_policies(context: Context) -> tuple[Child, ...]:
    """Build the policy of the service's pods and, if there are any, those of the pods of migrations and of jobs.

    Nothing may call the pods of migrations and jobs. Those of jobs may call what the service may call.
    """
    name, spec = context.microservice.name, context.microservice.spec
    own = _policy({"matchLabels": names.selector_labels(name)}, _ingress(context), service_egress(context))
    policies = {name: own}
    if any(database.migration for database in spec.databases or []):
        selector = {"matchLabels": {names.LABEL_MIGRATION: name}}
        policies[names.migration_policy(name)] = _policy(selector, [], [DNS, *database_egress(context)])
    if spec.jobs:
        policies[names.jobs_policy(name)] = _policy(jobs_selector(name), [], service_egress(context))
    made = (child(context, "NetworkPolicy", policy_name, {"spec": policy}) for policy_name, policy in policies.items())
    return tuple(replace(policy, notice=_notice(context)) if policy.name == name else policy for policy in made)


def _policy(selector: dict[str, Any], ingress: list[Rule], egress: list[Rule]) -> dict[str, Any]:
    """Build a spec.

    A direction without rules denies everything; its empty list makes manual rules visible as drift.
    """
    return {
        "podSelector": selector,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }


def _ingress(context: Context) -> list[Rule]:
    """Return the ingress rules; a Service that is reachable from outside allows everyone.

    Without ports there is no rule, because a rule with an empty list of ports allows all ports.
    """
    spec = context.microservice.spec
    if not spec.ports:
        return []
    declared = [{"port": port.container_port, "protocol": port.protocol} for port in spec.ports]
    if _reaches_out(spec):
        return [{"ports": declared}]
    callers = [_peer(caller) for caller in (spec.access.from_ if spec.access else None) or []]
    callers += [jobs_peer(caller) for caller in sorted(context.callers_with_jobs)]
    callers += _load_balancer(context)
    rules: list[Rule] = [{"from": callers, "ports": declared}] if callers else []
    scraper = _scraper(context)
    if spec.metrics and scraper:
        scraped = [port for port, given in zip(declared, spec.ports, strict=True) if given.name == spec.metrics.port]
        rules.append({"from": [scraper_peer(scraper)], "ports": scraped})
    return rules


def _reaches_out(spec: MicroserviceSpec) -> bool:
    return spec.service is not None and spec.service.type != "ClusterIP"


def _scraper(context: Context) -> Scraper | None:
    metrics = context.environment.spec.metrics if context.environment else None
    return metrics.scraper if metrics else None


def _notice(context: Context) -> Problem | None:
    """Return a warning about declared callers that have no effect."""
    spec = context.microservice.spec
    if _reaches_out(spec) and spec.service and spec.access and spec.access.from_ is not None:
        problem = f"has no effect with service.type {spec.service.type}, which everybody can reach; remove one of them"
        return Problem("spec.access.from", f"access.from {problem}")
    if spec.metrics and not _reaches_out(spec) and not _scraper(context):
        problem = "no pod may read the metrics; set metrics.scraper in the Environment"
        return Problem("spec.metrics", problem)
    return None


def _load_balancer(context: Context) -> list[Peer]:
    """Return the peers of the load balancer between the API gateway and a service with routes."""
    aws = context.environment.spec.aws if context.environment and context.microservice.spec.api else None
    return [cidr_peer(cidr) for cidr in (aws.api_gateway.source_cidrs if aws and aws.api_gateway else None) or []]


def _peer(caller: Caller) -> dict[str, Any]:
    return microservice_peer(caller.microservice) if caller.microservice else namespace_peer(caller.namespace or "")
