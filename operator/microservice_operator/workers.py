"""Workers take keys from the queue and reconcile each; the result decides when the key is requeued.

A reconciliation has a deadline: one that hangs is cancelled, reported on its object and retried with backoff. It
occupies a worker for at most that time.
"""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog

from . import metrics
from .errors import NotYet, OperatorError
from .fence import Fenced
from .pending_calls import Calls
from .reconcile import Operator, Requeue, reconcile, report_timeout
from .workqueue import Key, WorkQueue

log = structlog.get_logger(__name__)

LONG = 30.0  # seconds after which the log names a reconciliation
SOON = 1.0  # seconds until a reconciliation that was not allowed to write is repeated
TELL = 15.0  # seconds for the status of a cancelled reconciliation
GRACE = 30.0  # seconds for the cleanup of a cancelled reconciliation: a PostgreSQL session is cut after 25


class TimedOut(OperatorError):
    """A reconciliation exceeded its deadline and was cancelled."""


@dataclass
class Running:
    """A running reconciliation."""

    key: Key
    started: float
    calls: Calls = field(default_factory=Calls)
    let_go: bool = False


class Workers:
    """State that all workers of a process share."""

    def __init__(self, operator: Operator, queue: WorkQueue, deadline: float) -> None:
        """Prepare; a reconciliation may take `deadline` seconds."""
        self._operator = operator
        self._queue = queue
        self._deadline = deadline
        self._running: dict[asyncio.Task[None], Running] = {}

    @property
    def longest(self) -> float:
        """Seconds that the longest running reconciliation has taken so far."""
        return max((time.monotonic() - run.started for run in self._running.values()), default=0.0)

    @property
    def long(self) -> int:
        """Number of reconciliations that run longer than they should."""
        now = time.monotonic()
        return sum(now - run.started > LONG for run in self._running.values())

    @property
    def turn(self) -> bool:
        """Whether a worker becomes free within the deadline; false while all exceed it and cannot be cancelled."""
        held = self._deadline + TELL + 2 * GRACE
        watched = [time.monotonic() - run.started > held for run in self._running.values() if not run.let_go]
        return not (watched and all(watched))

    async def work(self) -> None:
        """Run one worker: one reconciliation after another until cancelled."""
        while True:
            key = await self._queue.take()
            run = Running(key, time.monotonic())
            task = asyncio.create_task(self._reconcile_one(run), name=f"worker {key[0]}/{key[1]}")
            self._running[task] = run
            task.add_done_callback(self._ended)
            try:
                await self._watch_over(task, run)
            finally:
                task.cancel()

    async def end(self) -> None:
        """Wait a limited time until cancelled reconciliations have ended; they may no longer write."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=GRACE)

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Only now, so that no key has two reconciliations at once, even if one cannot be cancelled.
        self._queue.done(self._running.pop(task).key)

    async def _watch_over(self, task: asyncio.Task[None], run: Running) -> None:
        """Wait until a reconciliation has ended; give up on one that cannot be cancelled."""
        log_fields = {"namespace": run.key[0], "name": run.key[1]}
        ended, _ = await asyncio.wait({task}, timeout=LONG)
        if not ended:
            log.warning("reconciliation takes long", seconds=LONG, waits_for=run.calls.names, **log_fields)
            ended, _ = await asyncio.wait({task}, timeout=self._deadline + TELL + GRACE - LONG)
        if not ended:
            run.let_go = True
            log.error("reconciliation cannot be cancelled", waits_for=run.calls.names, **log_fields)

    async def _within_deadline(self, run: Running) -> Requeue | None:
        """Reconcile within the timeout; raise TimedOut after the status says that and in which call it was
        cancelled."""
        running = asyncio.create_task(self._noted(run), name=f"reconcile {run.key[0]}/{run.key[1]}")
        try:
            ended, _ = await asyncio.wait({running}, timeout=self._deadline)
        except asyncio.CancelledError:
            await _ended(running)
            raise
        if ended:
            return running.result()
        message = (
            f"a reconciliation did not end within {self._deadline:.0f} seconds and was cancelled while it waited for "
            f"{run.calls.sentence}; it is retried with backoff; find out why that call does not end"
        )
        await _ended(running)
        with suppress(TimeoutError):
            async with asyncio.timeout(TELL):
                await report_timeout(self._operator, run.key, message)
        raise TimedOut(message)

    async def _noted(self, run: Running) -> Requeue | None:
        with run.calls.made_here():
            return await reconcile(self._operator, run.key)

    async def _reconcile_one(self, run: Running) -> None:
        key = run.key
        body = self._operator.watched.microservices.get(key)
        generation = body["metadata"].get("generation") if body else None
        structlog.contextvars.bind_contextvars(
            namespace=key[0], name=key[1], generation=generation, trace_id=uuid4().hex
        )
        result = "ok"
        try:
            result = await self._requeued(run)
        finally:
            seconds = time.monotonic() - run.started
            metrics.RECONCILES.labels(result).inc()
            metrics.RECONCILE_SECONDS.observe(seconds)
            log.debug("reconciliation ended", result=result, seconds=round(seconds, 4))

    async def _requeued(self, run: Running) -> str:
        """Reconcile, and requeue the key as the result demands; return the result for the metrics."""
        key = run.key
        try:
            again = await self._within_deadline(run)
        except TimedOut as error:
            log.warning("reconciliation cancelled", error=str(error), after=self._queue.back_off(key))
            return "overrun"
        except Fenced as error:
            # the write permission may return before anybody has noticed its loss
            self._queue.add_after(key, SOON)
            log.info("reconciliation dropped", error=str(error))
            return "dropped"
        except NotYet as error:
            after = self._queue.back_off(key, at_least=error.after)
            log.info("reconciliation postponed", reason=error.reason, error=str(error), after=after)
            return "retry"
        except OperatorError as error:
            log.warning("reconciliation refused", error=str(error), after=self._queue.back_off(key))
            return "refused"
        except Exception:
            log.exception("reconciliation failed", after=self._queue.back_off(key))
            return "error"
        incomplete = again is not None and again.failed
        if incomplete:
            self._queue.back_off(key)
        else:
            self._queue.forget_failures(key)
        if again is not None:
            self._queue.add_after(key, spread(again.after))
        return "incomplete" if incomplete else "ok"


def spread(seconds: float) -> float:
    """Return a wait with jitter: otherwise all would read AWS in the same second after every restart."""
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 no secret


async def _ended(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended, even if the waiting itself is cancelled.

    The task may have ended with an error in that moment; only one that nobody expected is logged.
    """
    broken_off = False
    while not task.done():
        task.cancel()
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            broken_off = True
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, OperatorError):
        log.error("reconciliation failed", exc_info=error)
    if broken_off:
        raise asyncio.CancelledError
