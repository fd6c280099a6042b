"""Builds the peers of network rules in the terms of NetworkPolicy: pods, namespaces, address ranges.

NetworkPolicy does not know host names. For a Service of the cluster, the rule allows its whole namespace. For any other
host, it allows every address except the cloud's metadata service, which has the node's credentials. The port restricts
both. It must be the port of the pods behind a Service, because policies apply after the translation of the Service's
address.
"""

import re
from ipaddress import ip_network
from typing import Any

from .. import names
from ..api.environment import Scraper
from ..api.scalars import METADATA_SERVICES

Peer = dict[str, Any]

EVERYWHERE = ("0.0.0.0/0", "::/0")
POD_IDENTITY_AGENTS = ("169.254.170.23/32", "fd00:ec2::23/128")
CLUSTER_HOST = re.compile(r"^(?:[^.]+\.)+([^.]+)\.svc(?:\.cluster\.local)?$")


def microservice_peer(name: str) -> Peer:
    """Return the pods of a Microservice of the same namespace."""
    return {"podSelector": {"matchLabels": names.selector_labels(name)}}


def jobs_selector(name: str) -> dict[str, Any]:
    """Return the label selector of the pods of a Microservice's scheduled jobs."""
    by_job = {"key": names.LABEL_JOB, "operator": "Exists"}
    return {"matchLabels": {names.LABEL_MICROSERVICE: name}, "matchExpressions": [by_job]}


def jobs_peer(name: str) -> Peer:
    """Return the pods of the scheduled jobs of a Microservice of the same namespace."""
    return {"podSelector": jobs_selector(name)}


def namespace_peer(name: str) -> Peer:
    """Return all pods of a namespace."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def scraper_peer(scraper: Scraper) -> Peer:
    """Return the pods that read metrics, as the Environment declares them."""
    pods = {"podSelector": {"matchLabels": scraper.pod_labels}} if scraper.pod_labels else {}
    return namespace_peer(scraper.namespace) | pods


def host_peers(host: str) -> list[Peer]:
    """Return the peers among which a host may be."""
    inside = CLUSTER_HOST.match(host)
    return [namespace_peer(inside[1])] if inside else outside()


def outside() -> list[Peer]:
    """Return every address that a pod may ever call."""
    return [cidr_peer(cidr) for cidr in EVERYWHERE]


def cidr_peer(cidr: str) -> Peer:
    """Return a range of addresses, without the metadata service if it is in the range."""
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:  # the API server reports this with a better message
        return {"ipBlock": {"cidr": cidr}}
    excepted = [
        address
        for address in METADATA_SERVICES
        if (service := ip_network(address)).version == network.version
        and network != service
        and int(network.network_address) <= int(service.network_address) <= int(network.broadcast_address)
    ]
    return {"ipBlock": {"cidr": str(network)} | ({"except": excepted} if excepted else {})}
