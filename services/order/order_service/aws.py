"""boto3 for asyncio: calls SNS and SQS from a few threads, with timeouts shorter than those of the callers.

botocore retries nothing: the polling loops retry, and their steps are idempotent.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

THREADS = 3
"""One for each loop that calls AWS, plus one spare."""

Answer = TypeVar("Answer")


class Aws:
    def __init__(self, region: str, longest_wait_seconds: int) -> None:
        session = boto3.session.Session(region_name=region)
        self.sns: SNSClient = session.client("sns", config=_config(read_seconds=5))
        self.sqs: SQSClient = session.client("sqs", config=_config(read_seconds=longest_wait_seconds + 5))
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")

    async def call(self, request: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, request)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _config(read_seconds: int) -> Config:
    return Config(
        connect_timeout=3,
        read_timeout=read_seconds,
        max_pool_connections=THREADS,
        retries={"mode": "standard", "total_max_attempts": 1},
    )
