"""What routes need to know about other Microservices, and where the OpenAPI document is."""

import asyncio
import os
import socket
from collections.abc import Mapping
from threading import Event, Lock
from typing import Any

import pytest

from microservice_operator.api.parsing import Identity, environment, microservice
from microservice_operator.api.routes import API as Spec  # noqa: N811 a model, not a constant
from microservice_operator.aws.apigateway.route_ownership import Tokens
from microservice_operator.aws.apigateway.routes import Others
from microservice_operator.aws.engine.clients import Clients
from microservice_operator.external import routes as external_routes
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.resource import ReconcileInput
from microservice_operator.external.routes import API, Routes, others, read_routes
from microservice_operator.facts import Reason
from microservice_operator.openapi import Settings
from microservice_operator.resync_cache import ResyncCache
from tests.unit.support.api_stub import until

ME = Identity("shop", "me", "uid-m")
JWT = {"jwt": {"issuer": "https://issuer.example", "audiences": ["b", "a"]}}
TOKENS = Tokens("https://issuer.example", frozenset({"a", "b"}))


def body(created: str, uid: str = "uid", **api: Any) -> dict[str, Any]:
    declared = {"openAPI": {"configMapKeyRef": {"name": "openapi"}}, **api}
    return {"metadata": {"uid": uid, "creationTimestamp": created}, "spec": {"api": declared}}


MINE = {("shop", "me"): body("2026-01-02T00:00:00Z", "uid-m")}
CASES: dict[str, tuple[dict[str, Any], Others]] = {
    "none": ({}, Others()),
    "older": ({"a": body("2026-01-01T00:00:00Z")}, Others(seniors=frozenset({"shop/a"}))),
    "younger": ({"a": body("2026-01-03T00:00:00Z")}, Others(juniors=frozenset({"shop/a"}))),
    "of one second, by UID": (
        {"a": body("2026-01-02T00:00:00Z", "uid-a"), "z": body("2026-01-02T00:00:00Z", "uid-z")},
        Others(seniors=frozenset({"shop/a"}), juniors=frozenset({"shop/z"})),
    ),
    "without routes": ({"a": {"metadata": {"uid": "a"}, "spec": {}}, "b": {"metadata": {"uid": "b"}}}, Others()),
    "with tokens": (
        {"a": body("2026-01-03T00:00:00Z", auth=JWT)},
        Others(juniors=frozenset({"shop/a"}), tokens=frozenset({TOKENS})),
    ),
    "never valid": (
        {"a": body("2026-01-03T00:00:00Z", auth={"jwt": 5})},
        Others(juniors=frozenset({"shop/a"})),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_others(case: str) -> None:
    found, expected = CASES[case]
    assert others(ME, {**MINE, **{("shop", name): of for name, of in found.items()}}, None) == expected


def test_two_agree_on_who_is_older() -> None:
    bodies = {("shop", name): body("2026-01-02T00:00:00Z", f"uid-{name}") for name in "abc"}
    seen = {name: others(Identity("shop", name, f"uid-{name}"), bodies, None) for name in "abc"}
    assert "shop/a" in seen["b"].seniors & seen["c"].seniors
    assert "shop/b" in seen["a"].juniors & seen["c"].seniors
    assert "shop/c" in seen["a"].juniors & seen["b"].juniors


@pytest.mark.parametrize(
    ("spec", "expected"), [({}, 0), ({"api": None}, 0), ({"api": "x"}, 0), ({"api": {}}, 1), ({"api": {"auth": {}}}, 1)]
)
def test_declared_as_plain_data(spec: dict[str, Any], expected: int) -> None:
    resource = Routes(None)  # type: ignore[arg-type]
    assert resource.kind == API
    assert len(list(resource.declarations(spec, None))) == expected
    assert resource.policy == "Delete"


class SlowReader:
    """Reads no document before `end` is set, and counts those that it has begun."""

    def __init__(self) -> None:
        self.end = Event()
        self.begun = 0
        self._lock = Lock()

    def __call__(self, _text: str, _settings: Any) -> tuple[()]:
        with self._lock:
            self.begun += 1
        self.end.wait()
        return ()


class OneConfigMap:
    """The API server, with the same ConfigMap everywhere."""

    @property
    def connection(self) -> Any:
        return self

    def __init__(self, text: str = "{}") -> None:
        self.text = text

    async def send(self, _method: str, _path: str) -> dict[str, Any]:
        return {"data": {"openapi.yaml": self.text}}


async def test_slow_documents_delay_only_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio looks up host names in its default threads: no number of documents may occupy them."""
    slow = SlowReader()
    monkeypatch.setattr(external_routes, "document_routes", slow)
    none: Any = None
    clients = ExternalClients(OneConfigMap(), "cluster", none, none, none, 0)  # type: ignore[arg-type]
    spec = Spec.model_validate({"openAPI": {"configMapKeyRef": {"name": "openapi", "key": "openapi.yaml"}}})
    default_threads = min(32, (os.cpu_count() or 1) + 4)
    reads = [asyncio.create_task(read_routes(clients, "shop", spec, Settings())) for _ in range(default_threads + 2)]
    try:
        async with asyncio.timeout(30):
            await until(lambda: slow.begun == 2)
            assert await asyncio.get_running_loop().getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
        assert slow.begun == 2
    finally:
        slow.end.set()
    assert await asyncio.gather(*reads) == [()] * len(reads)
    clients.document_threads.shutdown()


async def test_documents_that_wait_are_given_up_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SlowReader()
    monkeypatch.setattr(external_routes, "document_routes", slow)
    none: Any = None
    clients = ExternalClients(OneConfigMap(), "cluster", Clients(), none, none, 0)  # type: ignore[arg-type]
    spec = Spec.model_validate({"openAPI": {"configMapKeyRef": {"name": "openapi", "key": "openapi.yaml"}}})
    reads = [asyncio.create_task(read_routes(clients, "shop", spec, Settings())) for _ in range(5)]
    await until(lambda: slow.begun == 2)
    clients.close()
    slow.end.set()
    ended = await asyncio.gather(*reads, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in ended] == [False, False, True, True, True]


class NoOthers:
    """No other Microservices."""

    microservices: Mapping[tuple[str, str], Mapping[str, Any]] = {}

    def dependency(self, _key: tuple[str, str]) -> None:
        return None


async def test_the_prefix_that_the_environment_demands_reaches_the_document() -> None:
    none: Any = None
    text = '{"openapi": "3.1.0", "paths": {"/orders": {"get": {}}}}'
    clients = ExternalClients(OneConfigMap(text), "cluster", Clients(), none, ResyncCache(0), 0)  # type: ignore[arg-type]
    listener = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/b"
    gateway = {"name": "shop", "vpcLinkID": "abc", "listenerARN": listener, "pathPrefix": "Namespace"}
    aws = {"region": "eu-west-1", "accountID": "123456789012", "apiGateway": gateway}
    around = environment({"metadata": {"name": "prod"}, "spec": {"aws": aws}})
    spec = {"image": "a:1", "api": {"openAPI": {"configMapKeyRef": {"name": "openapi"}}}}
    of = microservice({"metadata": {"name": "me", "namespace": "shop", "uid": "uid-m"}, "spec": spec})
    (part,) = (await Routes(clients).reconcile(ReconcileInput("routes", of, around, NoOthers()))).parts
    assert part.reason is Reason.INVALID_DOCUMENT
    assert "/paths/~1orders is not below /shop, as the Environment requires" in part.message
    clients.close()
