"""One operator process on a moved clock: its work queue, workers and caches, and what its Microservices declare."""

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from microservice_operator.api.messaging import Queue
from microservice_operator.api.parsing import Identity
from microservice_operator.api.routes import API, APIGateway
from microservice_operator.api.stores import Table
from microservice_operator.aws.apigateway.routes import DesiredAPI, reconcile_api
from microservice_operator.aws.apigateway.shared_api import SharedAPI
from microservice_operator.aws.dynamodb.desired import DesiredTable
from microservice_operator.aws.dynamodb.tables import reconcile_table
from microservice_operator.aws.engine.create_once import CreateOnce
from microservice_operator.aws.engine.expectations import Expectations
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.scope import AwsScope
from microservice_operator.aws.engine.write_backoff import WriteBackoff
from microservice_operator.aws.messaging.desired import DesiredQueue
from microservice_operator.aws.messaging.queues import reconcile_dead_letter_queue, reconcile_queue
from microservice_operator.facts import Part, State
from microservice_operator.openapi import Route
from microservice_operator.ownership import Owner
from microservice_operator.reconcile import RETRY_STALLED
from microservice_operator.resync_cache import ResyncCache
from microservice_operator.settings import Settings
from microservice_operator.workers import spread
from microservice_operator.workqueue import WorkQueue

from .aws import AWS, Process

ACCOUNT, REGION = "123456789012", "eu-west-1"
ON_AN_API = 150  # Microservices of one Environment: an API has at most 300 routes
LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"


@dataclass
class Service:
    """One Microservice with a table, a queue and two routes, and the ids that its status remembers."""

    number: int
    known: dict[str, str] = field(default_factory=dict)
    states: frozenset[State] = frozenset()

    @cached_property
    def key(self) -> tuple[str, str]:
        return f"team-{self.number % 20}", f"service-{self.number}"

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        return tuple(Route(f"{method} /service-{self.number}/items", public=True) for method in ("GET", "POST"))

    @cached_property
    def shared(self) -> SharedAPI:
        name = f"env-{self.number // ON_AN_API}"
        gateway = APIGateway.model_validate({"name": name, "vpcLinkID": "abc123", "listenerARN": LISTENER})
        return SharedAPI(name, gateway)

    async def reconcile(self, scope: AwsScope) -> tuple[Part, ...]:
        """Take a step for each resource, all at once."""

        async def read() -> tuple[Route, ...]:
            return self.routes

        queue = DesiredQueue(spec=QUEUE, known=self.known)
        parts = await asyncio.gather(
            reconcile_table(scope, DesiredTable(TABLE, known=self.known)),
            reconcile_queue(scope, queue),
            reconcile_dead_letter_queue(scope, queue),
            reconcile_api(scope, DesiredAPI(spec=DOCUMENT, known=self.known, shared=self.shared), read),
        )
        self.known = {part.kind: part.id for part in parts if part.id}
        self.states = frozenset(part.state for part in parts)
        return tuple(parts)


TABLE = Table.model_validate({"name": "items", "partitionKey": {"name": "id"}})
QUEUE = Queue.model_validate({"name": "items"})
DOCUMENT = API.model_validate({"openAPI": {"configMapKeyRef": {"name": "openapi"}}})


class OperatorProcess:
    """What one process keeps from its start to its end, with the defaults of its flags."""

    def __init__(self, aws: AWS, services: dict[tuple[str, str], Service], *, limited: bool) -> None:
        """Start with empty caches, as after a restart."""
        clock, self._settings = asyncio.get_running_loop().time, Settings()
        self._services = services
        self._queue = WorkQueue()
        self._cache = ResyncCache(self._settings.resync * 0.9, clock)
        self._clients = Process(aws)
        self._clients.rate_limiter = self._clients.rate_limiter if limited else None
        self._clients.lists = ListCache(clock=clock)
        self._clients.create_once = CreateOnce(clock=clock)
        self._clients.expectations = Expectations(clock=clock)
        self._clients.write_backoff = WriteBackoff(clock)
        self.reconciliations = 0
        self.not_ready = 0  # reconciliations after which a resource was not Ready
        self.longest = 0.0  # seconds of a reconciliation

    async def run(self, seconds: float, *, until_ready: bool = False) -> float:
        """Reconcile everything for some seconds, or until everything is Ready; return the seconds."""
        began = asyncio.get_running_loop().time()
        for key in self._services:
            self._queue.add(key)
        workers = [asyncio.create_task(self._work()) for _ in range(self._settings.workers)]
        while (passed := asyncio.get_running_loop().time() - began) < seconds:
            await asyncio.sleep(1)
            if until_ready and all(service.states == {State.READY} for service in self._services.values()):
                break
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        return passed

    async def _work(self) -> None:
        while True:
            key = await self._queue.take()
            began = asyncio.get_running_loop().time()
            parts = await self._services[key].reconcile(self._scope(key))
            self.longest = max(self.longest, asyncio.get_running_loop().time() - began)
            self.reconciliations += 1
            self.not_ready += any(part.state is not State.READY for part in parts)
            self._queue.done(key)
            if any(part.failed for part in parts):
                self._queue.back_off(key)
            else:
                self._queue.forget_failures(key)
            self._queue.add_after(key, spread(self._after(parts)))

    def _after(self, parts: tuple[Part, ...]) -> float:
        """As `reconcile` requeues."""
        waits: list[Any] = [part.after for part in parts if part.after is not None and not part.failed]
        if any(part.state in (State.STALLED, State.UNKNOWN) for part in parts):
            waits.append(RETRY_STALLED)
        return float(min([*waits, self._settings.resync]))

    def _scope(self, key: tuple[str, str]) -> AwsScope:
        owner = Owner("cluster", Identity(*key, f"uid-of-{key[1]}"))
        return AwsScope(self._clients, REGION, ACCOUNT, owner, self._cache)
