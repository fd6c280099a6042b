"""Reconciles one Microservice with topics, queues and subscriptions against strict SNS and SQS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import boto3
import pytest

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Identity, Microservice
from microservice_operator.external.backoff import ResourceBackoff
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.reconcile import ExternalReconciler, ExternalState
from microservice_operator.external.resource import PreviousStatus
from microservice_operator.facts import Part, Reason, Section, State
from microservice_operator.resync_cache import ResyncCache
from tests.aws.conftest import ACCOUNT, REGION, World
from tests.fakes.aws.sns import StrictSNS
from tests.fakes.aws.sqs import StrictSQS

Spec = Mapping[str, Any]
DONE = (State.READY, State.STALLED, State.RETAINED)


@dataclass
class MicroserviceLookup:
    """The Microservices of a namespace, as their watch shows them."""

    microservices: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    parsed: dict[tuple[str, str], Microservice] = field(default_factory=dict)

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        return (self.microservices[key], self.parsed.get(key)) if key in self.microservices else None


@dataclass
class Shop:
    """A namespace of Microservices, what their status remembers, and both services of AWS behind their doors."""

    world: World
    outside: ExternalReconciler
    sns: Any  # straight to the emulator
    sqs: Any
    strict_sns: StrictSNS
    strict_sqs: StrictSQS
    aws: dict[str, Any]
    lookup: MicroserviceLookup = field(default_factory=MicroserviceLookup)
    known: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)
    specs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.world.scope.owner.identity.name

    def identity(self, name: str) -> Identity:
        return Identity("shop", name, f"uid-of-{name}")

    @property
    def environment(self) -> Environment:
        return Environment("prod", EnvironmentSpec.model_validate({"aws": self.aws}))

    async def step(self, spec: Spec, name: str = "", *, rolled_out: bool = True) -> ExternalState:
        """Reconcile once, and keep its result as the status."""
        name = name or self.name
        service = Microservice(self.identity(name), 1, MicroserviceSpec.model_validate({"image": "a:1", **spec}))
        self.specs[name] = service.spec.manifest()
        self.lookup.parsed["shop", name] = service
        before = PreviousStatus(self.known.get(name, {}), rolled_out=rolled_out)
        provided = await self.outside.reconcile(service, self.environment, before, self.lookup)
        self.remember(name, provided.parts)
        return provided

    def remember(self, name: str, parts: tuple[Part, ...]) -> None:
        self.known[name] = {(part.kind, part.name): part.id for part in parts}
        resources = [{"kind": part.kind, "name": part.name, "id": part.id} for part in parts]
        body = {"spec": self.specs.get(name), "status": {"resources": resources}}
        self.lookup.microservices["shop", name] = body

    async def drive(self, spec: Spec, name: str = "") -> dict[tuple[str, str], Part]:
        """Reconcile until nothing changes; no reconciliation takes two steps for one resource."""
        for _ in range(60):
            before = len(self.world.proxy.writes())
            provided = await self.step(spec, name)
            steps = len(self.world.proxy.writes()) - before
            assert steps <= len(provided.parts) + len(provided.left)
            if all(part.state in DONE for part in provided.parts) and not steps:
                return {(part.kind, part.name): part for part in provided.parts}
            # what waits for another is looked at with that one
            waiting = [part for part in provided.parts if part.state not in DONE and part.reason is not Reason.WAITING]
            assert waiting == [] or all(part.after for part in waiting)
        raise AssertionError(provided.parts)

    async def quiet(self, spec: Spec, name: str = "") -> None:
        """Another reconciliation writes nothing and sends no Event."""
        before = self.world.proxy.writes()
        provided = await self.step(spec, name)
        assert self.world.proxy.writes() == before
        assert {part.state for part in provided.parts} <= {State.READY}
        assert [part.events for part in provided.parts if part.events] == []
        assert set(provided.sections) <= {Section.MESSAGING}

    async def leave(self, name: str = "", reconciliations: int = 30) -> list[tuple[Part, ...]]:
        """Delete the Microservice, and reconcile until everything is deleted or retained."""
        name = name or self.name
        seen = []
        for _ in range(reconciliations):
            leaving = self.outside.everything(self.specs[name], self.environment, self.known.get(name, {}))
            parts = await self.outside.delete(self.identity(name), self.environment, leaving, self.lookup)
            seen.append(parts)
            self.known[name] = {(part.kind, part.name): part.id for part in parts if not part.is_over}
            if all(part.is_over for part in parts):
                self.known.pop(name, None)
                return seen
        raise AssertionError(seen[-1])

    def named(self, part: str, service: str = "") -> str:
        """Name in AWS."""
        owner = replace(self.world.scope.owner, identity=self.identity(service or self.name))
        return owner.name(part, 75)

    def topic_arn(self, part: str, service: str = "") -> str:
        owner = replace(self.world.scope.owner, identity=self.identity(service or self.name))
        return f"arn:aws:sns:{REGION}:{ACCOUNT}:{owner.name(part, 251)}"

    def attributes(self, part: str, suffix: str = "") -> dict[str, str]:
        """Attributes of a queue as the emulator has them."""
        url = self.sqs.get_queue_url(QueueName=self.named(part) + suffix)["QueueUrl"]
        found: dict[str, str] = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found

    def queues(self) -> set[str]:
        """Names of all queues of this namespace's service."""
        listed = self.sqs.list_queues(QueueNamePrefix=f"shop-{self.name}-").get("QueueUrls", [])
        return {url.rpartition("/")[2] for url in listed}

    def topics(self) -> set[str]:
        pages = self.sns.get_paginator("list_topics").paginate()
        listed = [topic["TopicArn"] for page in pages for topic in page["Topics"]]
        return {arn for arn in listed if f":shop-{self.name}-" in arn}

    def subscriptions(self, topic: str) -> list[dict[str, str]]:
        listed: list[dict[str, str]] = self.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return listed


@pytest.fixture(scope="session")
def messaging_clients(emulator: str, doors: World) -> Iterator[tuple[Any, Any]]:  # noqa: ARG001 sets the credentials
    sns: Any = boto3.client("sns", region_name=REGION, endpoint_url=emulator)
    sqs: Any = boto3.client("sqs", region_name=REGION, endpoint_url=emulator)
    sns.list_topics()
    sqs.list_queues()
    yield sns, sqs
    sns.close()
    sqs.close()


@pytest.fixture
def shop(world: World, messaging_clients: tuple[Any, Any]) -> Shop:
    sns, sqs = messaging_clients
    strict_sns, strict_sqs = StrictSNS(sns), StrictSQS()
    world.proxy.layers |= {"sns": strict_sns, "sqs": strict_sqs}
    hours = count(0, 3600)  # so that each reconciliation retries the parts in trouble
    outside = ExternalReconciler(
        ExternalClients(
            cluster=None,  # type: ignore[arg-type]
            cluster_id=world.scope.owner.cluster,
            aws=world.scope.clients,
            servers=None,  # type: ignore[arg-type]
            resync_cache=ResyncCache(0),
            resync=300,
            backoff=ResourceBackoff(lambda: next(hours)),
        )
    )
    aws = {"region": REGION, "accountID": ACCOUNT}
    return Shop(world, outside, sns, sqs, strict_sns, strict_sqs, aws)
