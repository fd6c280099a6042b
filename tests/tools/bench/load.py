"""Writes the load: Microservices, or their children with a minimal client."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from microservice_operator.api import parsing
from microservice_operator.cluster.api_client import MERGE_PATCH, Connection
from microservice_operator.cluster.kinds import CHILDREN, MICROSERVICE, NAMESPACE
from microservice_operator.desired import children
from microservice_operator.desired.context import Context

AT_ONCE = 16


def resource(namespace: str, name: str) -> dict[str, Any]:
    """A Microservice with six children, an autoscaler among them."""
    return {
        "apiVersion": MICROSERVICE.api_version,
        "kind": MICROSERVICE.kind,
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"image": "registry.example/bench:1", "autoscaling": {"minReplicas": 2, "maxReplicas": 4}},
    }


def bodies(namespace: str, name: str) -> list[dict[str, Any]]:
    """The same children, without an owner: the garbage collector would take them."""
    body = resource(namespace, name)
    service = parsing.microservice({**body, "metadata": {**body["metadata"], "uid": "none"}})
    wanted = [copy.deepcopy(child.body) for child in children(Context(microservice=service)) if child.body]
    for child in wanted:
        del child["metadata"]["ownerReferences"]
    return wanted


async def at_once(work: Iterable[Callable[[], Awaitable[Any]]]) -> None:
    """Run all of `work`, sixteen at a time."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(job: Callable[[], Awaitable[Any]]) -> None:
        async with slots:
            await job()

    await asyncio.gather(*(one(job) for job in work))


async def namespace(connection: Connection, name: str) -> None:
    """Make a namespace."""
    await connection.send("POST", NAMESPACE.path(), body={"metadata": {"name": name}})


async def microservices(connection: Connection, space: str, names: Iterable[str]) -> None:
    """Create one Microservice for each name."""
    path = MICROSERVICE.path(space)
    await at_once([partial(connection.send, "POST", path, body=resource(space, name)) for name in names])


async def saturate(connection: Connection, space: str, names: Iterable[str]) -> None:
    """Create the children of every name's Microservice and nothing else."""
    jobs = [
        partial(connection.send, "POST", CHILDREN[body["kind"]].path(space), body=body)
        for name in names
        for body in bodies(space, name)
    ]
    await at_once(jobs)


async def touch(connection: Connection, space: str, names: Iterable[str], patch: dict[str, Any]) -> None:
    """Merge-patch every named Microservice."""
    jobs = [
        partial(connection.send, "PATCH", MICROSERVICE.path(space, name), body=patch, content_type=MERGE_PATCH)
        for name in names
    ]
    await at_once(jobs)
