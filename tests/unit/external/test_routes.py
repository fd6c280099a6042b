"""What routes need to know about other Microservices, and where the OpenAPI document is."""

from typing import Any

import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.aws.apigateway.route_ownership import Tokens
from microservice_operator.aws.apigateway.routes import Others
from microservice_operator.external.routes import API, Routes, others

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
    assert others(ME, {**MINE, **{("shop", name): of for name, of in found.items()}}) == expected


def test_two_agree_on_who_is_older() -> None:
    bodies = {("shop", name): body("2026-01-02T00:00:00Z", f"uid-{name}") for name in "abc"}
    seen = {name: others(Identity("shop", name, f"uid-{name}"), bodies) for name in "abc"}
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
