"""Lists and watches one kind until cancelled: pages, bookmarks, resumption, a new list after 410, stall detection.

The client library's informer works only with threads; this is the same loop for asyncio. The next list reveals what was
deleted during an interruption.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog

from .. import metrics
from ..errors import NotYet
from ..raw_objects import json_value
from .api_client import GONE, NOT_FOUND, SERVER_ERROR, TOO_MANY, ApiError, Connection, items
from .kinds import Kind

log = structlog.get_logger(__name__)

SERVER_TIMEOUT = 290  # seconds after which the server ends the watch
SILENCE = 75.0  # bookmarks come about once a minute; a longer silence means a dead connection
RETRY = (0.2, 10.0)
RESUME = (0.2, 2.0)  # resuming at a valid version costs the server little
ABSENT = 60.0


@dataclass
class Watch:
    """The watch of one kind, in the whole cluster or one namespace; `name` limits it to one object.

    `changed` and `removed` are called with each object; an error in them affects only that object. `listed` is set
    after the first list. An `optional` kind that the server does not serve counts as listed and empty, and is
    requested again every `absent` seconds; `appeared` is called when the server serves it.
    """

    connection: Connection
    kind: Kind
    changed: Callable[[dict[str, Any]], None]
    removed: Callable[[dict[str, Any]], None]
    selector: str = ""
    namespace: str = ""
    name: str = ""
    optional: bool = False
    absent: float = ABSENT
    appeared: Callable[[], None] = lambda: None
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    served: bool = True
    _known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    async def run(self) -> None:
        """Run until cancelled."""
        delay = RETRY[0]
        while True:
            try:
                version = await self._list()
                delay = RETRY[0]
                await self._follow(version)
            except ApiError as error:
                if error.code == NOT_FOUND and self.optional:
                    self.served = False
                    self.listed.set()
                    await asyncio.sleep(self.absent)
                    continue
                log.warning("watch refused", resource=self.kind.plural, namespace=self.namespace, error=str(error))
            except (KeyError, TypeError, ValueError) as error:  # JSON, but not a list or event of Kubernetes
                log.warning("unexpected watch response", resource=self.kind.plural, error=repr(error))
            except (NotYet, TimeoutError, aiohttp.ClientError, OSError) as error:
                log.info("watch interrupted", resource=self.kind.plural, error=type(error).__name__)
            metrics.WATCH_RESTARTS.labels(self.kind.plural).inc()
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY[1])

    async def _list(self) -> str:
        listed_keys: set[tuple[str, str]] = set()
        page: dict[str, Any] = {}
        async for page in self.connection.pages(self.kind.path(self.namespace), self._narrowed):
            for item in items(page):
                listed_keys.add(_key(item))
                self._changed(item)
        version = str(page["metadata"]["resourceVersion"])
        for key in [key for key in self._known if key not in listed_keys]:
            self._removed({"metadata": self._known[key]})
        self.listed.set()
        if not self.served:
            self.served = True
            self.appeared()
        return version

    async def _follow(self, version: str) -> None:
        """Watch from `version`, with one stream after another, until a new list is needed."""
        delay = RESUME[0]
        while version:
            reached, version = version, await self._stream(version)
            if version != reached:
                delay = RESUME[0]
                continue
            # Nothing came: the server is down, overloaded, or ends each stream immediately. The version is still valid.
            metrics.WATCH_RESTARTS.labels(self.kind.plural).inc()
            await asyncio.sleep(delay)
            delay = min(delay * 2, RESUME[1])

    async def _stream(self, version: str) -> str:
        """Read one stream; return the version to resume from, or "" if a new list is needed."""
        query = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(SERVER_TIMEOUT),
            **self._narrowed,
        }
        try:
            async with self.connection.stream(self.kind.path(self.namespace), query, SILENCE) as lines:
                async for line in lines:
                    event = json_value(line)
                    kind, item = event["type"], event["object"]
                    if kind == "ERROR":
                        return version if self._passes_by(item) else ""
                    version = item["metadata"]["resourceVersion"]
                    if kind == "DELETED":
                        self._removed(item)
                    elif kind != "BOOKMARK":
                        self._changed(item)
        except ApiError as error:
            if error.code == GONE:
                return ""
            if error.code != TOO_MANY and error.code < SERVER_ERROR:
                raise
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass  # the connection broke: resume without a list
        return version

    def _passes_by(self, status: Mapping[str, Any]) -> bool:
        """Return whether the version is still valid after an error in a stream."""
        code = status.get("code", 0)
        if code != GONE:
            log.warning("watch error", resource=self.kind.plural, error=status.get("message"))
        return bool(code == TOO_MANY)

    @property
    def _narrowed(self) -> dict[str, str]:
        by_label = {"labelSelector": self.selector} if self.selector else {}
        by_name = {"fieldSelector": f"metadata.name={self.name}"} if self.name else {}
        return by_label | by_name

    def _changed(self, item: dict[str, Any]) -> None:
        metadata, key = item["metadata"], _key(item)
        previous = self._known.get(key)
        if previous is not None and previous["uid"] != metadata["uid"]:
            self._removed({"metadata": previous})  # the deletion of the earlier object of this name was missed
        self._known[key] = {k: metadata[k] for k in ("namespace", "name", "uid", "labels") if k in metadata}
        self._tell(self.changed, item)

    def _removed(self, item: dict[str, Any]) -> None:
        self._known.pop(_key(item), None)
        self._tell(self.removed, item)

    def _tell(self, callback: Callable[[dict[str, Any]], None], item: dict[str, Any]) -> None:
        try:
            callback(item)
        except Exception:
            namespace, name = _key(item)
            log.exception("cannot process object", resource=self.kind.plural, namespace=namespace, name=name)


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
