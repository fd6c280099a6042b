"""Creates the shop's AWS resources with the operator's own code: routes, topics, queues, subscriptions, tables.

There is no cluster, so the operator reads the OpenAPI documents from a fake instead of ConfigMaps.
"""

import asyncio
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Identity, Microservice
from microservice_operator.aws.engine.clients import Clients, Limits
from microservice_operator.desired.context import Context, Message, Table
from microservice_operator.desired.variables import service_variables
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.reconcile import ExternalReconciler, ExternalState
from microservice_operator.external.resource import PreviousStatus
from microservice_operator.facts import State
from microservice_operator.resync_cache import ResyncCache

REGION, ACCOUNT, ENVIRONMENT = "us-east-1", "123456789012", "local"
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
GATEWAY: dict[str, Any] = {
    "name": "shop",
    "vpcLinkID": "abc123",
    "listenerARN": LISTENER,
    "corsOrigins": ["https://shop.example"],
}
GATEWAY |= {"auth": {"jwt": {"issuer": "https://gateway.shop.svc", "audiences": ["shop"]}}}  # manifests/local
MAX_RECONCILES = 60
LOCAL = Environment(
    ENVIRONMENT,
    EnvironmentSpec.model_validate({"aws": {"region": REGION, "accountID": ACCOUNT, "apiGateway": GATEWAY}}),
)


@dataclass
class FakeConfigMaps:
    """Replaces the operator's connection to the API server. The operator only reads ConfigMaps here."""

    texts: dict[str, str] = field(default_factory=dict)

    @property
    def connection(self) -> "FakeConfigMaps":
        return self

    async def send(self, _method: str, path: str) -> dict[str, Any]:
        return {"data": {"openapi.yaml": self.texts[path.rpartition("/")[2]]}}


@dataclass
class ClusterlessOperator:
    """An operator without a cluster, for the AWS account behind one endpoint."""

    clients: Clients
    documents: FakeConfigMaps = field(default_factory=FakeConfigMaps)
    microservices: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        """As the operator's walk asks for the neighbours of a Microservice."""
        body = self.microservices.get(key)
        return (body, _parsed(body)) if body else None

    async def provide(self, name: str, spec: Mapping[str, Any], document: str = "") -> ExternalState:
        """Reconcile repeatedly until all AWS resources of the spec are ready."""
        if document:
            self.documents.texts[f"{name}-openapi"] = document
        created = f"2026-01-01T00:00:{len(self.microservices):02}Z"
        metadata = {"namespace": "shop", "name": name, "uid": f"uid-{name}", "creationTimestamp": created}
        body = {"metadata": metadata, "spec": dict(spec)}
        self.microservices["shop", name] = body
        reconciler = ExternalReconciler(
            ExternalClients(self.documents, "cluster", self.clients, None, ResyncCache(0), resync=300)  # type: ignore[arg-type]
        )
        known: dict[tuple[str, str], str] = {}
        for _ in range(MAX_RECONCILES):
            state = await reconciler.reconcile(_parsed(body), LOCAL, PreviousStatus(known), self)
            known = {(part.kind, part.name): part.id for part in state.parts}
            if all(part.state is State.READY for part in state.parts):
                return state
            assert not [part for part in state.parts if part.state is State.STALLED], state.parts
            await asyncio.sleep(0.1)
        raise AssertionError(state.parts)

    def variables(self, name: str, state: ExternalState, aws_url: str) -> dict[str, str]:
        """Return the environment variables of its pods. Addresses of dependencies are those in a cluster."""
        context = Context(
            _parsed(self.microservices["shop", name]),
            LOCAL,
            tables={part.name: Table(_short(part.id), part.id, ready=True) for part in state.of("Table")},
            topics={part.name: Message(part.id, ready=True) for part in state.of("Topic")},
            queues={part.name: Message(part.id, ready=True) for part in state.of("Queue")},
            aws_endpoint_url=aws_url,
        )
        return {variable["name"]: variable["value"] for variable in service_variables(context)}


@contextmanager
def clusterless_operator(aws_url: str) -> Iterator[ClusterlessOperator]:
    """Return an operator for the account behind `aws_url`."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        _wait_for(aws_url)
        clients = Clients(aws_url, limits=Limits(read_seconds=30, attempts=1))
        yield ClusterlessOperator(clients)
        clients.close()


def _wait_for(url: str) -> None:
    """Wait until the emulator accepts connections: it takes seconds to start."""
    address = urlsplit(url)
    while True:
        try:
            socket.create_connection((address.hostname, address.port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return


def _short(arn: str) -> str:
    """`arn:aws:dynamodb:…:table/NAME` → NAME."""
    return arn.rpartition("/")[2]


def _parsed(body: Mapping[str, Any]) -> Microservice:
    metadata = body["metadata"]
    identity = Identity(metadata["namespace"], metadata["name"], metadata["uid"])
    return Microservice(identity, 1, MicroserviceSpec.model_validate(body["spec"], by_alias=True, by_name=False))
