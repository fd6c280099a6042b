"""Defines what is watched, in which namespaces, and which callback each watch calls.

With given namespaces, only these are listed and watched. Permissions in them are enough for everything except
Environments, which are cluster-scoped.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from . import names
from .cluster.api_client import Connection
from .cluster.child_cache import Children
from .cluster.kinds import ENVIRONMENT, MICROSERVICE, NAMESPACE, POD, SERVICE_MONITOR, WATCHED, Kind
from .cluster.pod_cache import Pods
from .cluster.watch import Watch
from .watched_resources import WatchedResources

FRESH = 20.0  # seconds; a restarted process waits 12 for the Lease of a killed one, and lists only once
Told = Callable[[dict[str, Any]], None]


class Watches:
    """The watches of one process."""

    def __init__(self, connection: Connection, namespaces: tuple[str, ...], watched: WatchedResources) -> None:
        """Watch these namespaces, or all if empty; nothing runs until `run`."""
        self._connection = connection
        self._everywhere = namespaces or ("",)
        self._all: list[Watch] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._listed_at = float("-inf")
        self._add(ENVIRONMENT, watched.upsert_environment, watched.remove_environment)
        for name in self._everywhere:
            self._all.append(
                Watch(connection, NAMESPACE, watched.upsert_namespace, watched.remove_namespace, name=name)
            )

    def microservices(self, saw: Told, lost: Told) -> None:
        """Add the watch of Microservices."""
        self._add(MICROSERVICE, saw, lost)

    def children(self, children: Children, pods: Pods, appeared: Callable[[], None]) -> None:
        """Add the watches of children and pods.

        `appeared` is called when the server starts to serve ServiceMonitors.
        """
        for kind in WATCHED:
            self._add(kind, *_of(children, kind), names.SELECTOR)
        self._add(SERVICE_MONITOR, *_of(children, SERVICE_MONITOR), names.SELECTOR, appeared)
        self._add(POD, pods.saw, pods.lost, names.SELECTOR)

    @property
    def service_monitors(self) -> bool:
        """Whether the server serves ServiceMonitors."""
        return any(watch.served for watch in self._all if watch.kind is SERVICE_MONITOR)

    def run(self, tasks: asyncio.TaskGroup) -> None:
        """Start or restart all watches."""
        for task in self._tasks:
            task.cancel()
        for watch in self._all:
            watch.listed.clear()
        self._tasks = [
            tasks.create_task(watch.run(), name=f"watch {watch.kind.plural} {watch.namespace}".strip())
            for watch in self._all
        ]

    async def listed(self) -> None:
        """Wait until all lists are complete; otherwise a restart would treat unlisted objects as missing."""
        for watch in self._all:
            await watch.listed.wait()
        self._listed_at = time.monotonic()

    async def refresh(self, tasks: asyncio.TaskGroup) -> None:
        """List everything again, unless the last list is younger than FRESH seconds.

        A dead stream stays silent, and is detected only after more than a minute (`SILENCE` in `cluster.watch`).
        """
        if time.monotonic() - self._listed_at > FRESH:
            self.run(tasks)
            await self.listed()

    @property
    def awaited(self) -> list[str]:
        """The kinds that are not listed yet."""
        return sorted({watch.kind.plural for watch in self._all if not watch.listed.is_set()})

    def _add(
        self, kind: Kind, saw: Told, lost: Told, selector: str = "", appeared: Callable[[], None] | None = None
    ) -> None:
        for namespace in self._everywhere if kind.namespaced else ("",):
            watch = Watch(self._connection, kind, saw, lost, selector, namespace, optional=appeared is not None)
            watch.appeared = appeared or watch.appeared
            self._all.append(watch)


def _of(children: Children, kind: Kind) -> tuple[Told, Told]:
    def saw(item: Mapping[str, Any]) -> None:
        children.saw(kind.kind, item)

    def lost(item: Mapping[str, Any]) -> None:
        children.lost(kind.kind, item)

    return saw, lost
