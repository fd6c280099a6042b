"""`python -m tests.tools.slow_bodies`: runs the gateway with an echo service, and prints a table.

Each slow client sends the head of a POST and one byte of the body, and then a byte each five seconds. Other clients
send GET and POST requests at a steady rate: first alone, then next to the slow clients.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx2
import typer
import yaml

from tests.ports import free_port
from tests.services.aws_resources import ENVIRONMENT, REGION, clusterless_operator
from tests.services.conftest import CREDENTIALS
from tests.services.processes import ROOT, Service, environment

from .clients import Others, SlowClients, measure

DOCUMENT = yaml.safe_dump({"openapi": "3.1.0", "paths": {"/things": {"get": {}, "post": {}}}})
SPEC = {
    "image": "things:1",
    "api": {"openAPI": {"configMapKeyRef": {"name": "things-openapi"}}, "auth": {"none": True}},
}


def main(
    held: Annotated[int, typer.Option(help="Number of slow bodies.")] = 300,
    seconds: Annotated[float, typer.Option(help="Duration of each of the two phases.")] = 40,
    rate: Annotated[float, typer.Option(help="Requests of the other clients per second.")] = 20,
) -> None:
    """Measure the success rate and the latency of others while slow bodies are held open."""
    asyncio.run(_run(held, seconds, rate))


async def _run(held: int, seconds: float, rate: float) -> None:
    with tempfile.TemporaryDirectory() as folder, _emulator() as aws_url:
        echo = await asyncio.start_server(_answer, "127.0.0.1", 0)
        with clusterless_operator(aws_url) as operator:
            await operator.provide("things", SPEC, DOCUMENT)
        gateway = Service(
            "gateway",
            Path(folder),
            ENVIRONMENT=ENVIRONMENT,
            AWS_REGION=REGION,
            AWS_ENDPOINT_URL=aws_url,
            SERVICE_ADDRESSES=json.dumps({"things.shop": f"http://127.0.0.1:{echo.sockets[0].getsockname()[1]}"}),
            **CREDENTIALS,
        )
        try:
            await asyncio.to_thread(gateway.wait_until, "/ready")
            print(Others.HEADER)
            print(f"{'alone':24} {await measure(gateway.url, seconds, rate)}")
            async with SlowClients(gateway.port, held) as slow:
                print(f"{f'next to {held} slow bodies':24} {await measure(gateway.url, seconds, rate)}")
                print(f"slow bodies: {slow.outcome()}")
        finally:
            gateway.stop()
            echo.close()


@contextmanager
def _emulator() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.fakes.aws", "--host=127.0.0.1", f"--port={port}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=environment("gateway", **CREDENTIALS), **quiet) as process:  # type: ignore[call-overload]
        url = f"http://127.0.0.1:{port}"
        while True:
            try:
                httpx2.get(url, trust_env=False)
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield url
        process.kill()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length or 0))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        writer.close()


if __name__ == "__main__":
    typer.run(main)
