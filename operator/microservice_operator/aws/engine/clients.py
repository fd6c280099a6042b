"""Sends calls to AWS: threads and boto3 clients, no decisions.

boto3 blocks, so every call runs in a thread. Each service has a small pool per region, and another pool for deletions.
A service that hangs blocks only its threads of that region, and a flood of creations does not delay a deletion.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from ... import metrics, names, pending_calls
from ...fence import MayWrite, always
from . import write_fence
from .call import READS, AssumedRole, Call, Lane
from .create_once import CreateOnce
from .expectations import Expectations
from .list_cache import ListCache
from .rate_limiter import RateLimited, RateLimiter
from .role_sessions import RoleSessions
from .write_backoff import WriteBackoff

OnCall = Callable[[str, str, str], None]  # service, action, code


@dataclass(frozen=True)
class Limits:
    """Limits of every call. boto3's default timeouts are a minute each, and its retries would block a thread long."""

    connect_seconds: float = 3
    read_seconds: float = 10
    attempts: int = 2
    threads: int = 8

    @property
    def delete_threads(self) -> int:
        """Threads of deletions, which are fewer."""
        return max(1, self.threads // 2)


def _ignore_call(service: str, action: str, code: str) -> None:
    """Ignore the call."""


class Clients:
    """One client per service, region and role, created on first use and kept: its creation takes up to 300 ms."""

    def __init__(
        self, endpoint_url: str | None = None, called: OnCall = _ignore_call, limits: Limits | None = None
    ) -> None:
        """Use AWS, or an emulator at `endpoint_url`, which has no rate limits.

        `called` runs on the event loop after every call.
        """
        self._endpoint_url = endpoint_url
        self._called = called
        self._limits = limits or Limits()
        self._pools: dict[tuple[str, str, Lane], ThreadPoolExecutor] = {}
        inner = botocore.session.Session()  # one with one loader, so that each model is loaded once
        self._session = boto3.session.Session(botocore_session=inner)
        self._clients: dict[tuple[str, str, AssumedRole | None], Any] = {}
        self._client_lock = Lock()
        self._writes: set[Future[dict[str, Any]]] = set()
        self.may_write: MayWrite = always
        self.verified_accounts: set[tuple[str, str, AssumedRole | None]] = set()
        self.own_account = ""  # the account of the operator's own credentials, once it is known
        self.roles = RoleSessions(self.call, inner.get_component("data_loader"))
        self.create_once = CreateOnce()
        self.expectations = Expectations()
        self.write_backoff = WriteBackoff()
        self.lists = ListCache()
        self.rate_limiter = None if endpoint_url else RateLimiter()

    async def call(self, call: Call) -> dict[str, Any]:
        """Make one call and return its answer.

        Raises what botocore raises; `errors.classify_error` maps it to an OperatorError. Raises an OperatorError if the
        call was not made: RateLimited, because AWS would throttle it, and another one if its role cannot be assumed.
        """
        if call.role:
            await self.roles.ready(call.role, call.region)
        await self._wait_for_rate(call)
        code = "Cancelled"
        try:
            with pending_calls.waiting_in(f"{call.service}:{call.action}"):
                answer = await self._send(call)
            code = "OK"
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "Unknown")
            if call.role:
                self.roles.forget(call.role, call.region, code)
            raise
        except Exception as error:
            code = type(error).__name__
            raise
        finally:
            self._called(call.service, call.action, code)
        return answer

    async def _wait_for_rate(self, call: Call) -> None:
        if self.rate_limiter is None:
            return
        try:
            with pending_calls.waiting_in(f"the rate limit of {call.service}:{call.action}"):
                await self.rate_limiter.wait(call)
        except RateLimited:
            self._called(call.service, call.action, RateLimited.__name__)
            raise

    async def _send(self, call: Call) -> dict[str, Any]:
        """Send the call from a thread."""
        running = self._pool(call).submit(self._run, call)
        if not call.action.startswith(READS):
            self._writes.add(running)
            running.add_done_callback(self._writes.discard)
        return await asyncio.wrap_future(running)

    async def writes_finished(self, seconds: float) -> bool:
        """Wait for the writes that have begun, which go on in their threads when the caller is cancelled."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*map(asyncio.wrap_future, tuple(self._writes)), return_exceptions=True)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Release threads and connections without waiting for running calls."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for client in self._clients.values():
            client.close()

    def _pool(self, call: Call) -> ThreadPoolExecutor:
        key = (call.service, call.region, call.lane)
        if key not in self._pools:
            threads = self._limits.delete_threads if call.lane is Lane.DELETE else self._limits.threads
            self._pools[key] = ThreadPoolExecutor(threads, thread_name_prefix=f"aws-{call.service}-{call.lane}")
        return self._pools[key]

    def _run(self, call: Call) -> dict[str, Any]:
        send = getattr(self._client(call.service, call.region, call.role), xform_name(call.action))
        fence = nullcontext() if call.action.startswith(READS) else write_fence.fenced(self.may_write)
        with fence, metrics.AWS_SECONDS.labels(call.service).time():
            answer: dict[str, Any] = send(**call.parameters)
        return answer

    def _client(self, service: str, region: str, role: AssumedRole | None = None) -> Any:
        with self._client_lock:
            if (service, region, role) not in self._clients:
                limits = self._limits
                session = self._session
                if role:
                    session = boto3.session.Session(botocore_session=self.roles.botocore_session(role, region))
                client: Any = session.client(  # its type is an overload for each of 400 services
                    service,  # type: ignore[call-overload]
                    region_name=region,
                    endpoint_url=self._endpoint_url,
                    config=Config(
                        connect_timeout=limits.connect_seconds,
                        read_timeout=limits.read_seconds,
                        retries={"mode": "standard", "total_max_attempts": limits.attempts},
                        max_pool_connections=limits.threads + limits.delete_threads,
                        user_agent_extra=names.FIELD_MANAGER,  # CloudTrail shows it
                    ),
                )
                write_fence.install(client)
                self._clients[service, region, role] = client
            return self._clients[service, region, role]
