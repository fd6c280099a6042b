"""One process leads at a time: a Lease of coordination.k8s.io, taken and renewed by compare-and-swap.

Nobody's clock is compared with another's. Who leads counts from before its last renewal was sent; who waits counts from
when it saw the Lease change last, and for longer. So the one has stopped writing before the other begins, and a process
that does not hear the API server, or was stopped, may not write from then on by its own clock alone.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from .. import metrics
from ..errors import NotYet
from ..fence import Fenced
from .api_client import CONFLICT, NOT_FOUND, ApiError, Connection
from .kinds import LEASE

log = structlog.get_logger(__name__)

TICK = 0.2


def _clock() -> float:
    """Seconds that also pass while the machine sleeps, where the system tells them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True)
class Terms:
    """Seconds. A leader writes for `duration` less `margin` from its last renewal: what is sent by then has arrived."""

    duration: float = 12.0
    margin: float = 2.0
    renew: float = 3.0
    look: float = 1.0  # how often one that waits looks whether the Lease was given back
    answer: float = 4.0  # for one request


@dataclass
class Lease:
    """This process and the Lease `name` of a namespace; `me` is nobody else's name, also after a restart."""

    connection: Connection
    namespace: str
    name: str
    me: str
    terms: Terms = field(default_factory=Terms)
    clock: Callable[[], float] = _clock
    _renewed: float = float("-inf")
    _seen: tuple[str, str, float] = ("", "", 0.0)  # holder, version, since when
    _spec: dict[str, Any] = field(default_factory=dict)
    _released: bool = False
    _making: bool = False  # a Lease was asked for where there was none; whether it was made may not be known
    _not_before: float = float("-inf")

    @property
    def remaining(self) -> float:
        """Seconds for which this process may write; 0 or less when it may not."""
        if self._released or self.clock() < self._not_before:
            return 0.0
        return self._renewed + self.terms.duration - self.terms.margin - self.clock()

    def may_write(self) -> float:
        """The same; raises Fenced when it may not."""
        remaining = self.remaining
        if remaining <= 0:
            raise Fenced
        return remaining

    async def run(self) -> None:
        """Take the Lease when it is free, and renew it, until cancelled."""
        while True:
            heard = False
            try:
                async with asyncio.timeout(self.terms.answer):
                    await self._step()
                heard = True
            except ApiError as error:
                log.warning("lease refused", lease=f"{self.namespace}/{self.name}", error=str(error))
            except (NotYet, TimeoutError) as error:
                log.info("lease not heard of", error=str(error) or type(error).__name__)
            metrics.LEADER.set(self.remaining > 0)
            await asyncio.sleep(self.terms.renew if heard and self.remaining > 0 else self.terms.look)

    async def won(self) -> None:
        """Wait until this process leads."""
        while self.remaining <= 0:  # noqa: ASYNC110 time ends a Lease, and tells nobody
            await asyncio.sleep(TICK)

    async def lost(self) -> None:
        """Wait until this process leads no more."""
        while self.remaining > 0:  # noqa: ASYNC110 the same
            await asyncio.sleep(TICK)

    async def release(self) -> None:
        """Write no more, and let the next one begin at once."""
        holds, self._released = self.remaining > 0, True
        if not holds:
            return
        try:
            async with asyncio.timeout(self.terms.answer / 2):
                await self._write("", since="")
        except (ApiError, NotYet, TimeoutError) as error:
            log.info("lease not given back; it ends by itself", error=str(error) or type(error).__name__)

    async def _step(self) -> None:
        if self._seen[0] == self.me:
            try:
                await self._write(self.me, self._spec.get("acquireTime", ""))
            except ApiError as error:
                if error.code not in (CONFLICT, NOT_FOUND):
                    raise
                self._seen = ("", "", 0.0)  # somebody else has written it: look
            else:
                return
        await self._look()
        holder, _, since = self._seen
        free = not holder or self.clock() - since > self._patience()
        if holder == self.me or free:
            await self._write(self.me, since="" if free else self._spec.get("acquireTime", ""))

    async def _look(self) -> None:
        try:
            found = await self.connection.send("GET", LEASE.path(self.namespace, self.name), fenced=False)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            self._seen, self._spec = ("", "", self.clock()), {}
            return
        self._spec = found.get("spec") or {}
        holder, version = self._spec.get("holderIdentity") or "", found["metadata"]["resourceVersion"]
        if (holder, version) != self._seen[:2]:
            self._seen = (holder, version, self.clock())
        if holder != self.me:
            self._renewed, self._making = float("-inf"), False  # somebody else may write from now on

    def _patience(self) -> float:
        """How long the holder is waited for: as it says itself, within reason."""
        said = self._spec.get("leaseDurationSeconds")
        return max(self.terms.duration, min(float(said), 60.0)) if isinstance(said, int) else self.terms.duration

    async def _write(self, holder: str, since: str) -> None:
        """Take, renew or give back, if nobody else has written since the last look; a conflict is an ApiError."""
        begun, now = self.clock(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        version, before = self._seen[1], self._seen[0]
        transitions = int(self._spec.get("leaseTransitions") or 0)
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": int(self.terms.duration) if holder else 1,
            "acquireTime": since or now,
            "renewTime": now,
            "leaseTransitions": transitions + (holder not in (before, "")),
        }
        body: dict[str, Any] = {"metadata": {"name": self.name, "namespace": self.namespace}, "spec": spec}
        if version:
            body["metadata"]["resourceVersion"] = version
            path, method = LEASE.path(self.namespace, self.name), "PUT"
        else:
            path, method = LEASE.path(self.namespace), "POST"
        body |= {"apiVersion": LEASE.api_version, "kind": LEASE.kind}
        self._making = self._making or not version
        written = await self.connection.send(method, path, body=body, fenced=False)
        self._seen = (holder, written["metadata"]["resourceVersion"], self.clock())
        self._spec = spec
        if holder == self.me:
            self._renewed = begun
            if self._making:
                # It was not there: for the first time, or because somebody deleted it while another one holds it.
                self._making, self._not_before = False, self._seen[2] + self.terms.duration
