"""Fixtures: one emulator, one proxy and one PostgreSQL for the session; one Microservice for each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.aws.engine.clients import Clients, Limits
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.reconcile import ExternalReconciler
from microservice_operator.postgres.sessions import Servers
from microservice_operator.resync_cache import ResyncCache
from tests.fakes.aws import contract
from tests.fakes.aws.emulator import empty, running
from tests.fakes.aws.proxy import Proxy
from tests.fakes.aws.whole import REGION, WholeAWS
from tests.postgres.server import PostgresServer, TlsFront, certificates

from .faults import Faults
from .server import OneServer, trust_admins
from .spec import LISTENER, PATHS, POD_IDENTITY, SIZES
from .world import CA, Objects, World

ACCOUNT = "123456789012"
_numbers = count()
contract.watch()


@pytest.fixture(autouse=True)
def calls_fit_the_models() -> Iterator[None]:
    """Fail the test whose calls break a rule of AWS's own models."""
    yield
    assert contract.taken() == []


@dataclass(frozen=True)
class Harness:
    """What is made once."""

    proxy: Proxy
    clients: Clients
    aws: WholeAWS
    heard: list[tuple[str, str, str]]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OneServer, str]]:
    """A server with TLS, and the CA of its certificate."""
    folder = certificates(tmp_path_factory.mktemp("whole"))
    server = PostgresServer()
    trust_admins(server)
    front = TlsFront(folder / "server.crt", folder / "server.key", server.port)
    yield OneServer(server, front.port), (folder / "ca.crt").read_text()
    front.stop()
    server.stop()


@pytest.fixture(scope="session")
def harness(postgres: tuple[OneServer, str]) -> Iterator[Harness]:
    """Created once: a boto3 client is slow to create, and the emulator loads a service at its first request."""
    with pytest.MonkeyPatch.context() as environment, running() as address:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        empty(address)
        aws = WholeAWS.before(address, postgres[0])
        proxy = Proxy(address, aws)
        heard: list[tuple[str, str, str]] = []
        clients = Clients(proxy.start(), lambda *call: heard.append(call), Limits(read_seconds=5, attempts=1))
        yield Harness(proxy, clients, aws, heard)
        clients.close()
        proxy.stop()
        aws.close()


@pytest.fixture
def world(harness: Harness, postgres: tuple[OneServer, str]) -> Iterator[World]:
    proxy, clients = harness.proxy, harness.clients
    number = next(_numbers)
    aws = harness.aws.anew()
    proxy.layer = faults = Faults(aws)
    proxy.faults = []
    proxy.calls.clear()
    harness.heard.clear()
    clients.verified_accounts.clear()
    ec2 = aws.clients["ec2"]
    pods = ec2.create_security_group(GroupName=f"pods-{number}", Description="pods", VpcId=aws.rds.groups.vpc)
    spec = {
        "region": REGION,
        "accountID": ACCOUNT,
        "vpcID": aws.rds.groups.vpc,
        "subnetIDs": ["subnet-1", "subnet-2"],
        "podSecurityGroupID": pods["GroupId"],
        "identity": POD_IDENTITY,
        "permissionsBoundaryARN": aws.iam.boundaries[0],
        "apiGateway": {
            "name": f"shop-{number}",
            "vpcLinkID": "abc123",
            "listenerARN": LISTENER,
            "deletionPolicy": "Delete",
        },
    }
    objects, servers = Objects({CA: {"ca.crt": postgres[1]}}), Servers()
    external = ExternalReconciler(
        ExternalClients(objects, "cluster", clients, servers, ResyncCache(0), resync=300)  # type: ignore[arg-type]
    )
    identity = Identity("shop", f"order-{number}", f"uid-{number}")
    made = World(proxy, harness.heard, external, objects, identity, spec, dict(SIZES), aws=aws, faults=faults)
    made.publish(PATHS)
    yield made
    servers.close()
    apis = aws.clients["apigatewayv2"]
    for api in apis.get_apis(MaxResults="500")["Items"]:  # each that stays makes the lists of all later tests longer
        apis.delete_api(ApiId=api["ApiId"])
