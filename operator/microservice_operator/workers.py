"""Workers take keys from the queue and run one pass over each: what comes of it decides when the next one is due."""

import random
import time
from uuid import uuid4

import structlog

from . import metrics
from .errors import NotYet, OperatorError
from .queue import Key, Queue
from .reconcile import Operator, reconcile

log = structlog.get_logger(__name__)


class Workers:
    """What all workers of a process share."""

    def __init__(self, operator: Operator, queue: Queue) -> None:
        """Nothing runs yet."""
        self._operator = operator
        self._queue = queue

    async def work(self) -> None:
        """One worker: pass after pass until cancelled."""
        while True:
            key = await self._queue.take()
            try:
                await self._one_pass(key)
            finally:
                self._queue.done(key)

    async def _one_pass(self, key: Key) -> None:
        body = self._operator.world.microservices.get(key)
        generation = body["metadata"].get("generation") if body else None
        structlog.contextvars.bind_contextvars(
            namespace=key[0], name=key[1], generation=generation, trace_id=uuid4().hex
        )
        started, result = time.monotonic(), "ok"
        try:
            again = await reconcile(self._operator, key)
            if again is not None and again.failed:
                result = "incomplete"
                self._queue.back_off(key)
            else:
                self._queue.forget_failures(key)
            if again is not None:
                # Jitter: after a restart, all would look at AWS in the same second for ever.
                self._queue.add_after(key, again.after * random.uniform(0.9, 1.1))  # noqa: S311 no secret
        except NotYet as error:
            result = "retry"
            after = self._queue.back_off(key, at_least=error.after)
            log.info("pass postponed", reason=error.reason, error=str(error), after=after)
        except OperatorError as error:
            result = "refused"
            log.warning("pass refused", error=str(error), after=self._queue.back_off(key))
        except Exception:
            result = "error"
            log.exception("pass failed", after=self._queue.back_off(key))
        finally:
            seconds = time.monotonic() - started
            metrics.RECONCILES.labels(result).inc()
            metrics.RECONCILE_SECONDS.observe(seconds)
            log.debug("pass ended", result=result, seconds=round(seconds, 4))
            structlog.contextvars.clear_contextvars()
