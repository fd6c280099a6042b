"""The URL of a dependency, what its callers learn about it, and what happens while it is missing."""

from collections.abc import Mapping
from typing import Any

import pytest

from microservice_operator.api import parsing
from microservice_operator.cluster.child_cache import Children
from microservice_operator.dependencies import DependencyBody, dependency_part, dependency_urls
from microservice_operator.desired.context import Context
from microservice_operator.facts import Reason, State
from tests.unit.desired.builders import body, context

URLS: dict[str, tuple[list[dict[str, Any]] | None, str]] = {
    "the default": (None, "http://user.shop.svc"),
    "another port of the container": ([{"containerPort": 3000}], "http://user.shop.svc"),
    "another port of the Service": ([{"servicePort": 8081}], "http://user.shop.svc:8081"),
    "gRPC": ([{"name": "grpc", "servicePort": 7070, "appProtocol": "grpc"}], "http://user.shop.svc:7070"),
    "HTTPS": ([{"servicePort": 443, "appProtocol": "https"}], "https://user.shop.svc"),
    "HTTPS elsewhere": ([{"servicePort": 8443, "appProtocol": "https"}], "https://user.shop.svc:8443"),
    "HTTPS on port 80": ([{"appProtocol": "https"}], "https://user.shop.svc:80"),
    "the first of two": (
        [{"name": "a", "servicePort": 81, "containerPort": 1}, {"name": "b", "servicePort": 80, "containerPort": 2}],
        "http://user.shop.svc:81",
    ),
    "TCP before UDP": (
        [{"name": "dns", "servicePort": 53, "protocol": "UDP"}, {"name": "http", "servicePort": 8080}],
        "http://user.shop.svc:8080",
    ),
    "no port": ([], ""),
    "UDP alone": ([{"name": "dns", "servicePort": 53, "protocol": "UDP"}], "udp://user.shop.svc:53"),
}


def user(ports: list[dict[str, Any]] | None) -> parsing.Microservice:
    metadata = {"name": "user", "namespace": "shop", "uid": "u"}
    return parsing.microservice({"metadata": metadata, "spec": {"image": "a", "ports": ports}})


@pytest.mark.parametrize("case", URLS)
def test_url(case: str) -> None:
    ports, expected = URLS[case]
    assert user(ports).url == expected


def deployment(of: Context) -> Mapping[str, Any]:
    """The Deployment as a watch would deliver it."""
    made = body(of, "Deployment")
    return {**made, "metadata": {**made["metadata"], "uid": "d", "resourceVersion": "1"}}


def template_of_caller(found: DependencyBody | None, running: Context) -> Mapping[str, Any]:
    """The pod template of a caller while its dependency is found so, and its pods are these."""
    caller = context({"dependencies": [{"name": "user"}]}).microservice
    children = Children(lambda _: None)
    children.saw("Deployment", deployment(running))
    urls = children.of(("shop", "order"))["Deployment", "order"].urls
    of = Context(caller, dependency_urls=dependency_urls(caller, lambda _: found, urls))
    template: Mapping[str, Any] = body(of, "Deployment")["spec"]["template"]
    return template


ELSEWHERE = "http://user.shop.svc:8081"
INVALID: DependencyBody = ({"spec": {"unknown": 1}}, None)


@pytest.mark.parametrize("found", [None, INVALID], ids=["absent", "invalid"])
@pytest.mark.parametrize("url", [ELSEWHERE, "https://user.shop.svc", "http://user.shop.svc"])
def test_a_dependency_that_is_away_replaces_no_pod_of_its_callers(found: DependencyBody | None, url: str) -> None:
    running = context({"dependencies": [{"name": "user"}]}, dependency_urls={"user": url})
    assert template_of_caller(found, running) == deployment(running)["spec"]["template"]


def test_a_dependency_that_moves_is_followed() -> None:
    running = context({"dependencies": [{"name": "user"}]}, dependency_urls={"user": ELSEWHERE})
    moved = context({"dependencies": [{"name": "user"}]}, dependency_urls={"user": "http://user.shop.svc:9000"})
    found: DependencyBody = ({}, user([{"servicePort": 9000}]))
    assert template_of_caller(found, running) == deployment(moved)["spec"]["template"]


@pytest.mark.parametrize(
    "edited",
    ["http://evil.example", "http://user.other.svc", "http://users.shop.svc", "http://user.shop.svc:x", "", "x"],
)
def test_what_somebody_wrote_there_by_hand_is_not_taken_for_an_answer(edited: str) -> None:
    caller = context({"dependencies": [{"name": "user"}]}).microservice
    assert dependency_urls(caller, lambda _: None, {"USER_URL": edited}) == {}


def test_a_dependency_of_which_nothing_was_ever_known_is_looked_for_at_port_80() -> None:
    first = context({"dependencies": [{"name": "user"}]})
    assert template_of_caller(None, context({})) == deployment(first)["spec"]["template"]


def test_a_dependency_without_ports_is_named_and_replaces_no_pod_of_its_callers() -> None:
    running = context({"dependencies": [{"name": "user"}]}, dependency_urls={"user": ELSEWHERE})
    worker: DependencyBody = ({"status": {"conditions": [{"type": "WorkloadReady", "status": "True"}]}}, user([]))
    assert template_of_caller(worker, running) == deployment(running)["spec"]["template"]
    caller = running.microservice
    part = dependency_part(caller, (caller.spec.dependencies or [])[0], worker)
    assert (part.state, part.reason) == (State.PROGRESSING, Reason.DEPENDENCY_WITHOUT_PORT)
    assert part.message == (
        "Microservice user has no port (ports: []), so nothing can call it; add a port to its spec.ports or remove the"
        " dependency"
    )
