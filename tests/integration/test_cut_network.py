"""A request that was sent into a cut network does not arrive after the network is restored."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from threading import Thread

import pytest
from botocore.exceptions import EndpointConnectionError
from kubernetes.aio.client import Configuration

from microservice_operator.aws.engine.call import Call
from microservice_operator.aws.engine.clients import Clients
from microservice_operator.cluster.api_client import Connection
from microservice_operator.fence import ARRIVAL, Fenced

NAME = f"cut{os.getpid() % 100000}"
_networks = count()
SERVER = """
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        print(self.command, flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_DELETE = answer

print("listens", flush=True)
http.server.ThreadingHTTPServer(("ADDRESS", 8080), Handler).serve_forever()
"""


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True, timeout=10)


@dataclass
class Network:
    """A server in a network namespace at the other end of a virtual cable."""

    address: str
    heard: list[str] = field(default_factory=list)

    def cut(self) -> None:
        """The network drops everything, and no connection is closed."""
        ip(f"-netns {NAME} link set {NAME}b down")

    def mend(self) -> None:
        """As before."""
        ip(f"-netns {NAME} link set {NAME}b up")


@pytest.fixture
def network() -> Iterator[Network]:
    first, third = os.getpid() % 64 * 4, 200 + next(_networks) % 50
    host, address = f"10.203.{third}.{first + 1}", f"10.203.{third}.{first + 2}"
    ip(f"netns add {NAME}")
    try:
        ip(f"link add {NAME}a type veth peer name {NAME}b netns {NAME}")
        ip(f"address add {host}/30 dev {NAME}a")
        ip(f"link set {NAME}a up")
        ip(f"-netns {NAME} address add {address}/30 dev {NAME}b")
        ip(f"-netns {NAME} link set {NAME}b up")
        command = ["ip", "netns", "exec", NAME, sys.executable, "-c", SERVER.replace("ADDRESS", address)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout
            assert server.stdout.readline() == "listens\n"
            network = Network(address)
            reader = Thread(target=lambda: network.heard.extend(server.stdout or []), daemon=True)
            reader.start()
            yield network
            server.kill()
            reader.join(5)
    finally:
        with suppress(subprocess.CalledProcessError):  # it may not have been made
            ip(f"link delete {NAME}a")  # the namespace would take it along some time later
        ip(f"netns delete {NAME}")


async def heard(network: Network, line: str, seconds: float) -> bool:
    for _ in range(int(seconds * 10)):
        if f"{line}\n" in network.heard:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_a_request_that_was_given_up_does_not_arrive_when_the_network_is_mended(network: Network) -> None:
    connection = Connection(Configuration(host=f"http://{network.address}:8080"), limit=2)
    await connection.send("GET", "/api/v1/pods")  # so that the connection is there
    network.cut()
    deleting = asyncio.create_task(connection.send("DELETE", "/api/v1/namespaces/shop/pods/a"))
    await asyncio.sleep(1)
    deleting.cancel()  # as when the Lease has ended
    with suppress(asyncio.CancelledError):
        await deleting
    await asyncio.sleep(ARRIVAL + 2)
    network.mend()
    # The kernel sends again after pauses that double, so a request of 5 s ago would come within as many.
    assert not await heard(network, "DELETE", 10)
    await connection.send("DELETE", "/api/v1/namespaces/shop/pods/a")
    assert await heard(network, "DELETE", 5)
    await connection.close()


async def test_a_call_to_aws_that_was_given_up_does_not_arrive_either(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    clients, leads = Clients(f"http://{network.address}:8080"), [True]

    def may_write() -> float:
        if not leads:
            raise Fenced
        return 5.0

    clients.may_write = may_write
    delete = Call("apigatewayv2", "us-east-1", "DeleteApi", {"ApiId": "a"})
    await clients.call(Call("apigatewayv2", "us-east-1", "GetApis", {}))  # so that the connection is there
    network.cut()
    deleting = asyncio.create_task(clients.call(delete))
    await asyncio.sleep(1)
    leads.clear()
    await asyncio.sleep(ARRIVAL + 2)
    network.mend()
    with pytest.raises((Fenced, EndpointConnectionError)):  # from botocore's second attempt
        await deleting
    assert not await heard(network, "DELETE", 10)
    leads.append(True)
    await clients.call(delete)
    assert await heard(network, "DELETE", 5)
    clients.close()
