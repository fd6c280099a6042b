"""The figures of one round, on a cluster without other load."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from microservice_operator.cluster.api_client import ApiError, Connection
from microservice_operator.cluster.kinds import CHILDREN

from . import load
from .process import Process, start

Said = Callable[[str], None]


@dataclass(frozen=True)
class Round:
    """One round: rates are Microservices a second, times milliseconds, memory MB."""

    count: int
    saturating_client: float
    operator: float
    requests_per_created: float
    cpu_ms_per_created: float
    requests_per_first_change: float
    requests_per_change: float
    writes_per_label: float
    writes_idle: int
    writes_after_restart: int
    repair_p50: float
    repair_p99: float
    single_p50: float
    single_p99: float
    memory: float

    @property
    def share(self) -> float:
        """Of what the saturating client reaches, what the operator reaches."""
        return self.operator / self.saturating_client


async def measure(connection: Connection, kubeconfig: Path, log: Path, count: int, said: Said) -> Round:
    """One round with `count` Microservices in a separate namespace."""
    stamp = f"bench-{time.time_ns()}"
    names = [f"service-{number}" for number in range(count)]
    for space in (stamp, f"{stamp}-raw"):
        await load.namespace(connection, space)
    operator = await start(kubeconfig, log)
    try:
        said(f"saturating client: {count} times the same children")
        began = time.monotonic()
        await load.saturate(connection, f"{stamp}-raw", names)
        raw = count / (time.monotonic() - began)
        await operator.quiet()

        said(f"operator: {count} Microservices at once")
        before = await operator.read()
        began = time.monotonic()
        await load.microservices(connection, stamp, names)
        rate = count / (await _all_there(connection, stamp, count) - began)
        after = await operator.quiet()
        created = (after.writes - before.writes) / count
        cpu = (after.cpu - before.cpu) / count * 1000

        said("image changes")
        first = await _writes(operator, connection, stamp, names, {"spec": {"image": "registry.example/bench:2"}})
        change = await _writes(operator, connection, stamp, names, {"spec": {"image": "registry.example/bench:3"}})
        label = await _writes(operator, connection, stamp, names, {"metadata": {"labels": {"team": "a"}}})
        before = await operator.read()
        await asyncio.sleep(10)
        idle = (await operator.read()).writes - before.writes

        said("deleted Services, one after the other")
        repairs = [await _repair(connection, stamp, name) for name in names[:50]]
        said("single Microservices")
        singles = [await _single(connection, stamp, f"single-{number}") for number in range(30)]
        memory = (await operator.quiet()).memory
    finally:
        await operator.stop()
    said("restart")
    again = await start(kubeconfig, log)
    try:
        restarted = (await again.quiet(5)).writes
    finally:
        await again.stop()
    return Round(
        count, raw, rate, created, cpu, first, change, label, idle, restarted,
        _quantile(repairs, 50), _quantile(repairs, 99), _quantile(singles, 50), _quantile(singles, 99), memory,
    )  # fmt: skip


async def _all_there(connection: Connection, space: str, count: int) -> float:
    """When the last kind of child has been made `count` times."""
    for kind in ("Deployment", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"):
        while True:
            page = await connection.send("GET", CHILDREN[kind].path(space), query={"limit": "1"})
            there = len(page["items"]) + int(page["metadata"].get("remainingItemCount") or 0)
            if there >= count:
                break
            await asyncio.sleep(0.05)
    return time.monotonic()


async def _writes(
    operator: Process, connection: Connection, space: str, names: list[str], patch: dict[str, object]
) -> float:
    before = (await operator.read()).writes
    await load.touch(connection, space, names, patch)
    return ((await operator.quiet()).writes - before) / len(names)


async def _repair(connection: Connection, space: str, name: str) -> float:
    path = CHILDREN["Service"].path(space, name)
    await connection.send("DELETE", path)
    return await _appears(connection, path)


async def _single(connection: Connection, space: str, name: str) -> float:
    began = time.monotonic()
    await load.microservices(connection, space, [name])
    await asyncio.gather(
        *(_appears(connection, CHILDREN[kind].path(space, name)) for kind in ("Deployment", "NetworkPolicy"))
    )
    return (time.monotonic() - began) * 1000


async def _appears(connection: Connection, path: str) -> float:
    began = time.monotonic()
    while True:
        try:
            await connection.send("GET", path)
        except ApiError:
            await asyncio.sleep(0.002)
        else:
            return (time.monotonic() - began) * 1000


def _quantile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]
