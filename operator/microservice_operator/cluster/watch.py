"""List and watch one kind for ever: pages, bookmarks, resumption, relisting after 410, stalls found by silence.

The client library's informer is for threads only; this is the same loop for asyncio.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import structlog

from .. import metrics
from ..errors import NotYet
from ..facts import Reason
from .connection import GONE, NOT_FOUND, ApiError, Connection
from .kinds import Kind

log = structlog.get_logger(__name__)

PAGE = "500"
PAGES = 2000
SERVER_TIMEOUT = 290  # the server ends the watch by itself after that many seconds
SILENCE = 75.0  # bookmarks come about once a minute; a longer silence is a dead connection
RETRY = (0.2, 10.0)


@dataclass
class Watch:
    """One kind's stream. `changed` and `removed` are called with each object, `listed` is set after the first list.

    A kind that the server does not serve counts as listed and empty, and is looked for again every `absent` seconds;
    `appeared` is called when it is served after all.
    """

    connection: Connection
    kind: Kind
    changed: Callable[[dict[str, Any]], None]
    removed: Callable[[dict[str, Any]], None]
    selector: str = ""
    absent: float = 60.0
    appeared: Callable[[], None] = lambda: None
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    served: bool = True
    _known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    async def run(self) -> None:
        """Keep the stream going until cancelled."""
        delay = RETRY[0]
        while True:
            try:
                version = await self._list()
                delay = RETRY[0]
                while version:
                    version = await self._follow(version)
            except ApiError as error:
                if error.code == NOT_FOUND:
                    self.served = False
                    self.listed.set()
                    await asyncio.sleep(self.absent)
                    continue
                log.warning("watch refused", resource=self.kind.plural, error=str(error))
            except (NotYet, TimeoutError, aiohttp.ClientError, OSError) as error:
                log.info("watch interrupted", resource=self.kind.plural, error=type(error).__name__)
            metrics.WATCH_RESTARTS.labels(self.kind.plural).inc()
            await asyncio.sleep(delay)
            delay = min(delay * 2, RETRY[1])

    async def _list(self) -> str:
        seen: set[tuple[str, str]] = set()
        query = {"limit": PAGE, **({"labelSelector": self.selector} if self.selector else {})}
        for _ in range(PAGES):
            page = await self.connection.send("GET", self.kind.path(), query=query)
            for item in page.get("items") or []:
                seen.add(_key(item))
                self._changed(item)
            query["continue"] = page["metadata"].get("continue") or ""
            if not query["continue"]:
                break
        else:
            raise NotYet(Reason.PROGRESSING, f"the list of {self.kind.plural} has no end after {PAGES} pages")
        for key in [key for key in self._known if key not in seen]:
            self._removed({"metadata": self._known[key]})
        self.listed.set()
        if not self.served:
            self.served = True
            self.appeared()
        return str(page["metadata"]["resourceVersion"])

    async def _follow(self, version: str) -> str:
        """Watch from `version`; return where to resume, "" to list anew."""
        query = {
            "watch": "1",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(SERVER_TIMEOUT),
            **({"labelSelector": self.selector} if self.selector else {}),
        }
        try:
            async with self.connection.stream(self.kind.path(), query, SILENCE) as lines:
                async for line in lines:
                    event = orjson.loads(line)
                    kind, item = event["type"], event["object"]
                    if kind == "ERROR":
                        if item.get("code") != GONE:
                            log.warning("watch error", resource=self.kind.plural, error=item.get("message"))
                        return ""
                    version = item["metadata"]["resourceVersion"]
                    if kind == "DELETED":
                        self._removed(item)
                    elif kind != "BOOKMARK":
                        self._changed(item)
        except ApiError as error:
            if error.code == GONE:
                return ""
            raise
        except (TimeoutError, aiohttp.ClientError, OSError):
            # The connection broke, the version still holds: resume without a list.
            metrics.WATCH_RESTARTS.labels(self.kind.plural).inc()
            await asyncio.sleep(RETRY[0])
        return version

    def _changed(self, item: dict[str, Any]) -> None:
        metadata = item["metadata"]
        self._known[_key(item)] = {k: metadata[k] for k in ("namespace", "name", "uid", "labels") if k in metadata}
        self.changed(item)

    def _removed(self, item: dict[str, Any]) -> None:
        self._known.pop(_key(item), None)
        self.removed(item)


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
