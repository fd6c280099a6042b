"""Finalizers: a Microservice is gone only by a certain answer, and finalizers of others stay."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from microservice_operator import names
from microservice_operator.api.parsing import Identity
from microservice_operator.cluster.apply import Cluster
from microservice_operator.cluster.child_cache import Children
from microservice_operator.errors import Gone, NotYet
from microservice_operator.reconcile import add_finalizer, remove_finalizer
from microservice_operator.watched_resources import WatchedResources
from tests.unit.support.api_stub import Says, Stub, connected

OWNER = Identity("shop", "order", "uid-1")


def found(*uids: str) -> Says:
    return Says(body={"items": [{"metadata": {"name": "order", "uid": uid}} for uid in uids]})


@pytest.mark.parametrize(
    ("says", "raises"),
    [
        (found("uid-1"), None),
        (found(), Gone),
        (found("uid-2"), Gone),
        (Says(503), NotYet),
        (Says(429), NotYet),
        (Says(0), NotYet),
        (Says(body={"kind": "Status", "metadata": {}}), NotYet),
    ],
    ids=["there", "gone", "another one", "503", "429", "cut off", "no list"],
)
async def test_what_is_said_of_it(says: Says, raises: Any) -> None:
    stub = Stub([says])
    async with connected(stub) as connection:
        asking = Cluster(connection, Children(lambda _: None)).verify_there(OWNER)
        if raises is None:
            await asking
        else:
            with pytest.raises(raises):
                await asking
    path, query = stub.asked[0]
    assert path.endswith("/namespaces/shop/microservices"), "a list: no right to get is needed"
    assert query == {"fieldSelector": "metadata.name=order"}


class Writes(Stub):
    """Records the bodies of requests."""

    def __init__(self, says: Says) -> None:
        super().__init__([says])
        self.bodies: list[dict[str, Any]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        return await super().handle(request)


def microservice(version: str, *finalizers: str) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": "order", "uid": "uid-1", "resourceVersion": version}
    return {"metadata": {**metadata, "finalizers": [*finalizers]}, "spec": {"image": "a:1"}}


@pytest.mark.parametrize(
    ("before", "change", "written"),
    [
        (["other/one"], add_finalizer, ["other/one", names.FINALIZER]),
        (["other/one", names.FINALIZER, "other/two"], remove_finalizer, ["other/one", "other/two"]),
        ([names.FINALIZER], remove_finalizer, []),
        ([names.FINALIZER, "other/one"], add_finalizer, None),
        (["other/one"], remove_finalizer, None),
    ],
)
@pytest.mark.parametrize("code", [200, 409])
async def test_finalizers_of_others_stay(before: list[str], change: Any, written: list[str] | None, code: int) -> None:
    """The patch names the version of the object whose list it changes: one that another set meanwhile is a conflict."""
    stub = Writes(Says(code, microservice("3", *(written or []))))
    async with connected(stub) as connection:
        watched = WatchedResources(lambda _: None)
        body = microservice("2", *before)
        watched.upsert_microservice(body)
        cluster = Cluster(connection, Children(lambda _: None))
        operator: Any = SimpleNamespace(watched=watched, cluster=cluster)
        if written is None:
            await change(operator, body)
            assert stub.bodies == []
            return
        if code == 409:
            with pytest.raises(NotYet):
                await change(operator, body)
        else:
            await change(operator, body)
    assert stub.bodies == [{"metadata": {"finalizers": written, "resourceVersion": "2", "uid": "uid-1"}}]
