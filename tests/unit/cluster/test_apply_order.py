"""No pod starts before its identity, network policy and Secrets exist and belong to the Microservice."""

from typing import Any

import pytest

from microservice_operator.cluster.apply import Cluster
from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.kinds import CHILDREN
from microservice_operator.desired import children as desired_children
from microservice_operator.desired.context import Context
from microservice_operator.errors import NotYet
from microservice_operator.facts import Part, Reason, State
from tests.unit.desired.builders import CONNECTION, DATABASE, MIGRATING, context
from tests.unit.support.api_server import ApiServer

STARTS = {
    "Job": context({"databases": [MIGRATING]}, connections={"orders": CONNECTION}),
    "Deployment": context({"databases": [DATABASE]}, connections={"orders": CONNECTION}),
}
CASES = [
    pytest.param(starts, child.kind, child.name, id=f"{starts}-{child.kind}-{child.name}")
    for starts, of in STARTS.items()
    for child in desired_children(of)
    if child.kind in ("ServiceAccount", "NetworkPolicy", "Secret")
]
ROLE = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/another"}


def path(kind: str, name: str = "") -> str:
    return CHILDREN[kind].path("shop", name)


async def applied(server: ApiServer, of: Context) -> dict[str, Part]:
    writer: Any = server
    cluster = Cluster(writer, Children(lambda _: None))
    wanted = desired_children(of)
    parts = await cluster.apply(of.microservice.identity, wanted)
    assert [(part.kind, part.name) for part in parts] == [(child.kind, child.name) for child in wanted]
    return {f"{part.kind} {part.name}": part for part in parts}


def made(server: ApiServer) -> list[str]:
    """Kinds in the order in which they were made."""
    kinds = {path(kind): kind for kind in CHILDREN}
    return [kinds[at] for method, at, _ in server.asked if method == "POST"]


def held(parts: dict[str, Part], starts: str) -> Part:
    return next(part for key, part in parts.items() if key.startswith(f"{starts} "))


@pytest.mark.parametrize("starts", STARTS)
async def test_what_pods_run_with_is_written_first(starts: str) -> None:
    server = ApiServer()
    await applied(server, STARTS[starts])
    kinds = made(server)
    assert starts in kinds
    assert not set(kinds[: kinds.index(starts)]) & {"Job", "Deployment"}
    assert not set(kinds[kinds.index(starts) :]) & {"ServiceAccount", "NetworkPolicy", "Secret"}


@pytest.mark.parametrize(("starts", "kind", "name"), CASES)
async def test_a_foreign_one_holds_all_that_starts_pods(starts: str, kind: str, name: str) -> None:
    server = ApiServer()
    server.put(path(kind, name), {"kind": kind, "metadata": {"name": name, "annotations": ROLE}, "spec": {}})
    before = server.objects[path(kind, name)]
    parts = await applied(server, STARTS[starts])
    foreign = parts[f"{kind} {name}"]
    assert (foreign.state, foreign.reason) == (State.STALLED, Reason.CONFLICT)
    assert held(parts, starts).state is State.PROGRESSING
    assert held(parts, starts).message == (
        f"is waiting for {kind} {name}, which must be as declared before a pod starts"
    )
    assert not {"Job", "Deployment"} & set(made(server))
    assert "Service" in made(server)
    assert server.objects[path(kind, name)] == before


@pytest.mark.parametrize(("starts", "kind", "name"), CASES)
async def test_one_that_cannot_be_written_at_the_moment_holds_them_too(starts: str, kind: str, name: str) -> None:
    def away(method: str, at: str, _: str) -> None:
        if method == "POST" and at == path(kind):
            raise NotYet(Reason.PROGRESSING, "the API server answers HTTP 500")

    server = ApiServer(refuse=away)
    parts = await applied(server, STARTS[starts])
    assert parts[f"{kind} {name}"].failed
    assert held(parts, starts).state is State.PROGRESSING
    assert held(parts, starts).message.startswith(f"is waiting for {kind} ")
    assert not {"Job", "Deployment"} & set(made(server))


async def test_they_are_written_once_the_foreign_one_has_gone() -> None:
    server, of = ApiServer(), STARTS["Deployment"]
    server.put(path("ServiceAccount", "order"), {"kind": "ServiceAccount", "metadata": {"name": "order"}})
    await applied(server, of)
    del server.objects[path("ServiceAccount", "order")]
    assert (await applied(server, of))["ServiceAccount order"].state is State.READY
    assert "Deployment" in made(server)
