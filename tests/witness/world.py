"""Reconciles one Microservice against MiniStack; the clock of the operator moves, that of MiniStack does not."""

from dataclasses import dataclass
from typing import Any

import boto3
import time_machine

from microservice_operator.aws.engine.clients import Clients, Limits
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.reconcile import ExternalReconciler
from microservice_operator.facts import State
from microservice_operator.postgres.sessions import Servers
from microservice_operator.resync_cache import ResyncCache
from tests.conformance.account import create_listener
from tests.fakes.aws.proxy import Call
from tests.whole.holdings import Tags
from tests.whole.spec import POD_IDENTITY
from tests.whole.world import Driver, Objects, troubled

from .gaps import Gaps
from .holdings import CLIENTS, CLUSTER, holdings

ACCOUNT = "123456789012"
REGION = "us-east-1"
ALL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
TRUST = '{"Version": "2012-10-17", "Statement": []}'


@dataclass(frozen=True)
class Account:
    """What a platform team prepares, and clients straight to MiniStack."""

    address: str
    clients: dict[str, Any]
    vpc: str
    subnets: list[str]
    pods: str  # security group
    boundaries: tuple[str, str]  # ARNs of policies
    keys: tuple[str, str]  # ARNs
    listener: str

    @classmethod
    def prepared(cls, address: str) -> "Account":
        """The account of a MiniStack that has just started."""
        session: Any = boto3.session.Session("test", "test", region_name=REGION)
        clients = {name: session.client(name, endpoint_url=address) for name in CLIENTS}
        ec2 = clients["ec2"]
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        listed = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
        subnets = [subnet["SubnetId"] for subnet in listed][:2]
        pods = ec2.create_security_group(GroupName="pods", Description="pods", VpcId=vpc)["GroupId"]
        role = clients["iam"].create_role(RoleName="cluster", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        clients["eks"].create_cluster(name=CLUSTER, roleArn=role, resourcesVpcConfig={"subnetIds": subnets})
        clients["eks"].create_addon(clusterName=CLUSTER, addonName="eks-pod-identity-agent")
        iam, kms = clients["iam"], clients["kms"]
        boundaries = [
            iam.create_policy(PolicyName=name, PolicyDocument=ALL)["Policy"]["Arn"] for name in ("one", "two")
        ]
        key, other_key = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
        listener = create_listener(clients["elbv2"], vpc, subnets)
        return cls(address, clients, vpc, subnets, pods, (boundaries[0], boundaries[1]), (key, other_key), listener)

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients.values():
            client.close()

    def aws(self, api: str) -> dict[str, Any]:
        """`spec.aws` of an Environment with an API of this name."""
        return {
            "region": REGION,
            "accountID": ACCOUNT,
            "vpcID": self.vpc,
            "subnetIDs": self.subnets,
            "podSecurityGroupID": self.pods,
            "identity": POD_IDENTITY,
            "permissionsBoundaryARN": self.boundaries[0],
            "messagingKeyARN": self.keys[0],
            "tableKeyARN": self.keys[0],
            "databaseKeyARN": self.keys[0],
            "apiGateway": {
                "name": api,
                "vpcLinkID": "abc123",
                "listenerARN": self.listener,
                "deletionPolicy": "Delete",
            },
        }


def reconciler(proxy: str, objects: Objects, heard: list[tuple[str, str, str]]) -> ExternalReconciler:
    """What a process of the operator starts with: no client, no session, no cache."""
    clients = Clients(proxy, lambda *call: heard.append(call), Limits(read_seconds=5, attempts=1))
    connected = ExternalClients(objects, "cluster", clients, Servers(), ResyncCache(0), resync=300)  # type: ignore[arg-type]
    return ExternalReconciler(connected)


@dataclass(kw_only=True)
class World(Driver):
    """A Microservice, and MiniStack with its gaps closed."""

    account: Account
    gaps: Gaps
    clock: time_machine.Traveller

    def pass_time(self, seconds: float) -> None:
        """For the operator, also where it compares a time that AWS shows with its own."""
        super().pass_time(seconds)
        self.clock.shift(seconds)

    def restart(self, external: ExternalReconciler) -> None:
        """Go on in another process, which knows the status only."""
        self.external = external
        self.__post_init__()

    def writes_of(self, since: int) -> list[Call]:
        """Calls that changed something, since so many calls."""
        return [call for call in self.calls()[since:] if call.changes]

    def holdings(self) -> dict[str, Tags]:
        """Everything that is of the Microservice or of its Environment."""
        return holdings(self.account.clients, self.identity.namespace, self.name, self.environment.name)

    async def silent(self, spec: Any) -> None:
        """Another reconciliation changes nothing and leaves everything Ready."""
        before = len(self.calls())
        provided = await self.step(spec)
        assert [f"{call.service}:{call.action} {call.body}" for call in self.writes_of(before)] == []
        assert {part.state for part in provided.parts} <= {State.READY}, troubled(provided.parts)
