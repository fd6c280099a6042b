"""Fixtures: one emulator for all tests of this folder; one strict layer and one Microservice for each test."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.api.stores import Table
from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import reconcile_table
from microservice_operator.aws.engine.clients import Clients, Limits
from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.aws.engine.scope import AwsScope
from microservice_operator.aws.engine.write_backoff import WriteBackoff
from microservice_operator.facts import Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resync_cache import ResyncCache
from tests.aws.rds_world import ec2, rds
from tests.fakes.aws import authorization, contract
from tests.fakes.aws.emulator import running
from tests.fakes.aws.proxy import Proxy
from tests.fakes.aws.scaling import StrictScaling
from tests.fakes.aws.strict import StrictDynamoDB

__all__ = ["ec2", "rds"]  # fixtures
ACCOUNT = "123456789012"
REGION = "us-east-1"
_numbers = count()
contract.watch()
authorization.watch()


@pytest.fixture(autouse=True)
def calls_are_decided() -> Iterator[None]:
    """Remember the calls of this folder, about which the last tests ask a simulator of IAM.

    For each test: pytest ends what belongs to a folder without `__init__.py` only with the session.
    """
    with authorization.recording():
        yield


@pytest.fixture(autouse=True)
def calls_fit_the_models() -> Iterator[None]:
    """Fail the test whose calls break a rule of AWS's own models."""
    yield
    assert contract.taken() == []


def skip_unless_all_ran(request: pytest.FixtureRequest) -> None:
    """Skip a test that needs the calls of all tests of this folder."""
    here = Path(__file__).parent
    chosen = {item.path.name for item in request.session.items if item.path.parent == here}
    whole = not (request.config.option.keyword or request.config.option.markexpr or request.session.testsfailed)
    by_id = any("::" in argument for argument in request.config.args)
    if not whole or by_id or chosen != {path.name for path in here.glob("test_*.py")}:
        pytest.skip("some tests of this folder did not run, or failed")


@dataclass
class World:
    """A place, and what is between it and the emulator."""

    scope: AwsScope
    proxy: Proxy
    strict: StrictDynamoDB
    heard: list[tuple[str, str, str]]
    scaling: StrictScaling
    client: Any  # straight to the emulator: somebody else's hands
    now: list[float] = field(default_factory=lambda: [0.0])  # the clock of what was done a moment ago


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    with running() as address:
        yield address


@pytest.fixture(scope="session")
def doors(emulator: str) -> Iterator[World]:
    """Created once, because a boto3 client is slow to create."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        strict = StrictDynamoDB()
        proxy = Proxy(emulator, strict)
        heard: list[tuple[str, str, str]] = []
        clients = Clients(proxy.start(), lambda *call: heard.append(call), Limits(read_seconds=5, attempts=1))
        client = boto3.client("dynamodb", region_name=REGION, endpoint_url=emulator)
        client.list_tables()  # the emulator loads a service at its first request, which takes seconds
        identity = boto3.client("sts", region_name=REGION, endpoint_url=emulator)
        identity.get_caller_identity()
        identity.close()
        nobody = Owner("cluster", Identity("", "", ""))
        yield World(
            AwsScope(clients, REGION, ACCOUNT, nobody, ResyncCache(0)),
            proxy,
            strict,
            heard,
            StrictScaling(client),
            client,
        )
        client.close()
        clients.close()
        proxy.stop()


@pytest.fixture
def world(doors: World) -> World:
    number = next(_numbers)
    owner = Owner("cluster", Identity("shop", f"product-{number}", f"uid-{number}"))
    doors.proxy.layer = strict = StrictDynamoDB()
    scaling = StrictScaling(doors.client)
    doors.proxy.layers["application-autoscaling"] = scaling
    doors.proxy.faults = []
    doors.proxy.calls.clear()
    doors.heard.clear()
    doors.scope.clients.verified_accounts.clear()
    now = [0.0]
    doors.scope.clients.expectations = Expectations(clock=lambda: now[0])
    doors.scope.clients.write_backoff = WriteBackoff(lambda: now[0])
    return replace(doors, scope=replace(doors.scope, owner=owner), strict=strict, scaling=scaling, now=now)


def table(**spec: Any) -> Table:
    return Table.model_validate({"name": "products", "partitionKey": {"name": "id"}, **spec})


async def drive(world: World, wanted: DesiredTable, reconciliations: int = 40) -> Part:
    """Reconcile until nothing changes; no reconciliation writes more than once."""
    for _ in range(reconciliations):
        before = len(world.proxy.writes())
        part = await reconcile_table(world.scope, wanted)
        assert len(world.proxy.writes()) - before <= 1
        if part.state in (State.READY, State.STALLED):
            return part
        assert part.after, part
        world.now[0] += part.after
        wanted = replace(wanted, known={"Table": part.id})
    raise AssertionError(part)


async def waited_for(world: World, wanted: DesiredTable, reconciliations: int = 20) -> set[Reason]:
    """The reasons until Ready, with faults that need no person: each reconciliation requests a requeue."""
    seen: set[Reason] = set()
    for _ in range(reconciliations):
        part = await reconcile_table(world.scope, wanted)
        if part.state is State.READY:
            return seen
        assert part.state in (State.PROGRESSING, State.UNKNOWN), part
        assert part.after, part
        seen.add(part.reason)
    raise AssertionError(part)
