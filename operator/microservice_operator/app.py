"""WHEN: kopf watches the resources that people write and runs the process; the only file that imports kopf.

kopf's `on.event` handlers are its level-triggered subset: they write nothing to the resource and are never delayed.
They hand each body to `world`, which knows whose pass it asks for; everything else happens in `reconcile`.
"""

import asyncio
import random
import sys
import time
from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

import kopf
import structlog

from . import cloud, metrics, names, postgres, server
from .cluster.children import Children
from .cluster.connection import Connection, configuration
from .cluster.kinds import ENVIRONMENT, MICROSERVICE, NAMESPACE, POD, SERVICE_MONITOR, WATCHED, Kind
from .cluster.pods import Pods
from .cluster.secret_poll import SecretPoll
from .cluster.watch import Watch
from .cluster.writes import Cluster
from .errors import NotYet, OperatorError
from .outside import Outside
from .queue import Key, Queue
from .reconcile import Operator, reconcile
from .settings import Settings
from .settled import Settled
from .world import World

log = structlog.get_logger(__name__)

LEAVE_SECONDS = 5.0
OURS = f"{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"


class App:
    """One operator process: its caches, its queue, its workers."""

    def __init__(self, settings: Settings, connection: Connection, cluster_id: str) -> None:
        """Build the caches; nothing runs yet."""
        self.settings = settings
        self.queue = Queue()
        self.world = World(self.queue.add)
        self.children = Children(self._child_changed)
        self.pods = Pods(self._child_changed)
        self.connection = connection
        self.watches = [self._watch(kind) for kind in (*WATCHED, SERVICE_MONITOR)]
        self.watches.append(Watch(connection, POD, self.pods.saw, self.pods.lost, OURS))
        self.watches.append(Watch(connection, NAMESPACE, self.world.saw_namespace, self.world.lost_namespace))
        monitors = next(watch for watch in self.watches if watch.kind is SERVICE_MONITOR)
        monitors.appeared = self._look_at_all
        cluster = Cluster(connection, self.children)
        clients = cloud.Clients(settings.aws_endpoint_url, _count_aws, cloud.Limits(threads=settings.aws_pool_size))
        self.operator = Operator(
            world=self.world,
            cluster=cluster,
            pods=self.pods,
            outside=Outside(
                cluster=cluster,
                cluster_id=cluster_id,
                clients=clients,
                servers=postgres.Servers(),
                settled=Settled(settings.resync * 0.9),
                resync=settings.resync,
            ),
            resync=settings.resync,
            aws_endpoint_url=settings.aws_endpoint_url,
            service_monitors=lambda: monitors.served,
        )
        self.synced = False
        self.leaving = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled: watches first, workers once everything that exists is known."""
        async with asyncio.TaskGroup() as tasks:
            for watch in self.watches:
                tasks.create_task(watch.run(), name=f"watch {watch.kind.plural}")
            await self._sync()
            tasks.create_task(SecretPoll(self.connection, self.children).run(), name="look at Secrets")
            for _ in range(self.settings.workers):
                tasks.create_task(self._work())

    def registry(self) -> kopf.OperatorRegistry:
        """kopf's handlers for this process."""
        registry = kopf.OperatorRegistry()

        @kopf.on.startup(registry=registry)
        async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
            settings.posting.enabled = False
            settings.watching.inactivity_timeout = 75
            settings.persistence.consistency_timeout = 0

        @kopf.on.cleanup(registry=registry)
        async def leave(**_: Any) -> None:
            self.leaving.set()

        @kopf.on.login(registry=registry, retries=3)
        async def login(**arguments: Any) -> kopf.ConnectionInfo | None:
            return kopf.login_with_service_account(**arguments) or kopf.login_with_kubeconfig(**arguments)

        @kopf.on.event(names.GROUP, names.VERSION, MICROSERVICE.plural, registry=registry)
        async def microservices(type: str | None, body: kopf.Body, **_: Any) -> None:  # noqa: A002 kopf's name
            plain = dict(body)
            key = (plain["metadata"]["namespace"], plain["metadata"]["name"])
            if type == "DELETED":
                self.world.lost_microservice(plain)
                self.operator.forget(plain["metadata"]["uid"])
                self.queue.drop(key)
            elif self.world.saw_microservice(plain):
                self.queue.forget_failures(key)

        @kopf.on.event(names.GROUP, names.VERSION, ENVIRONMENT.plural, registry=registry)
        async def environments(type: str | None, body: kopf.Body, **_: Any) -> None:  # noqa: A002 kopf's name
            plain = dict(body)
            if type == "DELETED":
                self.world.lost_environment(plain)
            else:
                self.world.saw_environment(plain)

        return registry

    def alive(self) -> str:
        """What keeps work from going on, "" when nothing does."""
        age = self.queue.oldest_age
        if age > self.settings.stuck_after:
            return f"a Microservice has waited longer than {self.settings.stuck_after:.0f} seconds for its pass to end"
        return ""

    def ready(self) -> str:
        """What is still awaited before the first pass, "" when nothing is."""
        return "" if self.synced else "waiting until all watched resources are listed"

    def refresh_metrics(self) -> None:
        """Set the gauges that are read and not counted."""
        metrics.QUEUE_DEPTH.set(self.queue.depth)
        metrics.QUEUE_OLDEST.set(self.queue.oldest_age)

    def _watch(self, kind: Kind) -> Watch:
        def saw(item: Mapping[str, Any]) -> None:
            self.children.saw(kind.kind, item)

        def lost(item: Mapping[str, Any]) -> None:
            self.children.lost(kind.kind, item)

        return Watch(self.connection, kind, saw, lost, OURS)

    def _child_changed(self, owner: Key) -> None:
        if owner in self.world.microservices:
            self.queue.add(owner)

    def _look_at_all(self) -> None:
        for key in self.world.microservices:
            self.queue.add(key)

    async def _sync(self) -> None:
        """Wait until what exists is known, or a restart would take what is not listed yet for missing."""
        for watch in self.watches:
            await watch.listed.wait()
        for kind, known in ((MICROSERVICE, self.world.microservices), (ENVIRONMENT, self.world.environments)):
            while len(known) < await self._count(kind):  # noqa: ASYNC110 kopf tells nobody when its list is complete
                await asyncio.sleep(0.2)
        self.synced = True
        log.info("synced", microservices=len(self.world.microservices), environments=len(self.world.environments))

    async def _count(self, kind: Kind) -> int:
        try:
            page = await self.connection.send("GET", kind.path(), query={"limit": "1"})
        except NotYet:
            return sys.maxsize
        return len(page.get("items") or []) + int(page["metadata"].get("remainingItemCount") or 0)

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            try:
                await self._one_pass(key)
            finally:
                self.queue.done(key)

    async def _one_pass(self, key: Key) -> None:
        body = self.world.microservices.get(key)
        generation = body["metadata"].get("generation") if body else None
        structlog.contextvars.bind_contextvars(
            namespace=key[0], name=key[1], generation=generation, trace_id=uuid4().hex
        )
        started, result = time.monotonic(), "ok"
        try:
            again = await reconcile(self.operator, key)
            if again is not None and again.failed:
                result = "incomplete"
                self.queue.back_off(key)
            else:
                self.queue.forget_failures(key)
            if again is not None:
                # Jitter: after a restart, all would look at AWS in the same second for ever.
                self.queue.add_after(key, again.after * random.uniform(0.9, 1.1))  # noqa: S311 no secret
        except NotYet as error:
            result = "retry"
            log.info("pass postponed", reason=error.reason, error=str(error), after=self.queue.back_off(key))
        except OperatorError as error:
            result = "refused"
            log.warning("pass refused", error=str(error), after=self.queue.back_off(key))
        except Exception:
            result = "error"
            log.exception("pass failed", after=self.queue.back_off(key))
        finally:
            seconds = time.monotonic() - started
            metrics.RECONCILES.labels(result).inc()
            metrics.RECONCILE_SECONDS.observe(seconds)
            log.debug("pass ended", result=result, seconds=round(seconds, 4))
            structlog.contextvars.clear_contextvars()


async def main(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT, which kopf handles.

    Raises OperatorError when the API server cannot be used at all.
    """
    connection = Connection(await configuration(), settings.connections)
    cluster_id = await _cluster_id(connection)
    app = App(settings, connection, cluster_id)
    runner = await server.serve((settings.listen_host, settings.listen_port), app.alive, app.ready, app.refresh_metrics)
    log.info("started", cluster=cluster_id, workers=settings.workers, emulator=settings.aws_endpoint_url or "")
    kopf_task = asyncio.create_task(
        kopf.operator(
            registry=app.registry(),
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            standalone=True,
            # Without it kopf asks for the name of the user, and the user of a container has none.
            identity=cast("Any", names.MANAGED_BY),
        )
    )
    work = asyncio.create_task(app.run())
    leaving = asyncio.create_task(app.leaving.wait())
    try:
        done, _ = await asyncio.wait({kopf_task, work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        asyncio.get_running_loop().set_exception_handler(while_leaving)
        # Nothing is lost by leaving at once: the next process looks at the world, not at what this one had in hand.
        for task in (work, leaving):
            task.cancel()
        await asyncio.wait({work, leaving, kopf_task}, timeout=LEAVE_SECONDS)
        kopf_task.cancel()
        await runner.cleanup()
        app.operator.outside.clients.close()
        await connection.close()
        log.info("stopped")


def while_leaving(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say it quietly when a stream of kopf's cannot be closed: all of them end with the process.

    A watch that is cancelled between two events stays open until the loop ends. `shutdown_asyncgens` then closes it and
    the generators within it in any order, and an outer one fails on an inner one that is closed already.
    """
    if "asyncgen" in context:
        log.debug("stream not closed", message=context["message"], error=repr(context.get("exception")))
    else:
        loop.default_exception_handler(context)


async def _cluster_id(connection: Connection) -> str:
    namespace = await connection.send("GET", NAMESPACE.path(name="kube-system"))
    return str(namespace["metadata"]["uid"])


def _count_aws(service: str, action: str, code: str) -> None:
    metrics.AWS_CALLS.labels(service, action, code).inc()
