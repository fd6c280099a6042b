"""Runs the process from start to stop, and decides when to reconcile; the only file that imports kopf.

kopf provides login, signals, startup and shutdown. It watches nothing: after an interruption its streams list what
exists, but do not report what was deleted meanwhile (docs/decisions). Our own watches pass each object to `watched` or
a cache, which enqueues the key to reconcile; everything else happens in `reconcile`.
"""

import asyncio
import os
import signal
from typing import Any, cast
from uuid import uuid4

import kopf
import structlog

from . import health_server, metrics, names
from .aws.engine.clients import Clients, Limits
from .cluster.api_client import ApiError, Connection, configuration, own_namespace
from .cluster.apply import Cluster
from .cluster.child_cache import Children
from .cluster.kinds import NAMESPACE
from .cluster.lease import Lease
from .cluster.pod_cache import Pods
from .cluster.secret_poll import SecretPoll
from .condition_metrics import export_conditions
from .external.clients import ExternalClients
from .external.reconcile import ExternalReconciler
from .postgres.sessions import Servers
from .reconcile import Operator
from .resync_cache import ResyncCache
from .settings import Settings
from .watched_resources import WatchedResources
from .watches import Watches
from .workers import Workers
from .workqueue import Key, WorkQueue

log = structlog.get_logger(__name__)

LEAVE_SECONDS = 5.0
Body = dict[str, Any]


class App:
    """One operator process: its caches, its work queue, its workers."""

    def __init__(self, settings: Settings, connection: Connection, cluster_id: str) -> None:
        """Build the caches; nothing runs until `run`."""
        self.settings = settings
        self.queue = WorkQueue()
        self.watched = WatchedResources(self.queue.add)
        self.children = Children(self._child_changed)
        self.pods = Pods(self._child_changed)
        self.connection = connection
        self.watches = Watches(connection, settings.namespaces, self.watched)
        self.watches.microservices(self._saw, self._lost)
        self.watches.children(self.children, self.pods, self._look_at_all)
        cluster = Cluster(connection, self.children)
        external = _external_clients(settings, cluster, cluster_id, self.watched)
        self.operator = Operator(
            watched=self.watched,
            cluster=cluster,
            pods=self.pods,
            external=ExternalReconciler(external),
            resync=settings.resync,
            aws_endpoint_url=settings.aws_endpoint_url,
            service_monitors=lambda: self.watches.service_monitors,
            gone=self._gone,
        )
        namespace = settings.lease_namespace or own_namespace() or names.OPERATOR_NAMESPACE
        me = f"{os.environ.get('HOSTNAME') or 'operator'}_{uuid4()}"
        self.lease = Lease(connection, namespace, settings.lease_name, me)
        connection.may_write = external.aws.may_write = external.servers.may_write = self.lease.may_write
        self.workers = Workers(self.operator, self.queue, settings.reconciliation_timeout)
        self.synced = False
        self.leaving = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled: first the watches, then the workers once everything that exists is known."""
        async with asyncio.TaskGroup() as tasks:
            self.watches.run(tasks)
            await self.watches.listed()
            self.synced = True
            log.info(
                "synced", microservices=len(self.watched.microservices), environments=len(self.watched.environments)
            )
            tasks.create_task(self.lease.run(), name="lease")
            while True:
                await self.lease.won()
                await self.watches.refresh(tasks)  # what the watches received while it waited may be outdated
                log.info("leading", lease=self.lease.name)
                await self._lead()
                log.warning("no longer leading", lease=self.lease.name)

    async def _lead(self) -> None:
        """Reconcile until another process may lead."""
        self.operator.reset()
        self._look_at_all()
        duties = {asyncio.create_task(self.workers.work()) for _ in range(self.settings.workers)}
        duties.add(asyncio.create_task(SecretPoll(self.connection, self.children).run(), name="secret poll"))
        lost = asyncio.create_task(self.lease.lost())
        try:
            ended, _ = await asyncio.wait({lost, *duties}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in (lost, *duties):
                task.cancel()
            await asyncio.wait({lost, *duties})
            await self.workers.end()

    def registry(self) -> kopf.OperatorRegistry:
        """Build kopf's handlers for this process."""
        registry = kopf.OperatorRegistry()

        @kopf.on.startup(registry=registry)
        async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
            settings.posting.enabled = False
            settings.scanning.disabled = True
            # These replace kopf's own handlers, which take seconds to get here and would delay the release of the
            # Lease.
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.leaving.set)

        @kopf.on.cleanup(registry=registry)
        async def leave(**_: Any) -> None:
            self.leaving.set()

        @kopf.on.login(registry=registry, retries=3)
        async def login(**arguments: Any) -> kopf.ConnectionInfo | None:
            return kopf.login_with_service_account(**arguments) or kopf.login_with_kubeconfig(**arguments)

        return registry

    def alive(self) -> str:
        """Say why the process cannot work, "" if it can."""
        # An answer shows that the event loop runs. Problems of one object are reported on that object.
        return "" if self.workers.turn else "all workers have exceeded the deadline and cannot be cancelled"

    def ready(self) -> str:
        """Say what the first reconciliation waits for, "" for nothing."""
        if self.synced:
            return ""
        return f"waiting for the list of: {', '.join(self.watches.awaited) or 'none'}; see the log"

    def refresh_metrics(self) -> None:
        """Set the gauges."""
        leads = self.lease.remaining > 0  # if not, waiting keys are normal
        metrics.LEADER.set(leads)
        metrics.QUEUE_DEPTH.set(self.queue.depth if leads else 0)
        metrics.QUEUE_OLDEST.set(self.queue.oldest_age if leads else 0)
        metrics.LONG_RECONCILIATIONS.set(self.workers.long)
        metrics.LONGEST_RECONCILIATION.set(self.workers.longest)
        export_conditions(self.watched.microservices if leads else {})

    def _saw(self, body: Body) -> None:
        if self.watched.upsert_microservice(body):
            self.queue.forget_failures((body["metadata"]["namespace"], body["metadata"]["name"]))

    def _lost(self, body: Body) -> None:
        metadata = body["metadata"]
        self.operator.forget(metadata["uid"])
        if self.watched.remove_microservice(body):
            self.queue.drop((metadata["namespace"], metadata["name"]))

    def _gone(self, key: Key, uid: str) -> None:
        """Handle a Microservice that a reconciliation found to be gone; a late watch event reports it again."""
        self._lost({"metadata": {"namespace": key[0], "name": key[1], "uid": uid}})

    def _child_changed(self, owner: Key) -> None:
        if owner in self.watched.microservices:
            self.queue.add(owner)

    def _look_at_all(self) -> None:
        for key in self.watched.microservices:
            self.queue.add(key)


def _external_clients(
    settings: Settings, cluster: Cluster, cluster_id: str, watched: WatchedResources
) -> ExternalClients:
    return ExternalClients(
        cluster=cluster,
        cluster_id=cluster_id,
        aws=Clients(settings.aws_endpoint_url, _count_aws, Limits(threads=settings.aws_pool_size)),
        servers=Servers(),
        resync_cache=ResyncCache(settings.resync * 0.9),
        resync=settings.resync,
        namespace_uid=watched.namespace_uid,
    )


async def main(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT, which kopf handles.

    Raises OperatorError if the API server cannot be used at all.
    """
    connection = Connection(await configuration(), settings.connections)
    cluster_id = await _cluster_id(connection)
    app = App(settings, connection, cluster_id)
    runner = await health_server.serve(
        (settings.listen_host, settings.listen_port), app.alive, app.ready, app.refresh_metrics
    )
    log.info("started", cluster=cluster_id, workers=settings.workers, emulator=settings.aws_endpoint_url or "")
    kopf_task = asyncio.create_task(_kopf(app))
    work = asyncio.create_task(app.run())
    leaving = asyncio.create_task(app.leaving.wait())
    try:
        done, _ = await asyncio.wait({kopf_task, work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        asyncio.get_running_loop().set_exception_handler(while_leaving)
        # Stopping immediately loses nothing: the next process compares states, whatever this one was doing.
        for task in (work, leaving):
            task.cancel()
        await asyncio.wait({work, leaving}, timeout=LEAVE_SECONDS / 2)
        await app.lease.release(app.operator.external.clients.aws.writes_finished(LEAVE_SECONDS / 2))
        await asyncio.wait({kopf_task}, timeout=LEAVE_SECONDS / 2)
        kopf_task.cancel()
        await runner.cleanup()
        app.operator.external.clients.close()
        await connection.close()
        log.info("stopped")


async def _kopf(app: App) -> None:
    await kopf.operator(
        registry=app.registry(),
        clusterwide=True,  # of nothing
        standalone=True,
        stop_flag=app.leaving,
        # Otherwise kopf looks up the name of the user, and the user of a container has none.
        identity=cast("Any", names.MANAGED_BY),
    )


def while_leaving(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log at debug level that a kopf stream cannot be closed, because all streams end with the process.

    A watch that is cancelled between two events stays open until the loop ends. Then `shutdown_asyncgens` closes it and
    its inner generators in any order, and an outer one fails if its inner one is already closed.
    """
    if "asyncgen" in context:
        log.debug("stream not closed", message=context["message"], error=repr(context.get("exception")))
    else:
        loop.default_exception_handler(context)


async def _cluster_id(connection: Connection) -> str:
    try:
        namespace = await connection.send("GET", NAMESPACE.path(name="kube-system"))
    except ApiError as error:
        raise error.expected() from error
    return str(namespace["metadata"]["uid"])


def _count_aws(service: str, action: str, code: str) -> None:
    metrics.AWS_CALLS.labels(service, action, code).inc()
