"""Two processes and one Lease: only one may write, whatever is stopped, cut off or lost meanwhile."""

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from microservice_operator.cluster.api_client import ApiError, Connection
from microservice_operator.cluster.lease import Lease, Terms
from microservice_operator.errors import NotYet
from microservice_operator.fence import Fenced

TERMS = Terms()


class Server:
    """Stores one Lease like the API server: a write of an old version, or a second creation, is a conflict."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] | None = None
        self.version = 0
        self.cut: set[str] = set()  # who is not heard
        self.lost: set[str] = set()  # whose answers are lost
        self.writes = 0

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None, who: str) -> dict[str, Any]:
        if who in self.cut:
            raise NotYet("Progressing", "cut off")
        if method == "GET":
            if self.stored is None:
                raise ApiError(404, {}, path)
            return self.stored
        assert body
        given = body["metadata"].get("resourceVersion")
        if given != (self.stored and self.stored["metadata"]["resourceVersion"]):
            raise ApiError(409, {"reason": "Conflict"}, path)
        self.version += 1
        self.writes += 1
        self.stored = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        if who in self.lost:
            raise NotYet("Progressing", "the answer is lost")
        return self.stored


class Line:
    """One process's connection to the server; its clock can stop, and its requests take time."""

    def __init__(self, server: Server, who: str, time: "Time") -> None:
        self.server, self.who, self.time = server, who, time
        self.may_write: Any = None

    async def send(self, method: str, path: str, *, body: Any = None, fenced: bool = True) -> dict[str, Any]:
        assert method == "GET" or not fenced, "renewing must be possible while nothing else may be written"
        self.time.now += self.time.latency
        answer = await self.server.send(method, path, body, self.who)
        self.time.now += self.time.latency
        return answer


class Time:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now, self.latency = 100.0, 0.0


class World:
    """Two leases on one server, with a Lease that an earlier operator released."""

    def __init__(self) -> None:
        self.time, self.server = Time(), Server()
        self.server.stored = {"metadata": {"resourceVersion": "first"}, "spec": {"holderIdentity": ""}}
        self.leases = {name: self.lease(name) for name in ("a", "b")}

    def lease(self, name: str) -> Lease:
        line = cast("Connection", Line(self.server, name, self.time))
        return Lease(line, "system", "operator", f"{name}-{random.random()}", clock=lambda: self.time.now)

    async def step(self, name: str) -> None:
        with suppress(NotYet, ApiError):
            await self.leases[name]._step()

    def writers(self) -> list[str]:
        return [name for name, lease in self.leases.items() if lease.remaining > 0]


async def test_the_first_one_leads_and_the_other_waits() -> None:
    world = World()
    for _ in range(20):
        await world.step("a")
        await world.step("b")
        world.time.now += 1
    assert world.writers() == ["a"]
    with pytest.raises(Fenced):
        world.leases["b"].may_write()


async def finished(answer: bool) -> bool:
    """Whether the writes that have begun have ended."""
    return answer


async def test_a_lease_is_not_released_before_the_last_write_has_ended() -> None:
    world = World()
    await world.step("a")
    await world.step("b")
    await world.leases["a"].release(finished(False))
    assert world.writers() == []
    world.time.now += TERMS.duration - 1
    await world.step("b")
    assert world.writers() == []
    world.time.now += 2
    await world.step("b")
    assert world.writers() == ["b"]


async def test_a_released_lease_is_taken_at_the_next_read() -> None:
    world = World()
    await world.step("a")
    await world.step("b")
    await world.leases["a"].release(finished(True))
    assert world.writers() == []
    await world.step("b")
    assert world.writers() == ["b"]
    await world.step("a")
    assert world.writers() == ["b"]


@pytest.mark.parametrize("how", ["cut off", "killed", "answers lost"])
async def test_one_that_is_not_heard_stops_writing_before_the_other_begins(how: str) -> None:
    world = World()
    await world.step("a")
    await world.step("b")
    if how == "cut off":
        world.server.cut.add("a")
    ended = began = 0.0
    start = world.time.now
    if how == "answers lost":
        world.server.lost.add("a")
    while not began:
        world.time.now += 0.5
        if how != "killed":
            await world.step("a")
        await world.step("b")
        assert len(world.writers()) <= 1
        if "a" not in world.writers() and not ended:
            ended = world.time.now
        if "b" in world.writers():
            began = world.time.now
        if how == "answers lost" and world.time.now > start + 30:
            assert world.server.stored, "renewed, and unknown to the one that renews"
            return
    assert ended < began <= start + 15


async def test_one_that_was_stopped_may_not_write_when_it_goes_on() -> None:
    world = World()
    await world.step("a")
    await world.step("b")
    for _ in range(20):
        world.time.now += 1
        await world.step("b")
    assert world.writers() == ["b"]
    with pytest.raises(Fenced):
        world.leases["a"].may_write()
    await world.step("a")
    assert world.writers() == ["b"]


async def test_one_that_nobody_replaced_goes_on_once_it_is_heard() -> None:
    world = World()
    await world.step("a")
    world.time.now += 60
    assert world.writers() == []
    await world.step("a")
    assert world.writers() == ["a"]


async def test_a_restarted_process_is_another_one() -> None:
    world = World()
    await world.step("a")
    world.leases["a"] = world.lease("a")
    await world.step("a")
    assert world.writers() == []


async def test_a_lease_that_is_not_there_may_have_been_deleted_under_another_one() -> None:
    world = World()
    await world.step("a")
    world.server.stored = None
    world.time.now += 1
    await world.step("b")
    assert world.writers() == ["a"], "it does not know yet, and b waits until it does"
    for _ in range(13):
        await world.step("a")
        await world.step("b")
        world.time.now += 1
        assert len(world.writers()) <= 1
    assert world.writers() == ["b"]


async def test_the_one_that_holds_it_makes_it_again_and_goes_on() -> None:
    world = World()
    await world.step("a")
    world.server.stored = None
    for _ in range(13):
        await world.step("a")
        world.time.now += 1
    assert world.writers() == ["a"]


@pytest.mark.parametrize("said", [None, "x", 0, -5, 3600, 12])
async def test_what_others_write_into_it_holds_nobody_for_ever(said: Any) -> None:
    world = World()
    spec = {"holderIdentity": "stranger", "leaseDurationSeconds": said, "leaseTransitions": None}
    world.server.stored = {"metadata": {"resourceVersion": "x"}, "spec": spec}
    for _ in range(70):
        await world.step("a")
        world.time.now += 1
    assert world.writers() == ["a"]


@pytest.mark.parametrize("seed", range(200))
async def test_there_are_never_two_whatever_happens(seed: int) -> None:
    """Cut off, stopped, restarted, released, with lost responses, slow: in any order."""
    chance, world = random.Random(seed), World()
    stopped: set[str] = set()
    for _ in range(150):
        name = chance.choice(["a", "b"])
        happenings = ["cut", "heal", "stop", "go", "restart", "release", "lose", "slow", "delete"]
        match chance.choice(["run"] * 12 + happenings):
            case "run" if name not in stopped:
                await world.step(name)
            case "cut":
                world.server.cut.add(name)
            case "heal":
                world.server.cut.clear()
                world.server.lost.clear()
            case "stop":
                stopped.add(name)
            case "go":
                stopped.discard(name)
            case "delete":
                world.server.stored = None
            case "restart":
                world.leases[name] = world.lease(name)
            case "release" if name not in stopped:
                await world.leases[name].release(finished(chance.random() < 0.8))
                world.leases[name] = world.lease(name)
            case "lose":
                world.server.lost.add(name)
            case "slow":
                world.time.latency = chance.choice([0.0, 0.1, 1.0])
        assert len(world.writers()) <= 1, seed
        world.time.now += chance.choice([0.0, 0.2, 1.0, 3.0])
        assert len(world.writers()) <= 1, seed


@asynccontextmanager
async def slow_to_connect(lease: Lease) -> AsyncIterator[tuple[Connection, list[str]]]:
    """A server, and a connection whose fence is this Lease."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.json_response({})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    connection = Connection(Configuration(host=f"http://{host}:{port}"), limit=2)
    connection.may_write = lease.may_write
    yield connection, asked
    await connection.close()
    await runner.cleanup()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("warm", [True, False], ids=["on a connection that is there", "on a new one"])
async def test_nothing_is_sent_without_the_lease(method: str, warm: bool) -> None:
    world = World()
    async with slow_to_connect(world.leases["a"]) as (connection, asked):
        if warm:
            await connection.send("GET", "/api/v1/pods")
        with pytest.raises(Fenced):
            await connection.send(method, "/api/v1/namespaces/shop/pods", body={})
        assert method not in asked
        await world.step("a")
        await connection.send(method, "/api/v1/namespaces/shop/pods", body={})
        assert asked[-1] == method
        world.time.now += TERMS.duration - TERMS.margin
        with pytest.raises(Fenced):
            await connection.send(method, "/api/v1/namespaces/shop/pods", body={})
        await connection.send("GET", "/api/v1/pods")
        assert asked.count(method) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("warm", [True, False], ids=["on a connection that is there", "on a new one"])
async def test_the_lease_may_end_between_the_connection_and_the_body(method: str, warm: bool) -> None:
    """The process is stopped there and continues after another one has taken the Lease."""
    world = World()
    async with slow_to_connect(world.leases["a"]) as (connection, asked):
        if warm:
            await connection.send("GET", "/api/v1/pods")
        questions = 0

        def once() -> float:
            nonlocal questions
            questions += 1
            if questions > 1:
                raise Fenced
            return 5.0

        connection.may_write = once
        with pytest.raises(Fenced):
            await connection.send(method, "/api/v1/namespaces/shop/pods", body={"a": "b"})
        connection.may_write = lambda: 5.0
        await connection.send("GET", "/api/v1/pods")
        assert method not in asked
        await connection.send(method, "/api/v1/namespaces/shop/pods", body={"a": "b"})
        assert asked.count(method) == 1


async def test_a_lease_that_was_deleted_and_made_anew_without_an_answer_gives_no_second_writer() -> None:
    world = World()
    await world.step("a")
    await world.step("b")
    world.server.stored = None
    world.server.lost.add("b")
    await world.step("b")  # created, but the answer was lost
    world.server.lost.clear()
    for _ in range(40):
        await world.step("b")
        await world.step("a")
        assert len(world.writers()) <= 1
        world.time.now += 0.5
    assert world.writers() == ["b"]


async def test_who_sees_another_holder_writes_no_more() -> None:
    world = World()
    await world.step("a")
    assert world.server.stored
    edited = {"holderIdentity": "by hand", "leaseDurationSeconds": 12}
    world.server.stored = {"metadata": {"resourceVersion": "edited"}, "spec": edited}
    await world.step("a")
    assert world.writers() == []
