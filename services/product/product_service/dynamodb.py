"""boto3 for asyncio: a bounded thread pool, timeouts, and errors by the caller's next step.

botocore waits 60 s by default, longer than any caller. Here a call ends with the deadline of its request, and takes
three seconds at most. The pool has one thread for each connection. Waiting for a thread says nothing about DynamoDB, so
the circuit breaker counts only the calls that were made.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from product_service.ports import Contended, StoreUnavailable
from shop_shared.resilience import deadline
from shop_shared.resilience.breaker import Breaker, CircuitOpen
from shop_shared.resilience.bulkhead import Bulkhead, BulkheadFull
from shop_shared.resilience.deadline import DeadlineExceeded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

log = structlog.get_logger(__name__)

THREADS = 16

CONDITION_FAILED = "ConditionalCheckFailedException"
CANCELED = "TransactionCanceledException"
_CONFLICT = "TransactionConflictException"
# An answer, or a bug in this service: a retry does not help.
_ANSWERS = frozenset({CONDITION_FAILED, CANCELED, "ValidationException"})

Answer = TypeVar("Answer")


class DynamoDB:
    """Two clients: `repeating` retries a call whose answer was lost, `once` never retries."""

    def __init__(self, region: str, timeout_seconds: float) -> None:
        session = boto3.session.Session(region_name=region)
        self.repeating: DynamoDBClient = session.client("dynamodb", config=_config(3, timeout_seconds))
        self.once: DynamoDBClient = session.client("dynamodb", config=_config(1, timeout_seconds))
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dynamodb")
        # A separate thread, so that /ready does not depend on the load of the pool.
        self._probe_thread = ThreadPoolExecutor(1, thread_name_prefix="dynamodb-probe")
        self._timeout_seconds = timeout_seconds
        self._bulkhead = Bulkhead("dynamodb", THREADS)
        self._breaker = Breaker("dynamodb")

    async def call(self, request: Callable[[], Answer]) -> Answer:
        try:
            async with self._bulkhead.slot(deadline.remaining()):
                with self._breaker.guard((StoreUnavailable,), inconclusive=(DeadlineExceeded,)):
                    return await self._within_time(request)
        except BulkheadFull as full:
            raise DeadlineExceeded from full
        except CircuitOpen as rejected:
            raise StoreUnavailable("the circuit breaker is open") from rejected

    async def probe(self, request: Callable[[], Answer]) -> Answer:
        return await self._run(self._probe_thread, request)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._probe_thread.shutdown(wait=False, cancel_futures=True)

    async def _within_time(self, request: Callable[[], Answer]) -> Answer:
        left = deadline.remaining()
        limit = self._timeout_seconds if left is None else min(left, self._timeout_seconds)
        try:
            async with asyncio.timeout(limit):
                return await self._run(self._threads, request)
        except TimeoutError:
            if limit < self._timeout_seconds:
                raise DeadlineExceeded from None
            log.warning("DynamoDB does not answer", timeoutSeconds=limit)
            raise StoreUnavailable("timeout") from None

    @staticmethod
    async def _run(threads: ThreadPoolExecutor, request: Callable[[], Answer]) -> Answer:
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, request)
        except ClientError as error:
            code = code_of(error)
            if code in _ANSWERS:
                raise
            if code == _CONFLICT:
                raise Contended(code) from error
            log.warning("DynamoDB rejected a call", code=code, operation=error.operation_name)
            raise StoreUnavailable(code) from error
        except BotoCoreError as error:
            log.warning("DynamoDB is unreachable", error=type(error).__name__)
            raise StoreUnavailable(type(error).__name__) from error


def code_of(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _config(attempts: int, timeout_seconds: float) -> Config:
    return Config(
        connect_timeout=1,
        read_timeout=timeout_seconds,
        max_pool_connections=THREADS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
