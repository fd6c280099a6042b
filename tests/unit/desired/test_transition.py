"""Access for pods of the old declaration stays until they end; access after withdrawn consent does not."""

from typing import Any

import pytest

from microservice_operator.desired import children
from microservice_operator.desired.context import Child
from microservice_operator.desired.transition import widened
from tests.unit.desired.builders import context

Rule = dict[str, Any]
OPEN: Rule = {"ports": [{"port": 8080, "protocol": "TCP"}]}


def rule(*callers: str, port: int = 8080) -> Rule:
    return {"from": [{"podSelector": {"app": name}} for name in callers], "ports": [{"port": port, "protocol": "TCP"}]}


def policy(*ingress: Rule, egress: tuple[Rule, ...] = ()) -> dict[str, Any]:
    return {"ingress": list(ingress), "egress": list(egress)}


def service(*ports: tuple[str, int]) -> dict[str, Any]:
    return {"ports": [{"name": name, "port": port, "protocol": "TCP", "targetPort": name} for name, port in ports]}


def spec(kind: str, desired: dict[str, Any], former: dict[str, Any]) -> Any:
    child = Child(kind, "a", {"metadata": {"name": "a", "annotations": {}}, "spec": desired})
    widened_child = widened(child, {"spec": former})
    assert widened_child.body is not None
    return widened_child.body["spec"]


@pytest.mark.parametrize(
    ("desired", "former", "expected"),
    [
        # whom pods of the former declaration call
        (policy(), policy(egress=(rule("db"),)), policy(egress=(rule("db"),))),
        (policy(egress=(rule("x"),)), policy(egress=(rule("db"),)), policy(egress=(rule("x"), rule("db")))),
        (policy(egress=(rule("x"),)), policy(egress=(rule("x"),)), policy(egress=(rule("x"),))),
        # on which ports they are called, by those who may call still
        (policy(rule("a", port=1)), policy(rule("a", "b")), policy(rule("a", port=1), rule("a"))),
        (policy(rule("a")), policy(rule("a", "b")), policy(rule("a"))),
        (policy(), policy(rule("b")), policy()),
        (policy({"ports": [{"port": 1}]}), policy(rule("b")), policy({"ports": [{"port": 1}]}, rule("b"))),
        (policy({"ports": [{"port": 1}]}), policy(OPEN), policy({"ports": [{"port": 1}]}, OPEN)),
        (policy(rule("a")), policy(OPEN), policy(rule("a"))),
    ],
)
def test_a_network_policy(desired: dict[str, Any], former: dict[str, Any], expected: dict[str, Any]) -> None:
    widened_spec = spec("NetworkPolicy", desired, former)
    assert (widened_spec.get("ingress", []), widened_spec["egress"]) == (expected["ingress"], expected["egress"])


@pytest.mark.parametrize(
    ("desired", "former", "expected"),
    [
        (service(("http", 80)), service(("http", 80), ("admin", 9000)), service(("http", 80), ("admin", 9000))),
        # a port that has another number or name now is the declared one
        (service(("http", 8081)), service(("http", 80)), service(("http", 8081))),
        (service(("web", 80)), service(("http", 80)), service(("web", 80))),
    ],
)
def test_a_service(desired: dict[str, Any], former: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec("Service", desired, former) == expected


def test_widening_again_what_was_widened_changes_nothing() -> None:
    """Otherwise each reconciliation during a rollout would write."""
    before = {(c.kind, c.name): c for c in children(context(spec={"access": {"to": [{"host": "a.b", "ports": [1]}]}}))}
    after = [c for c in children(context()) if c.kind in ("NetworkPolicy", "Service")]
    for child in after:
        former = before[child.kind, child.name].body
        assert former is not None
        once = widened(child, former)
        assert once.body is not None
        assert (once.body != child.body) is (child.kind == "NetworkPolicy")
        assert widened(child, once.body) == once
