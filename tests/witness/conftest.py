"""Fixtures: one MiniStack and one PostgreSQL for the session; one Microservice for each test."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import time_machine

from microservice_operator.api.parsing import Identity
from microservice_operator.external.reconcile import ExternalReconciler
from microservice_operator.postgres.sessions import Servers
from tests.fakes.aws import contract
from tests.fakes.aws.proxy import Proxy
from tests.postgres.server import PostgresServer, TlsFront, certificates
from tests.tools import ministack
from tests.whole.server import OneServer, trust_admins
from tests.whole.spec import PATHS, SIZES
from tests.whole.world import CA, Objects

from .gaps import Gaps
from .world import ACCOUNT, Account, World, reconciler

USER = "operator"
_numbers = count()
contract.watch()


@pytest.fixture(autouse=True)
def calls_fit_the_models() -> Iterator[None]:
    """Fail the test whose calls break a rule of AWS's own models."""
    yield
    assert contract.taken() == []


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OneServer, int, str]]:
    """One PostgreSQL behind all instances, its port with TLS, and the CA of its certificate."""
    folder = certificates(tmp_path_factory.mktemp("witness"))
    server = PostgresServer()
    trust_admins(server)
    front = TlsFront(folder / "server.crt", folder / "server.key", server.port)
    yield OneServer(server, front.port), front.port, (folder / "ca.crt").read_text()
    front.stop()
    server.stop()


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """What a platform team prepares in an account of MiniStack."""
    with pytest.MonkeyPatch.context() as environment, ministack.running(ACCOUNT) as address:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        prepared = Account.prepared(address)
        yield prepared
        prepared.close()


@dataclass(frozen=True)
class Bridged:
    """MiniStack behind the layer that closes its gaps; `url` is where the operator calls it."""

    account: Account
    gaps: Gaps
    proxy: Proxy
    url: str
    heard: list[tuple[str, str, str]]

    def reconciler(self, objects: Objects) -> ExternalReconciler:
        """A process of the operator that has just started."""
        return reconciler(self.url, objects, self.heard)


@pytest.fixture(scope="session")
def bridged(account: Account, database: tuple[OneServer, int, str]) -> Iterator[Bridged]:
    server, port, _ = database
    gaps = Gaps(account.clients, ("localhost", port), lambda name, password: server("", name, password))
    proxy = Proxy(account.address, gaps, seen=set())
    yield Bridged(account, gaps, proxy, proxy.start(), [])
    proxy.stop()


def end(process: ExternalReconciler) -> None:
    """Close its connections to AWS and PostgreSQL."""
    process.clients.close()
    process.clients.servers.close()


@pytest.fixture(scope="session")
def process(bridged: Bridged) -> Iterator[ExternalReconciler]:
    """One for all tests that need no other: its boto3 clients are slow to create."""
    made = bridged.reconciler(Objects())
    yield made
    end(made)


@pytest.fixture
def world(bridged: Bridged, process: ExternalReconciler, database: tuple[OneServer, int, str]) -> Iterator[World]:
    number = next(_numbers)
    bridged.proxy.calls.clear()
    bridged.heard.clear()
    objects = Objects({CA: {"ca.crt": database[2]}})
    own: dict[str, Any] = {"cluster": objects, "servers": Servers(), "made": set(), "logins": {}, "table_keys": {}}
    connected = replace(process.clients, **own)
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        made = World(
            bridged.proxy,
            bridged.heard,
            ExternalReconciler(connected),
            objects,
            Identity("shop", f"order-{number}", f"uid-{number}"),
            bridged.account.aws(f"shop-{number}"),
            dict(SIZES),
            account=bridged.account,
            gaps=bridged.gaps,
            clock=clock,
        )
        made.publish(PATHS)
        yield made
    connected.servers.close()


@dataclass(frozen=True)
class Deciding:
    """A MiniStack that verifies signatures and evaluates policies; the environment has the credentials of a user."""

    account: Account
    proxy: Proxy
    url: str

    def may_all_but(self, *actions: str) -> None:
        """Change the user's policy."""
        denied = [{"Effect": "Deny", "Action": list(actions), "Resource": "*"}] if actions else []
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed, *denied]})
        self.account.clients["iam"].put_user_policy(UserName=USER, PolicyName="rights", PolicyDocument=policy)


@pytest.fixture(scope="module")
def deciding() -> Iterator[Deciding]:
    """One for each module: credentials are those of the whole process."""
    with pytest.MonkeyPatch.context() as environment, ministack.running(ACCOUNT, decide=True) as address:
        account = Account.prepared(address)
        account.clients["iam"].create_user(UserName=USER)
        key = account.clients["iam"].create_access_key(UserName=USER)["AccessKey"]
        environment.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        environment.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        gaps = Gaps(account.clients, ("localhost", 1), lambda _name, _password: None)
        proxy = Proxy(address, gaps, seen=set(), verbatim=True)
        made = Deciding(account, proxy, proxy.start())
        made.may_all_but()
        yield made
        proxy.stop()
        account.close()
