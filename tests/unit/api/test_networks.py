"""The networks that `access.to` accepts; `tests/api` checks the API server with the same table."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.api.scalars import is_cidr
from microservice_operator.errors import InvalidSpec
from tests.unit.api.test_rules import parsed
from tests.unit.desired.builders import body, context

PATTERN, NETWORK, METADATA = "is not allowed here", "is not a network", "the metadata service"
NETWORKS = {
    "10.20.0.0/16": "",
    "10.20.1.1/16": "",
    "0.0.0.0/0": "",
    "::/0": "",
    "fd00::/8": "",
    "169.254.0.0/16": "",
    "169.254.169.254/31": "",
    "169.254.169.253/32": "",
    "fd00:ec2::/64": "",
    "fd00:ec2::253/128": "",
    "169.254.169.254/32": METADATA,
    "fd00:ec2::254/128": METADATA,
    "FD00:0EC2:0:0:0:0:0:254/128": METADATA,
    "fd00:ec2::0.0.2.84/128": METADATA,
    "::ffff:169.254.169.254/128": NETWORK,
    "::ffff:a9fe:a9fe/128": NETWORK,
    "::ffff:0:0/96": NETWORK,
    "::ffff:10.0.0.0/104": NETWORK,
    "169.254.169.254/032": NETWORK,
    "169.254.169.254/33": NETWORK,
    "10.0.0.0/999": NETWORK,
    "010.0.0.0/8": NETWORK,
    "10.0.0/8": NETWORK,
    "10/8": NETWORK,
    "fd00:::/8": NETWORK,
    "fd00::%1/8": PATTERN,
    "10.0.0.0": PATTERN,
    "10.0.0.0/255.0.0.0": PATTERN,
}
METADATA_ADDRESSES = [ip_address("169.254.169.254"), ip_address("fd00:ec2::254")]


def resource(cidr: str) -> dict[str, Any]:
    """A Microservice that may call one network."""
    spec = {"image": "a", "access": {"to": [{"cidr": cidr, "ports": [80]}]}}
    return {
        "apiVersion": "microservice-operator.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": "order", "namespace": "default"},
        "spec": spec,
    }


@pytest.mark.parametrize("cidr", NETWORKS)
def test_network(cidr: str) -> None:
    if not NETWORKS[cidr]:
        parsed(resource(cidr))
        return
    with pytest.raises(InvalidSpec, match=NETWORKS[cidr]):
        parsed(resource(cidr))


BITS = st.integers(0, 32).map(lambda bits: f"169.254.169.254/{bits}")
NEAR = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(0, 32)),
    st.tuples(st.ip_addresses(v=4, network="169.254.169.0/24"), st.integers(0, 32)),
    st.tuples(st.ip_addresses(v=6), st.integers(0, 128)),
    st.tuples(st.ip_addresses(v=6, network="fd00:ec2::/112"), st.integers(0, 128)),
    st.tuples(st.ip_addresses(v=6, network="::ffff:169.254.169.0/120"), st.integers(0, 128)),
).map(lambda found: f"{found[0]}/{found[1]}")


@given(cidr=BITS | NEAR)
def test_no_rule_opens_the_metadata_service(cidr: str) -> None:
    try:
        of = context({"access": {"to": [{"cidr": cidr, "ports": [80]}]}})
    except InvalidSpec:
        return  # it opens nothing
    assert is_cidr(cidr)
    for rule in body(of, "NetworkPolicy")["spec"]["egress"]:
        for block in [peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer]:
            opened = ip_network(block["cidr"])
            left_out = [ip_network(network) for network in block.get("except", [])]
            for address in METADATA_ADDRESSES:
                assert address not in opened or any(address in network for network in left_out)
