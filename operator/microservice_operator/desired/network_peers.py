"""Who is at the other end of a network rule, as NetworkPolicy can say it: pods, namespaces, address ranges.

NetworkPolicy knows no names. A Service of the cluster is opened as its whole namespace, any other host as every
address but the cloud's metadata service, whose credentials are the node's; what narrows both is the port. It must be
the port of the pods behind a Service, for policies are applied after the Service's address has been translated.
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
    """The pods of a Microservice of the same namespace."""
    return {"podSelector": {"matchLabels": names.selector_labels(name)}}


def namespace_peer(name: str) -> Peer:
    """All pods of a namespace."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def scraper_peer(scraper: Scraper) -> Peer:
    """Whoever reads metrics, as the Environment names it."""
    pods = {"podSelector": {"matchLabels": scraper.pod_labels}} if scraper.pod_labels else {}
    return namespace_peer(scraper.namespace) | pods


def host_peers(host: str) -> list[Peer]:
    """Where a host may be."""
    inside = CLUSTER_HOST.match(host)
    return [namespace_peer(inside[1])] if inside else outside()


def outside() -> list[Peer]:
    """Every address that may be called at all."""
    return [cidr_peer(cidr) for cidr in EVERYWHERE]


def cidr_peer(cidr: str) -> Peer:
    """A range of addresses, without the metadata service if that lies in it."""
    try:
        network = ip_network(cidr, strict=False)
    except ValueError:  # the API server says it better
        return {"ipBlock": {"cidr": cidr}}
    excepted = [
        address
        for address in METADATA_SERVICES
        if (service := ip_network(address)).version == network.version
        and network != service
        and int(network.network_address) <= int(service.network_address) <= int(network.broadcast_address)
    ]
    return {"ipBlock": {"cidr": str(network)} | ({"except": excepted} if excepted else {})}
