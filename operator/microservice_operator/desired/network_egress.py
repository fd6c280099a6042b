"""Builds the egress rules: a Microservice's pods may call DNS and what the spec declares."""

from typing import Any
from urllib.parse import urlsplit

from ..api.microservice import Destination
from .context import Context
from .network_peers import POD_IDENTITY_AGENTS, cidr_peer, host_peers, microservice_peer, outside

Rule = dict[str, Any]

DNS: Rule = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
HTTP, HTTPS, POSTGRES = 80, 443, 5432
RDS_HOST = "rds.amazonaws.com"  # a host outside the cluster, like every instance; the rule allows the same addresses


def service_egress(context: Context) -> list[Rule]:
    """Build the rules of the service's pods."""
    access = context.microservice.spec.access
    aws = _aws(context)
    return [
        DNS,
        *_dependencies(context),
        *database_egress(context),
        *aws,
        *(rule for rule in _issuer(context) if rule not in aws),
        *(_destination(destination) for destination in (access.to if access else None) or []),
    ]


def database_egress(context: Context) -> list[Rule]:
    """Build a rule for each database's server.

    The server of the Environment takes precedence over that of the connection, which may be unknown for a while;
    running pods would then lose their access.
    """
    provider = context.environment.spec.databases if context.environment else None
    servers: list[tuple[str, int]] = []
    for database in context.microservice.spec.databases or []:
        connection = context.connections.get(database.name)
        if provider and provider.shared:
            servers.append((provider.shared.host, provider.shared.port))
        elif provider and provider.rds:
            servers.append((RDS_HOST, POSTGRES))
        elif connection:
            servers.append((connection.host, connection.port))
    return [{"to": host_peers(host), "ports": ports(port)} for host, port in servers]


def ports(*numbers: int) -> list[dict[str, Any]]:
    """Build TCP ports."""
    return [{"port": number, "protocol": "TCP"} for number in numbers]


def _dependencies(context: Context) -> list[Rule]:
    """Build a rule for all ports of the dependencies, because each dependency's own policy restricts its ports."""
    dependencies = context.microservice.spec.dependencies or []
    return [{"to": [microservice_peer(dependency.name) for dependency in dependencies]}] if dependencies else []


def _aws(context: Context) -> list[Rule]:
    """Build the rules for AWS and the agent that provides the pod's credentials, or for the emulator."""
    if not context.calls_aws:
        return []
    if context.aws_endpoint_url:
        url = urlsplit(context.aws_endpoint_url)
        port = url.port or (HTTPS if url.scheme == "https" else HTTP)
        return [{"to": host_peers(url.hostname or ""), "ports": ports(port)}]
    return [
        {"to": outside(), "ports": ports(HTTPS)},
        {"to": [cidr_peer(agent) for agent in POD_IDENTITY_AGENTS], "ports": ports(HTTP)},
    ]


def _issuer(context: Context) -> list[Rule]:
    """Build the rule for the issuer, whose keys the service reads to verify tokens.

    Its discovery document may name another host for the keys; outside the cluster, the rule allows that host too.
    """
    if context.jwt is None:
        return []
    url = urlsplit(context.jwt.issuer)
    return [{"to": host_peers(url.hostname or ""), "ports": ports(*sorted({HTTPS, url.port or HTTPS}))}]


def _destination(destination: Destination) -> Rule:
    to = [cidr_peer(destination.cidr)] if destination.cidr else host_peers(destination.host or "")
    return {"to": to, "ports": ports(*destination.ports)}
