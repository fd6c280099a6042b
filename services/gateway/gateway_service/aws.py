"""The only module that calls AWS: boto3 in a few threads, with short timeouts."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

THREADS = 4
ERRORS = (BotoCoreError, ClientError)
Value = TypeVar("Value")


class AWS:
    """One client for each AWS service. boto3 reads `AWS_ENDPOINT_URL` and the credentials itself."""

    def __init__(self, region: str) -> None:
        """Clients are created on first use, because each takes up to 300 ms."""
        self._region = region
        self._clients: dict[str, Any] = {}
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")

    async def call(self, service: str, request: Callable[[Any], Value]) -> Value:
        """Run `request` with the client of a service. Raises one of `ERRORS` when AWS does not answer."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: request(self._client(service)))

    async def close(self) -> None:
        """Stop the threads and close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()

    def _client(self, service: str) -> Any:
        with self._lock:  # a boto3 session is not thread-safe
            if service not in self._clients:
                config = Config(
                    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
                )
                # Any: boto3 types it as an overload for each of 400 services
                session: Any = boto3.session.Session(region_name=self._region)
                self._clients[service] = session.client(service, config=config)
            return self._clients[service]


def items(client: Any, action: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the items of all pages of an API Gateway list."""
    pages = client.get_paginator(action).paginate(**parameters)
    return [item for page in pages for item in page.get("Items", ())]
