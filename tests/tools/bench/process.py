"""The operator as a separate process: started, measured from outside, stopped."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.ports import free_port

REPOSITORY = Path(__file__).parents[3]
TICKS = os.sysconf("SC_CLK_TCK")
WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@dataclass(frozen=True)
class Reading:
    """One sample of the process: CPU seconds, resident MB now, and requests by (verb, resource)."""

    cpu: float
    memory: float
    requests: dict[tuple[str, str], int]
    depth: int

    @property
    def writes(self) -> int:
        """All writes to the API server so far, without the renewals of the Lease, which go on for ever."""
        return sum(
            count for (verb, resource), count in self.requests.items() if verb in WRITES and resource != "leases"
        )

    def count(self, verb: str, resource: str) -> int:
        """Requests of one sort."""
        return self.requests.get((verb, resource), 0)


class Process:
    """One operator process under measurement."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        """Measure `process`, whose probes listen on `port`."""
        self._process = process
        self._url = f"http://127.0.0.1:{port}"

    async def read(self) -> Reading:
        """Sample the process now."""
        async with aiohttp.ClientSession() as session, session.get(self._url + "/metrics") as answer:
            text = await answer.text()
        requests: dict[tuple[str, str], int] = {}
        depth = 0
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "microservice_operator_kubernetes_requests_total":
                    key = (sample.labels["verb"], sample.labels["resource"])
                    requests[key] = requests.get(key, 0) + int(sample.value)
                if sample.name == "microservice_operator_queue_depth":
                    depth = int(sample.value)
        cpu, resident = _usage(self._process.pid)
        return Reading(cpu, resident, requests, depth)

    async def quiet(self, seconds: float = 2.0) -> Reading:
        """Wait until nothing is queued and no request was made for `seconds`."""
        before = await self.read()
        while True:
            await asyncio.sleep(seconds)
            now = await self.read()
            if now.depth == 0 and now.writes == before.writes:
                return now
            before = now

    async def stop(self) -> None:
        """Ask it to leave, and wait until it has."""
        self._process.terminate()
        await self._process.wait()


def _usage(pid: int) -> tuple[float, float]:
    """CPU seconds so far and resident MB."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
    return (int(stat[11]) + int(stat[12])) / TICKS, int(resident) / 1024


async def start(kubeconfig: Path, log: Path) -> Process:
    """Start the operator and wait until it is ready."""
    port = free_port()
    command = (sys.executable, "-m", "microservice_operator.cli", "run", "--lease-namespace", "default")
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(REPOSITORY / "operator")}
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            "--listen-host",
            "127.0.0.1",
            "--listen-port",
            str(port),
            env=environment,
            stdout=output,
            stderr=output,
        )
    while True:
        if process.returncode is not None:
            raise RuntimeError(f"the operator ended with exit code {process.returncode}: read {log}")
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    return Process(process, port)
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
