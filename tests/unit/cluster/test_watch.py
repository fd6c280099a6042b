"""A watch reports every change despite any interruption, and lists no more often than necessary."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from microservice_operator.cluster import api_client
from microservice_operator.cluster.kinds import ENVIRONMENT, MICROSERVICE, NAMESPACE
from microservice_operator.cluster.watch import Watch
from microservice_operator.errors import NotYet
from tests.unit.support.api_stub import Says, Stub, connected, until


def item(name: str, version: int = 1, uid: str = "") -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata}


def listed(*items: dict[str, Any], version: int = 10) -> Says:
    return Says(body={"metadata": {"resourceVersion": str(version)}, "items": list(items)})


def event(kind: str, what: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": what}


QUIET = Says(hangs=True)
EXPIRED = event("ERROR", {"code": 410, "message": "too old resource version"})
OVERLOADED = event("ERROR", {"code": 429, "message": "try again"})
BROKEN = event("ERROR", {"code": 500, "message": "etcd has no leader"})


class Recorder:
    """Records the calls of a watch."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def saw(self, body: dict[str, Any]) -> None:
        self.calls.append(("saw", body["metadata"]["name"]))

    def lost(self, body: dict[str, Any]) -> None:
        self.calls.append(("lost", body["metadata"]["name"]))


@asynccontextmanager
async def watching(stub: Stub, recorder: Recorder, kind: Any = MICROSERVICE, **more: Any) -> AsyncIterator[Watch]:
    async with connected(stub) as connection:
        watch = Watch(connection, kind, recorder.saw, recorder.lost, **more)
        running = asyncio.create_task(watch.run())
        yield watch
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled(), running


@pytest.mark.parametrize(
    "breaks",
    [Says(410), Says(events=(EXPIRED,)), Says(events=(BROKEN,)), Says(events=(event("ADDED", item("c", 11)), EXPIRED))],
    ids=["410 at the opening", "410 within", "500 within", "410 after an event"],
)
async def test_a_deletion_between_two_watches_is_found_in_the_next_list(breaks: Says) -> None:
    recorder = Recorder()
    stub = Stub([listed(item("a"), item("b")), breaks, listed(item("b"), version=20), QUIET])
    async with watching(stub, recorder):
        await until(lambda: ("lost", "a") in recorder.calls)
        await until(lambda: stub.resumed[1:])
    assert ("lost", "b") not in recorder.calls
    assert stub.resumed == ["10", "20"]


@pytest.mark.parametrize(
    "breaks",
    [Says(429), Says(500), Says(503), Says(0), Says(events=(OVERLOADED,)), Says()],
    ids=["429", "500", "503", "cut off", "429 within", "ended at once"],
)
async def test_a_version_that_still_holds_is_resumed_without_a_list(breaks: Says) -> None:
    recorder = Recorder()
    news = Says(events=(event("DELETED", item("a", 14)),), hangs=True)
    stub = Stub([listed(item("a")), Says(events=(event("MODIFIED", item("a", 13)),)), breaks, breaks, news])
    async with watching(stub, recorder):
        await until(lambda: ("lost", "a") in recorder.calls)
    assert len(stub.lists) == 1
    assert stub.resumed == ["10", "13", "13", "13"]


@pytest.mark.parametrize("nonsense", [Says(body={"kind": "Status"}), Says(body={"items": [{}], "metadata": {}})])
async def test_an_answer_that_is_no_list_is_asked_for_again(nonsense: Says) -> None:
    recorder = Recorder()
    stub = Stub([nonsense, listed(item("a")), QUIET])
    async with watching(stub, recorder) as watch:
        await watch.listed.wait()
    assert recorder.calls == [("saw", "a")]


@pytest.mark.parametrize("nonsense", [{"metadata": {}}, {"metadata": {"resourceVersion": "11"}}, {"items": []}])
async def test_an_answer_that_is_no_list_is_not_an_empty_one(nonsense: dict[str, Any]) -> None:
    recorder = Recorder()
    expired = Says(events=(EXPIRED,))
    stub = Stub([listed(item("a")), expired, Says(body=nonsense), listed(item("a"), item("b"), version=20), QUIET])
    async with watching(stub, recorder):
        await until(lambda: ("saw", "b") in recorder.calls)
    assert ("lost", "a") not in recorder.calls


@pytest.mark.parametrize("events", [({"type": "ADDED"},), ({"type": "ADDED", "object": {}},)])
async def test_an_event_that_is_none_is_not_taken_in(events: Any) -> None:
    recorder = Recorder()
    stub = Stub([listed(item("a")), Says(events=events), listed(item("b"), version=20), QUIET])
    async with watching(stub, recorder):
        await until(lambda: ("lost", "a") in recorder.calls)


async def test_a_namesake_ends_its_predecessor_whose_deletion_was_missed() -> None:
    recorder = Recorder()
    stub = Stub([listed(item("a")), Says(410), listed(item("a", 12, "uid-2"), version=20), QUIET])
    async with watching(stub, recorder):
        await until(lambda: len(recorder.calls) == 3)
    assert recorder.calls == [("saw", "a"), ("lost", "a"), ("saw", "a")]


async def test_an_object_that_cannot_be_taken_in_concerns_itself_alone(capsys: pytest.CaptureFixture[str]) -> None:
    class Picky(Recorder):
        def saw(self, body: dict[str, Any]) -> None:
            if body["metadata"]["name"] == "odd":
                raise KeyError("spec")
            super().saw(body)

        def lost(self, body: dict[str, Any]) -> None:
            super().lost(body)
            raise KeyError("status")

    recorder = Picky()
    events = (event("MODIFIED", item("odd", 11)), event("DELETED", item("a", 12)), event("ADDED", item("c", 13)))
    stub = Stub([listed(item("odd"), item("a")), Says(events=events, hangs=True)])
    async with watching(stub, recorder):
        await until(lambda: ("saw", "c") in recorder.calls)
    assert recorder.calls == [("saw", "a"), ("lost", "a"), ("saw", "c")]
    assert "odd" in capsys.readouterr().out


async def test_a_kind_that_must_be_there_is_not_taken_for_empty() -> None:
    recorder = Recorder()
    stub = Stub([Says(404), listed(item("a")), QUIET])
    async with watching(stub, recorder) as watch:
        await until(lambda: stub.asked)
        assert not watch.listed.is_set()
        await watch.listed.wait()
    assert recorder.calls == [("saw", "a")]


async def test_a_kind_that_may_be_absent_is_looked_for_again() -> None:
    appeared: list[bool] = []
    stub = Stub([Says(404), listed(item("a")), QUIET])
    more = {"optional": True, "absent": 0.01, "appeared": lambda: appeared.append(True)}
    async with watching(stub, Recorder(), **more) as watch:
        await until(lambda: appeared)
        assert watch.served


@pytest.mark.parametrize(
    ("kind", "more", "path", "query"),
    [
        (MICROSERVICE, {}, "/microservices", {}),
        (MICROSERVICE, {"namespace": "shop"}, "/namespaces/shop/microservices", {}),
        (MICROSERVICE, {"selector": "a=b"}, "/microservices", {"labelSelector": "a=b"}),
        (NAMESPACE, {"name": "shop"}, "/api/v1/namespaces", {"fieldSelector": "metadata.name=shop"}),
        (ENVIRONMENT, {"namespace": "shop"}, "/environments", {}),
    ],
)
async def test_it_asks_for_no_more_than_it_is_to_watch(
    kind: Any, more: dict[str, Any], path: str, query: dict[str, str]
) -> None:
    stub = Stub([listed(), QUIET])
    async with watching(stub, Recorder(), kind, **more):
        await until(lambda: len(stub.asked) == 2)
    for asked, given in stub.asked:
        assert asked.endswith(path)
        assert query.items() <= given.items()
        assert ("labelSelector" in given, "fieldSelector" in given) == (
            "labelSelector" in query,
            "fieldSelector" in query,
        )


def page(*items: dict[str, Any], following: str) -> Says:
    return Says(body={"metadata": {"resourceVersion": "10", "continue": following}, "items": list(items)})


async def test_a_list_without_end_is_given_up_and_reports_no_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "PAGES", 3)
    recorder = Recorder()
    endless = page(item("b"), following="more")
    stub = Stub([listed(item("a"), item("b")), Says(410), *[endless] * 3, listed(item("b"), version=20), QUIET])
    async with watching(stub, recorder):
        await until(lambda: ("lost", "a") in recorder.calls)
    assert [query.get("continue", "") for query in stub.lists] == ["", "", "more", "more", ""]


async def test_a_list_without_end_does_not_delay_other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_client, "PAGES", 3)
    recorder, stub = Recorder(), Stub([page(item("a"), following="more")])
    other = Stub([listed(item("c")), QUIET])
    async with watching(stub, Recorder()) as endless, watching(other, recorder, NAMESPACE) as watch:
        await until(lambda: len(stub.asked) > 6)
        await watch.listed.wait()
        assert not endless.listed.is_set()
    assert recorder.calls == [("saw", "c")]


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("", 1, 1),
        ("3", 3, 3),
        ("86400", 60, 60),
        ("-5", 0, 0),
        ("nan", 1, 1),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2115 07:28:00 GMT", 60, 60),
        ("Wed, 21 Oct 2115 07:28:00", 0, 60),
        ("in a while", 1, 1),
    ],
)
async def test_when_a_server_wants_to_be_asked_again(said: str, least: float, most: float) -> None:

    stub = Stub([Says(503, headers={"Retry-After": said} if said else {})])
    async with connected(stub) as connection:
        with pytest.raises(NotYet) as raised:
            await connection.send("GET", "/api/v1/pods")
    assert least <= raised.value.after <= most
