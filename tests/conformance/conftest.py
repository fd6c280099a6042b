"""Fixtures: one prepared account for the session; each test has clients and a clock of its own."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from microservice_operator.api.parsing import Environment
from microservice_operator.aws.engine.clients import Limits
from microservice_operator.aws.engine.create_once import CreateOnce
from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.measured_clients import MeasuredClients
from microservice_operator.aws.engine.write_backoff import WriteBackoff
from microservice_operator.conformance.checks import new_account
from microservice_operator.conformance.report import Report
from microservice_operator.conformance.run import Conformance, Request
from microservice_operator.conformance.timing import Timing
from tests.fakes.aws import contract
from tests.fakes.aws.emulator import empty, running
from tests.fakes.aws.proxy import Proxy
from tests.fakes.aws.tagging import Tagging
from tests.fakes.aws.whole import WholeAWS

from .account import AccountLayer, Prepared, prepare

contract.watch()


@pytest.fixture(autouse=True)
def calls_fit_the_models() -> Iterator[None]:
    """Fail the test whose calls break a rule of AWS's own models."""
    yield
    assert contract.taken() == []


@dataclass
class World:
    """The account, and the address of the proxy before it; `now` is the clock of the run."""

    prepared: Prepared
    proxy: Proxy
    layer: AccountLayer
    address: str
    clients: MeasuredClients
    now: float = 0
    runs: list[Conformance] = field(default_factory=list)

    async def run(self, environment: Environment | None = None, role_arn: str = "", **requested: bool) -> Report:
        """One run of the command."""
        environment = environment or self.prepared.environment()
        assert environment.spec.aws
        account = new_account(self.clients, environment, environment.spec.aws, role_arn)
        timing = Timing(lambda: self.now, self.sleep)
        self.runs.append(Conformance(account, self.clients, Request(**requested), timing))
        return await self.runs[-1].certify()

    async def sleep(self, seconds: float) -> None:
        """Let time pass for everybody who has a clock."""
        self.now += seconds
        self.layer.aws.rds.advance(seconds)
        await asyncio.sleep(0)


@pytest.fixture(scope="session")
def account() -> Iterator[tuple[Prepared, WholeAWS, Proxy, str]]:
    with pytest.MonkeyPatch.context() as environment, running() as upstream:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        empty(upstream)
        aws = WholeAWS.before(upstream)
        prepared = prepare(upstream, aws)
        proxy = Proxy(upstream, aws, seen=set())  # the command makes calls that the operator does not
        address = proxy.start()
        yield prepared, aws, proxy, address
        proxy.stop()
        aws.close()
        for client in prepared.clients.values():
            client.close()


@pytest.fixture(scope="session")
def shared_clients(account: tuple[Prepared, WholeAWS, Proxy, str]) -> Iterator[MeasuredClients]:
    """Created once, because boto3 clients are slow to create."""
    clients = MeasuredClients(account[-1], Limits(read_seconds=5, attempts=1), keep=True)
    yield clients
    clients.close()


@pytest.fixture
def world(account: tuple[Prepared, WholeAWS, Proxy, str], shared_clients: MeasuredClients) -> World:
    prepared, before, proxy, address = account
    aws = before.anew()
    proxy.layer = layer = AccountLayer(aws, Tagging(aws))
    proxy.calls.clear()
    clients = shared_clients
    clients.calls.clear()
    clients.verified_accounts.clear()
    world = World(prepared, proxy, layer, address, clients)
    clients.lists = ListCache(0, lambda: world.now)
    clients.create_once = CreateOnce(60, lambda: world.now)
    clients.expectations = Expectations(60, lambda: world.now)
    clients.write_backoff = WriteBackoff(lambda: world.now)
    return world
