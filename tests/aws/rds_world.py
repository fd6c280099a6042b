"""A strict RDS in front of the emulator; reconciles a declared database until nothing changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from microservice_operator.api.stores import Database
from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.scope import AwsScope
from microservice_operator.aws.engine.write_backoff import WriteBackoff
from microservice_operator.aws.rds import desired
from microservice_operator.aws.rds import instances as rds_instances
from microservice_operator.aws.rds.desired import DesiredInstance
from microservice_operator.facts import Part, State
from microservice_operator.resources import Removal
from tests.fakes.aws.proxy import Proxy
from tests.fakes.aws.rds_strict import StrictRDS, strict_ec2

if TYPE_CHECKING:
    from tests.aws.conftest import World

SIZES = {"small": "db.t4g.small", "medium": "db.m7g.large"}
SUBNETS = frozenset({"subnet-1", "subnet-2"})


@dataclass
class Network:
    """An EC2 client for changes outside the operator."""

    client: Any
    vpc: str
    pods: str

    def groups(self, name: str) -> list[dict[str, Any]]:
        found = self.client.describe_security_groups(Filters=[{"Name": "group-name", "Values": [name]}])
        listed: list[dict[str, Any]] = found["SecurityGroups"]
        return listed


@dataclass
class RDSWorld:
    """A place, the strict layer, and the network."""

    scope: AwsScope
    proxy: Proxy
    strict: StrictRDS
    network: Network
    heard: list[tuple[str, str, str]]
    known: dict[str, str] = field(default_factory=dict)
    key: str = ""

    @property
    def name(self) -> str:
        return rds_instances.instance_name(self.scope, "orders")

    @property
    def instance(self) -> dict[str, Any]:
        return self.strict.instances[self.name]

    def wanted(self, **spec: Any) -> DesiredInstance:
        declared = Database.model_validate({"name": "orders", **spec})
        network = desired.Network(self.network.vpc, SUBNETS, self.network.pods)
        return DesiredInstance(
            declared,
            {"team": "shop"},
            dict(self.known),
            field="spec.databases[0]",
            network=network,
            instance_class=SIZES[declared.size],
            key=self.key,
        )

    async def one_pass(self, wanted: DesiredInstance) -> tuple[Part, ...]:
        """Reconcile once: at most one write for each resource."""
        before = len(self.proxy.writes())
        parts, _ = await rds_instances.reconcile_instance(self.scope, replace(wanted, known=dict(self.known)))
        assert len(self.proxy.writes()) - before <= len(parts)
        self.known = {part.kind: part.id for part in parts if part.id}
        return parts

    async def drive(self, wanted: DesiredInstance, reconciliations: int = 80) -> tuple[Part, ...]:
        """Reconcile, after the requested waits, until nothing changes."""
        for _ in range(reconciliations):
            parts = await self.one_pass(wanted)
            if all(part.state in (State.READY, State.STALLED) for part in parts):
                return parts
            self.strict.advance(min(part.after for part in parts if part.after))
        raise AssertionError(parts)

    async def made(self, **spec: Any) -> Part:
        """A database from nothing to ready, and at rest."""
        parts = await self.drive(self.wanted(**spec), 300)
        assert {part.state for part in parts} == {State.READY}, parts
        self.strict.settle()
        self.strict.advance(120)
        return parts[0]

    async def quiet(self, **spec: Any) -> tuple[Part, ...]:
        """A reconciliation that writes nothing and sends no Event."""
        before = self.proxy.writes()
        parts = await self.one_pass(self.wanted(**spec))
        assert {part.state for part in parts} == {State.READY}, parts
        assert [event for part in parts for event in part.events] == []
        assert self.proxy.writes() == before
        return parts

    async def gone(self, policy: Any, reconciliations: int = 300) -> list[Part]:
        """Delete it in as many reconciliations as needed; return every reported part."""
        seen: list[Part] = []
        for _ in range(reconciliations):
            parts = await rds_instances.delete_instance(self.scope, Removal("orders", policy, self.known))
            seen += parts
            if all(part.state in (State.READY, State.RETAINED) for part in parts):
                return seen
            self.strict.advance(min(part.after for part in parts if part.after))
        raise AssertionError(parts)


@pytest.fixture(scope="session")
def ec2(emulator: str) -> Iterator[Network]:
    client: Any = boto3.client(
        "ec2",
        region_name="us-east-1",
        endpoint_url=emulator,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    vpc = client.describe_vpcs()["Vpcs"][0]["VpcId"]
    pods = client.create_security_group(GroupName="pods", Description="pods", VpcId=vpc)["GroupId"]
    yield Network(client, vpc, pods)
    client.close()


@pytest.fixture
def rds(world: "World", ec2: Network) -> RDSWorld:
    strict = StrictRDS()
    strict.groups.vpc = ec2.vpc
    world.proxy.layers |= {"rds": strict, "secretsmanager": strict, "ec2": strict_ec2(strict)}
    # answers are not cached: a reconciliation sees the state at the time of the strict layer's clock
    world.scope.clients.lists = ListCache(0, lambda: strict.now)
    world.scope.clients.expectations = Expectations(clock=lambda: strict.now)
    world.scope.clients.write_backoff = WriteBackoff(lambda: strict.now)
    return RDSWorld(world.scope, world.proxy, strict, ec2, world.heard)
