"""Elects the one process that leads, with a Lease of coordination.k8s.io, taken and renewed by compare-and-swap.

Clocks of different processes are never compared. The leader counts from the time before it sent its last renewal. A
waiting process counts from the last change of the Lease that it saw, and waits longer. So the leader has stopped
writing before the next one starts. A process that was stopped, or cannot reach the API server, loses the permission to
write by its own clock alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from .. import metrics
from ..errors import NotYet
from ..fence import ARRIVAL, Fenced
from .api_client import CONFLICT, NOT_FOUND, ApiError, Connection
from .kinds import LEASE

log = structlog.get_logger(__name__)

TICK = 0.2


def _clock() -> float:
    """Return seconds; they also pass while the machine sleeps, if the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True)
class Terms:
    """Durations of the leader election, in seconds.

    A leader writes for `duration` minus `margin` after its last renewal; requests sent by then arrive within `margin`.
    """

    duration: float = 12.0
    margin: float = ARRIVAL
    renew: float = 3.0
    look: float = 1.0  # how often a waiting process checks whether the Lease was released
    answer: float = 4.0  # timeout of one request


@dataclass
class Lease:
    """This process and the Lease `name` of a namespace; `me` identifies only this process, also after a restart."""

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
    _making: bool = False  # a Lease was requested because none existed; it may be unknown whether it was created
    _not_before: float = float("-inf")

    @property
    def remaining(self) -> float:
        """Seconds for which this process may write; 0 or less if it may not."""
        if self._released or self.clock() < self._not_before:
            return 0.0
        return self._renewed + self.terms.duration - self.terms.margin - self.clock()

    def may_write(self) -> float:
        """Return the seconds for which this process may write; raises Fenced if it may not."""
        remaining = self.remaining
        if remaining <= 0:
            raise Fenced
        return remaining

    async def run(self) -> None:
        """Take the Lease if it is free, and renew it, until cancelled."""
        while True:
            heard = False
            try:
                async with asyncio.timeout(self.terms.answer):
                    await self._step()
                heard = True
            except ApiError as error:
                log.warning("lease refused", lease=f"{self.namespace}/{self.name}", error=str(error))
            except (NotYet, TimeoutError) as error:
                log.info("cannot read or renew the lease", error=str(error) or type(error).__name__)
            metrics.LEADER.set(self.remaining > 0)
            await asyncio.sleep(self.terms.renew if heard and self.remaining > 0 else self.terms.look)

    async def won(self) -> None:
        """Wait until this process leads."""
        while self.remaining <= 0:  # noqa: ASYNC110 a Lease ends by time, without an event
            await asyncio.sleep(TICK)

    async def lost(self) -> None:
        """Wait until this process no longer leads."""
        while self.remaining > 0:  # noqa: ASYNC110 the same
            await asyncio.sleep(TICK)

    async def release(self, finished: Awaitable[bool]) -> None:
        """Stop writing, and release the Lease so that the next process can start immediately.

        `finished` waits for the writes that have already begun. If it returns false, the Lease expires instead.
        """
        holds, self._released = self.remaining > 0, True
        if not await finished or not holds:
            return
        try:
            async with asyncio.timeout(self.terms.answer / 2):
                await self._write("", since="")
        except (ApiError, NotYet, TimeoutError) as error:
            log.info("cannot release the lease; it expires", error=str(error) or type(error).__name__)

    async def _step(self) -> None:
        if self._seen[0] == self.me:
            try:
                await self._write(self.me, self._spec.get("acquireTime", ""))
            except ApiError as error:
                if error.code not in (CONFLICT, NOT_FOUND):
                    raise
                self._seen = ("", "", 0.0)  # another process has written or deleted the Lease: read it
            else:
                return
        await self._look()
        holder, _, since = self._seen
        free = not holder or self.clock() - since > self._patience()
        if holder == self.me or free:
            await self._write(self.me, since="" if free else self._spec.get("acquireTime", ""))

    async def _look(self) -> None:
        try:
            lease = await self.connection.send("GET", LEASE.path(self.namespace, self.name), fenced=False)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise
            self._seen, self._spec = ("", "", self.clock()), {}
            return
        self._spec = lease.get("spec") or {}
        holder, version = self._spec.get("holderIdentity") or "", lease["metadata"]["resourceVersion"]
        if (holder, version) != self._seen[:2]:
            self._seen = (holder, version, self.clock())
        if holder != self.me:
            self._renewed, self._making = float("-inf"), False  # another process may write from now on

    def _patience(self) -> float:
        """Return how many seconds to wait for the holder: what its Lease says, from `duration` to 60 s."""
        seconds = self._spec.get("leaseDurationSeconds")
        return max(self.terms.duration, min(float(seconds), 60.0)) if isinstance(seconds, int) else self.terms.duration

    async def _write(self, holder: str, since: str) -> None:
        """Take, renew or release the Lease.

        Raises ApiError with a conflict if another process has written the Lease since the last read.
        """
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
                # The Lease did not exist: it is the first, or somebody deleted it while another process holds it.
                self._making, self._not_before = False, self._seen[2] + self.terms.duration
