"""boto3 for asyncio: a bounded pool of threads, bounded waiting, and errors split by what happens next.

botocore waits 60 s by default, which is longer than anybody who asked still listens; here nobody waits longer than the
deadline of the request, nor three seconds. The pool has as many threads as there are connections; a request that would
have to queue behind too many others is refused at once instead of being answered too late. A breaker stops asking a
DynamoDB that fails.
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
from shop_shared.resilience.deadline import DeadlineExceeded

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

log = structlog.get_logger(__name__)

CALL_SECONDS = 3.0
THREADS = 16
MAX_WAITING = 256

CONDITION_FAILED = "ConditionalCheckFailedException"
CANCELED = "TransactionCanceledException"
_CONFLICT = "TransactionConflictException"
# An answer, or a mistake of ours; neither gets better by waiting.
_ANSWERS = frozenset({CONDITION_FAILED, CANCELED, "ValidationException"})

Answer = TypeVar("Answer")


class DynamoDB:
    """Two clients: one repeats a call whose answer was lost, the other must not."""

    def __init__(self, region: str) -> None:
        session = boto3.session.Session(region_name=region)
        self.repeating: DynamoDBClient = session.client("dynamodb", config=_config(attempts=3))
        self.once: DynamoDBClient = session.client("dynamodb", config=_config(attempts=1))
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dynamodb")
        # Apart, so that /ready does not depend on how busy the pool is.
        self._probe_thread = ThreadPoolExecutor(1, thread_name_prefix="dynamodb-probe")
        self._under_way = 0
        self._breaker = Breaker("dynamodb")

    async def call(self, request: Callable[[], Answer]) -> Answer:
        if self._under_way >= THREADS + MAX_WAITING:
            raise StoreUnavailable("too many requests wait for DynamoDB")
        left = deadline.remaining()
        limit = CALL_SECONDS if left is None else min(left, CALL_SECONDS)
        self._under_way += 1
        try:
            with self._breaker.guarding((StoreUnavailable,), undecided=(DeadlineExceeded,)):
                return await self._within(limit, request)
        except CircuitOpen as refused:
            raise StoreUnavailable("too many calls have failed just now") from refused
        finally:
            self._under_way -= 1

    async def probe(self, request: Callable[[], Answer]) -> Answer:
        return await self._run(self._probe_thread, request)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._probe_thread.shutdown(wait=False, cancel_futures=True)

    async def _within(self, limit: float, request: Callable[[], Answer]) -> Answer:
        try:
            async with asyncio.timeout(limit):
                return await self._run(self._threads, request)
        except TimeoutError:
            if limit < CALL_SECONDS:
                raise DeadlineExceeded from None
            log.warning("DynamoDB does not answer", boundSeconds=CALL_SECONDS)
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
            log.warning("DynamoDB refused a call", code=code, operation=error.operation_name)
            raise StoreUnavailable(code) from error
        except BotoCoreError as error:
            log.warning("DynamoDB cannot be reached", error=type(error).__name__)
            raise StoreUnavailable(type(error).__name__) from error


def code_of(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _config(attempts: int) -> Config:
    return Config(
        connect_timeout=1,
        read_timeout=CALL_SECONDS,
        max_pool_connections=THREADS,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
