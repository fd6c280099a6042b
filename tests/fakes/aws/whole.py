"""All AWS services that the operator uses, each behind its strict layer, at one address."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self

import boto3

from tests.fakes.aws.eks import PodIdentity
from tests.fakes.aws.gateway import StrictGateway
from tests.fakes.aws.iam import StrictIAM
from tests.fakes.aws.proxy import Answer, Call, Emulator, Layer
from tests.fakes.aws.rds_strict import Servers, StrictRDS, strict_ec2
from tests.fakes.aws.scaling import StrictScaling
from tests.fakes.aws.sns import StrictSNS
from tests.fakes.aws.sqs import StrictSQS
from tests.fakes.aws.strict import StrictDynamoDB
from tests.fakes.aws.sts import StrictSTS

REGION = "us-east-1"


@dataclass
class WholeAWS:
    """A layer of the proxy that asks the one of the service; a service without one is as the emulator has it.

    With a `pace`, the clock of RDS runs by itself, so many of its seconds in one; without, tests move it.
    """

    clients: dict[str, Any]  # straight to the emulator: somebody else's hands
    rds: StrictRDS
    sns: StrictSNS
    gateway: StrictGateway
    scaling: StrictScaling
    dynamodb: StrictDynamoDB = field(default_factory=StrictDynamoDB)
    sqs: StrictSQS = field(default_factory=StrictSQS)
    iam: StrictIAM = field(default_factory=StrictIAM)
    eks: PodIdentity = field(default_factory=PodIdentity)
    sts: StrictSTS = field(default_factory=StrictSTS)
    pace: float = 0
    _looked: float = field(default_factory=time.monotonic)
    _locks: dict[str, threading.RLock] = field(default_factory=dict)

    @classmethod
    def before(cls, upstream: str, servers: Servers | None = None, pace: float = 0) -> Self:
        """All services of the emulator at `upstream`; instances of RDS answer on `servers`."""
        session: Any = boto3.session.Session("test", "test", region_name=REGION)
        names = ("apigatewayv2", "dynamodb", "ec2", "iam", "sns", "sqs")
        clients = {name: session.client(name, endpoint_url=upstream) for name in names}
        rds = StrictRDS(servers)
        rds.groups.vpc = clients["ec2"].describe_vpcs()["Vpcs"][0]["VpcId"]
        scaling = StrictScaling(clients["dynamodb"])
        return cls(clients, rds, StrictSNS(clients["sns"]), StrictGateway(clients["apigatewayv2"]), scaling, pace=pace)

    def anew(self) -> Self:
        """The same services without remembered state; the emulator's state stays."""
        rds = StrictRDS(self.rds.servers)
        rds.groups.vpc = self.rds.groups.vpc
        sns, gateway = StrictSNS(self.clients["sns"]), StrictGateway(self.clients["apigatewayv2"])
        return type(self)(self.clients, rds, sns, gateway, StrictScaling(self.clients["dynamodb"]), pace=self.pace)

    def close(self) -> None:
        """Close all connections."""
        for client in self.clients.values():
            client.close()

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        layer = self.layers().get(call.service)
        if layer is None:
            return emulator(call)
        with self._locks.setdefault(_state_of(call.service), threading.RLock()):
            if layer is self.rds and self.pace:
                self._move()
            return layer(call, emulator)

    def layers(self) -> dict[str, Layer]:
        """By the name that requests are signed for."""
        return {
            "apigateway": self.gateway,
            "application-autoscaling": self.scaling,
            "dynamodb": self.dynamodb,
            "ec2": strict_ec2(self.rds),
            "eks": self.eks,
            "iam": self.iam,
            "rds": self.rds,
            "secretsmanager": self.rds,
            "sns": self.sns,
            "sqs": self.sqs,
            "sts": self.sts,
        }

    def _move(self) -> None:
        now = time.monotonic()
        self.rds.advance((now - self._looked) * self.pace)
        self._looked = now


def _state_of(service: str) -> str:
    """Services that read the same instances share a lock."""
    return "rds" if service in ("ec2", "secretsmanager") else service
