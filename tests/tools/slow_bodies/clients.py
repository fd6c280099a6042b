"""Clients: slow ones, and the others, whose answers are counted and timed."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import ClassVar, Self

import httpx2

HEAD = b"POST /things HTTP/1.1\r\nhost: gateway\r\ncontent-length: 1000\r\n\r\nx"
BYTE_SECONDS = 5


@dataclass
class Others:
    """What the other clients got. Latencies are in seconds."""

    HEADER: ClassVar = f"{'':24} {'requests':>8} {'success':>8} {'p50 ms':>7} {'p99 ms':>7}  statuses"

    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def success(self) -> float:
        """The share of requests that were answered with 2xx."""
        return sum(count for status, count in self.statuses.items() if status[0] == "2") / len(self.latencies)

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the requests did not exceed, successful or not."""
        return sorted(self.latencies)[round(share * (len(self.latencies) - 1))]

    def __str__(self) -> str:
        p50, p99 = (self.percentile(share) * 1000 for share in (0.5, 0.99))
        return f"{len(self.latencies):8} {self.success:8.1%} {p50:7.0f} {p99:7.0f}  {dict(self.statuses)}"


async def measure(url: str, seconds: float, rate: float) -> Others:
    """Send GET and POST requests in turns at a rate, whatever the answers take."""
    others = Others()
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as http, asyncio.TaskGroup() as group:
        for number in range(int(seconds * rate)):
            group.create_task(_request(http, url, number, others))
            await asyncio.sleep(1 / rate)
    return others


async def _request(http: httpx2.AsyncClient, url: str, number: int, others: Others) -> None:
    started = time.perf_counter()
    try:
        body = {"content": b"x" * 100} if number % 2 else {}
        status = str((await http.request("POST" if number % 2 else "GET", f"{url}/things", **body)).status_code)  # type: ignore[arg-type]
    except httpx2.TransportError as error:
        status = type(error).__name__
    others.statuses[status] += 1
    others.latencies.append(time.perf_counter() - started)


class SlowClients:
    """Connections that each send a body of 1000 bytes, a byte at a time. One that the gateway ends begins again."""

    def __init__(self, port: int, count: int) -> None:
        """`port` is the gateway's."""
        self._port = port
        self._count = count
        self._answers: Counter[str] = Counter()
        self._open = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Return when all slow bodies have begun."""
        self._tasks = [asyncio.create_task(self._hold()) for _ in range(self._count)]
        while self._open < self._count:  # noqa: ASYNC110  (the tasks change it)
            await asyncio.sleep(0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def outcome(self) -> str:
        """Return how many are open now, and how the gateway ended others."""
        return f"{self._open} open, ended: {dict(self._answers)}"

    async def _hold(self) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(HEAD)
            self._open += 1
            answer = asyncio.create_task(reader.readline())
            try:
                while not answer.done():
                    await asyncio.wait({answer}, timeout=BYTE_SECONDS)
                    writer.write(b"x")
                self._answers[_status(answer)] += 1
            finally:
                self._open -= 1
                answer.cancel()
                writer.close()


def _status(answer: "asyncio.Task[bytes]") -> str:
    if answer.exception():
        return type(answer.exception()).__name__
    return answer.result().decode().split(" ")[1] if answer.result() else "closed"
