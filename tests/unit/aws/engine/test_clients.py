"""Requests to AWS: reads at any time, writes only with write permission, checked when each request is sent."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from prometheus_client import REGISTRY

from microservice_operator.aws.engine.call import Call
from microservice_operator.aws.engine.clients import Clients, Limits
from microservice_operator.fence import Fenced

WRITES: dict[str, dict[str, Any]] = {
    "CreateQueue": {"QueueName": "a"},
    "DeleteQueue": {"QueueUrl": "http://a"},
    "SetQueueAttributes": {"QueueUrl": "http://a", "Attributes": {}},
    "TagQueue": {"QueueUrl": "http://a", "Tags": {}},
    "UntagQueue": {"QueueUrl": "http://a", "TagKeys": []},
}
READS: dict[str, dict[str, Any]] = {
    "GetQueueUrl": {"QueueName": "a"},
    "GetQueueAttributes": {"QueueUrl": "http://a"},
    "ListQueueTags": {"QueueUrl": "http://a"},
}
SQS = [("sqs", action, parameters) for action, parameters in WRITES.items()]


class _AWS(ThreadingHTTPServer):
    daemon_threads = True
    status, asked = 200, 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.answers, self.reached, self.connected = threading.Event(), threading.Event(), threading.Event()
        self.answers.set()

    def process_request(self, *arguments: Any) -> None:
        self.connected.set()
        super().process_request(*arguments)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _AWS

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked += 1
        self.server.reached.set()
        self.server.answers.wait(30)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_DELETE = do_POST  # noqa: N815 a name of http.server

    def log_message(self, *_: object) -> None:
        """The server counts."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[_AWS]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    server = _AWS(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def clients(aws: _AWS) -> Iterator[Clients]:
    made = Clients(f"http://127.0.0.1:{aws.server_port}", limits=Limits(attempts=3))
    yield made
    made.close()


def never() -> float:
    raise Fenced


@pytest.mark.parametrize(("threads", "deletions"), [(1, 1), (8, 4), (64, 32)])
def test_deletions_have_threads_in_proportion(threads: int, deletions: int) -> None:
    assert Limits(threads=threads).delete_threads == deletions


@pytest.mark.parametrize("action", WRITES)
async def test_nothing_is_written_by_who_may_not(aws: _AWS, clients: Clients, action: str) -> None:
    clients.may_write = never
    with pytest.raises(Fenced):
        await clients.call(Call("sqs", "us-east-1", action, WRITES[action]))
    assert aws.asked == 0
    clients.may_write = lambda: 5.0
    await clients.call(Call("sqs", "us-east-1", action, WRITES[action]))
    assert aws.asked == 1


async def test_the_duration_of_a_call_is_measured_by_service(clients: Clients) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("microservice_operator_aws_request_duration_seconds_count", labels) or 0

    labels = {"service": "sqs"}
    before = count()
    action, parameters = next(iter(READS.items()))
    await clients.call(Call("sqs", "us-east-1", action, parameters))
    assert count() == before + 1


@pytest.mark.parametrize("action", READS)
async def test_a_process_without_the_lease_may_read(aws: _AWS, clients: Clients, action: str) -> None:
    clients.may_write = never
    await clients.call(Call("sqs", "us-east-1", action, READS[action]))
    assert aws.asked == 1


async def test_a_second_attempt_is_asked_for_again(aws: _AWS, clients: Clients) -> None:
    aws.status = 500
    clients.may_write = lambda: never() if aws.asked else 5.0
    with pytest.raises(Fenced):
        await clients.call(Call("sqs", "us-east-1", "CreateQueue", WRITES["CreateQueue"]))
    assert aws.asked == 1, "botocore sent its retry after the write permission had ended"


async def test_the_permission_is_checked_after_connecting(aws: _AWS, clients: Clients) -> None:
    def until_connected() -> float:
        assert aws.connected.wait(30), "the permission was checked before botocore connected"
        raise Fenced

    clients.may_write = until_connected
    with pytest.raises(Fenced):
        await clients.call(Call("sqs", "us-east-1", "CreateQueue", WRITES["CreateQueue"]))
    assert aws.asked == 0


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize(("service", "action", "parameters"), [*SQS, ("apigatewayv2", "DeleteApi", {"ApiId": "a"})])
async def test_the_permission_ends_after_the_last_event_of_botocore(
    aws: _AWS, clients: Clients, service: str, action: str, parameters: dict[str, Any], *, connected: bool
) -> None:
    """As when a process is stopped there, with and without an open connection, with and without a body."""
    if connected:
        await clients.call(Call(service, "us-east-1", action, parameters))

    stopped: list[bool] = []
    clients.may_write = lambda: never() if stopped else 5.0

    def stop(**_: Any) -> None:
        stopped.append(True)

    clients._client(service, "us-east-1").meta.events.register_last("before-send.*.*", stop)
    with pytest.raises(Fenced):
        await clients.call(Call(service, "us-east-1", action, parameters))
    assert aws.asked == connected


@pytest.mark.parametrize("action", [*WRITES, *READS])
async def test_who_leaves_waits_for_the_writes_of_cancelled_calls(aws: _AWS, clients: Clients, action: str) -> None:
    """Only the waiting for a call can be cancelled: its thread goes on."""
    aws.answers.clear()
    call = asyncio.create_task(clients.call(Call("sqs", "us-east-1", action, {**WRITES, **READS}[action])))
    assert await asyncio.to_thread(aws.reached.wait, 30)
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    assert await clients.writes_finished(0.1) == (action in READS)
    aws.answers.set()
    assert await clients.writes_finished(30)


CLIENTS = """
import collections, sys
from microservice_operator.aws.engine.clients import Clients

opened = collections.Counter()
sys.addaudithook(lambda event, args: event == "open" and "/botocore/data/" in str(args[0]) and opened.update([args[0]]))
clients = Clients()
for region in ("eu-west-1", "us-east-1"):
    for service in ("dynamodb", "rds", "ec2", "sqs"):
        clients._client(service, region)
print(len(opened), {name: count for name, count in opened.items() if count > 1})
"""


def test_models_are_read_once_for_all_services_and_regions() -> None:
    """Each session of boto3 would hold a copy of the endpoints, and of the models: 8 to 26 MB for each client."""
    run = subprocess.run([sys.executable, "-c", CLIENTS], capture_output=True, text=True, check=True, timeout=60)
    files, repeated = run.stdout.split(maxsplit=1)
    assert int(files) > 8  # endpoints, partitions, and models of four services
    assert repeated.strip() == "{}"
