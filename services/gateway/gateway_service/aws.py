"""The one door to AWS: boto3 in a few threads, with short waits, for nobody who asks here waits for long."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

THREADS = 4
FAILURES = (BotoCoreError, ClientError)
Value = TypeVar("Value")


class AWS:
    """Clients by service; `AWS_ENDPOINT_URL` and the credentials are read by boto3 itself."""

    def __init__(self, region: str) -> None:
        """Make no client yet: that takes up to 300 ms each."""
        self._region = region
        self._clients: dict[str, Any] = {}
        self._making = Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")

    async def ask(self, service: str, question: Callable[[Any], Value]) -> Value:
        """What `question` makes of the client of a service; raises one of `FAILURES` when AWS does not answer."""
        asked = asyncio.get_running_loop().run_in_executor(self._threads, lambda: question(self._client(service)))
        return await asked

    async def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()

    def _client(self, service: str) -> Any:
        with self._making:  # a session of boto3 is not for several threads at once
            if service not in self._clients:
                config = Config(
                    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}
                )
                # its type is an overload for each of 400 services
                session: Any = boto3.session.Session(region_name=self._region)
                self._clients[service] = session.client(service, config=config)
            return self._clients[service]


def items(client: Any, action: str, **parameters: Any) -> list[dict[str, Any]]:
    """All pages of a list of API Gateway's."""
    pages = client.get_paginator(action).paginate(**parameters)
    return [item for page in pages for item in page.get("Items", ())]
