"""A reconciliation that hangs occupies its worker until the deadline, is reported, and delays no others.

The tests use real servers that never answer, or never end their answer.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from microservice_operator import pending_calls, workers
from microservice_operator.aws.engine.clients import Clients
from microservice_operator.cluster.apply import Cluster
from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.pod_cache import Pods
from microservice_operator.errors import NotYet
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.reconcile import ExternalReconciler
from microservice_operator.facts import Reason
from microservice_operator.postgres.sessions import Servers
from microservice_operator.reconcile import Operator
from microservice_operator.resync_cache import ResyncCache
from microservice_operator.watched_resources import WatchedResources
from microservice_operator.workers import Workers
from microservice_operator.workqueue import WorkQueue
from tests.unit.support.api_stub import Says, Stub, connected, until

VICTIM, OTHERS = ("shop", "victim"), [("shop", f"other-{number}") for number in range(5)]


class Kubernetes(Stub):
    """Answers everything at once, but for what concerns the victim's children: that it answers never."""

    def __init__(self) -> None:
        super().__init__([Says()])
        self.patched: dict[str, dict[str, Any]] = {}

    async def handle(self, request: Any) -> Any:
        from aiohttp import web  # noqa: PLC0415 only here

        name = request.path.rstrip("/").split("/")[-2 if request.path.endswith("/status") else -1]
        body = await request.json() if request.can_read_body else {}
        named = body.get("metadata", {}).get("name", name)
        if request.path.endswith("/status"):
            self.patched[name] = body["status"]
            return web.json_response(microservice(("shop", name)))
        if named.startswith("victim") and request.method == "POST" and "events" not in request.path:
            await asyncio.sleep(60)
        return web.json_response({**body, "metadata": {**body.get("metadata", {}), "uid": f"uid-{named}"}}, status=201)


def microservice(key: tuple[str, str]) -> dict[str, Any]:
    metadata = {"namespace": key[0], "name": key[1], "uid": f"uid-{key[1]}", "generation": 1, "resourceVersion": "1"}
    kind = {"apiVersion": "microservice-operator.dev/v1alpha1", "kind": "Microservice"}
    return {**kind, "metadata": metadata, "spec": {"image": "registry.example/hello:1"}}


@asynccontextmanager
async def working(stub: Stub, deadline: float, workers: int) -> AsyncIterator[tuple[WorkQueue, Workers]]:
    async with connected(stub) as connection:
        queue = WorkQueue()
        world, children = WatchedResources(queue.add), Children(lambda _: None)
        cluster = Cluster(connection, children)
        external = ExternalReconciler(ExternalClients(cluster, "cluster", Clients(), Servers(), ResyncCache(0), 60))
        operator = Operator(
            world, cluster, Pods(lambda _: None), external, 60, None, lambda: False, gone=lambda _key, _uid: None
        )
        world.upsert_namespace({"metadata": {"name": "shop", "labels": {}}})
        made = Workers(operator, queue, deadline)
        tasks = [asyncio.create_task(made.work()) for _ in range(workers)]
        for key in (VICTIM, *OTHERS):
            world.upsert_microservice(microservice(key))
        yield queue, made
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await made.end()


async def test_one_that_hangs_is_broken_off_and_says_in_which_call_while_the_others_go_on() -> None:
    stub = Kubernetes()
    async with working(stub, deadline=2, workers=1) as (queue, workers):
        await until(lambda: {name for _, name in OTHERS} <= stub.patched.keys())
        await until(lambda: "victim" in stub.patched)
        assert workers.turn
        ready = next(c for c in stub.patched["victim"]["conditions"] if c["type"] == "Ready")
        assert (ready["status"], ready["reason"]) == ("Unknown", "ReconciliationTimeout")
        assert "Kubernetes POST /api/v1/namespaces/shop/serviceaccounts" in ready["message"]
        assert "within 2 seconds" in ready["message"]
        assert queue.timers, "it is retried"


async def test_a_cancelled_worker_cancels_its_reconciliation() -> None:
    stub = Kubernetes()
    async with working(stub, deadline=60, workers=2) as (_, workers):
        await until(lambda: {name for _, name in OTHERS} <= stub.patched.keys())
        assert workers.longest > 0
    assert workers.longest == 0


@pytest.mark.parametrize("error", [NotYet(Reason.WAITING, "not known yet"), RuntimeError("a bug")])
async def test_an_error_in_the_moment_of_the_cancellation_is_no_error_of_asyncio(error: Exception) -> None:
    """asyncio logs an error that nobody retrieves, when the task is collected."""

    async def fails() -> None:
        raise error

    unretrieved: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unretrieved.append(context))
    with capture_logs() as logs:
        task = asyncio.create_task(fails())
        await asyncio.wait({task})
        await workers._ended(task)
        del task
        gc.collect()
    assert unretrieved == []
    assert [entry["event"] for entry in logs] == ["reconciliation failed"] * isinstance(error, RuntimeError)


async def test_a_reconciliation_that_ignores_cancellation_blocks_only_its_own_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TELL", "GRACE", "LONG"):
        monkeypatch.setattr(f"microservice_operator.workers.{name}", 0.1)
    queue = WorkQueue()
    hard = asyncio.Event()

    reconciled: list[Any] = []

    class Stubborn(Workers):
        async def _noted(self, one: Any) -> Any:
            reconciled.append(one.key)
            while one.key == VICTIM and not hard.is_set():
                try:
                    await hard.wait()
                except asyncio.CancelledError:
                    continue

    world = WatchedResources(queue.add)
    operator: Any = type("Nothing", (), {"watched": world})()
    workers = Stubborn(operator, queue, 0.1)
    with capture_logs() as lines:
        task = asyncio.create_task(workers.work())
        queue.add(VICTIM)
        for key in OTHERS:
            queue.add(key)
        await until(lambda: set(OTHERS) <= set(reconciled))
        queue.add(VICTIM)
        await asyncio.sleep(0.3)
        assert reconciled.count(VICTIM) == 1, "never two reconciliations of one key"
        assert workers.turn, "what is wrong with one object is not the process's liveness"
        assert workers.long == 1
        hard.set()
        await until(lambda: reconciled.count(VICTIM) == 2)
        assert workers.long == 0
    said = [(line["event"], line["log_level"]) for line in lines if line.get("name") == VICTIM[1]]
    assert said == [("reconciliation takes long", "warning"), ("reconciliation cannot be cancelled", "error")]
    task.cancel()
    await asyncio.wait({task})


async def test_pending_calls_name_the_calls_of_all_tasks_of_a_reconciliation() -> None:
    noted, go = pending_calls.Calls(), asyncio.Event()

    async def ask(what: str) -> None:
        with pending_calls.waiting_in(what):
            await go.wait()

    with noted.made_here():
        asked = [
            asyncio.create_task(ask(what)) for what in ("sqs:GetQueueUrl", "dynamodb:DescribeTable", "sqs:GetQueueUrl")
        ]
    other = asyncio.create_task(ask("of another reconciliation"))
    await asyncio.sleep(0)
    assert noted.names == ["dynamodb:DescribeTable", "sqs:GetQueueUrl"]
    go.set()
    await asyncio.gather(*asked, other)
    assert noted.names == []
