"""The network of a new emulator account, with the ids that `manifests/local` contains.

A platform team has a VPC and writes its ids into an Environment once. The emulator forgets ids at every restart and
creates random ones, unless a seed is set ("Deterministic Identifiers" in moto's documents).
"""

import secrets
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3

REGION = "us-east-1"
SEED = 20


@dataclass(frozen=True)
class Network:
    """What an Environment names."""

    vpc: str
    subnets: tuple[str, ...]
    pods: str


def make_network(upstream: str) -> Network:
    """The account's VPC, two of its subnets in different zones, and a security group for pods; before all else."""
    _seed(upstream, SEED)
    ec2: Any = boto3.client(
        "ec2", endpoint_url=upstream, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    listed = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    subnets = [subnet["SubnetId"] for subnet in sorted(listed, key=lambda subnet: str(subnet["AvailabilityZone"]))]
    pods = ec2.create_security_group(GroupName="pods", Description="The pods of the cluster", VpcId=vpc)["GroupId"]
    ec2.close()
    _seed(upstream, secrets.randbelow(2**31))  # or what is made next would have the ids of before the restart
    return Network(vpc, tuple(subnets[:2]), pods)


def _seed(upstream: str, number: int) -> None:
    request = urllib.request.Request(f"{upstream}/moto-api/seed?a={number}", method="POST")
    urllib.request.urlopen(request, timeout=30).close()
