"""The conditions of Microservices as metrics: each has its two series, and a deleted one has none."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from microservice_operator import metrics
from microservice_operator.condition_metrics import export_conditions

NAME = "microservice_operator_microservice_condition"


def _body(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"status": {"conditions": list(conditions)}}


def _series() -> dict[tuple[str, str, str, str], float]:
    return {
        (each.labels["namespace"], each.labels["name"], each.labels["condition"], each.labels["reason"]): each.value
        for family in REGISTRY.collect()
        for each in family.samples
        if each.name == NAME
    }


@pytest.mark.parametrize(
    ("body", "reason", "ready", "stalled"),
    [
        (_body({"type": "Ready", "status": "True", "reason": "Ready"}), "Ready", 1, 0),
        (
            _body(
                {"type": "Ready", "status": "False", "reason": "Conflict"},
                {"type": "Stalled", "status": "True", "reason": "Conflict"},
            ),
            "Conflict",
            0,
            1,
        ),
        (_body({"type": "Ready", "status": "Unknown", "reason": "Progressing"}), "Progressing", 0, 0),
        ({}, "Unknown", 0, 0),
        ({"status": None}, "Unknown", 0, 0),
        ({"status": {"conditions": "none"}}, "Unknown", 0, 0),
        (_body({"type": "Ready", "status": "True", "reason": "written-by-a-tenant"}), "Unknown", 1, 0),
    ],
)
def test_a_microservice_has_a_series_for_each_condition(
    body: dict[str, Any], reason: str, ready: float, stalled: float
) -> None:
    export_conditions({("shop", "order"): body})
    assert _series() == {
        ("shop", "order", "Ready", reason): ready,
        ("shop", "order", "Stalled", reason): stalled,
    }


def test_a_deleted_microservice_and_an_old_reason_leave_no_series() -> None:
    export_conditions({("shop", "order"): {}, ("shop", "user"): {}})
    export_conditions({("shop", "user"): _body({"type": "Ready", "status": "True", "reason": "Ready"})})
    assert {(name, reason) for _, name, _, reason in _series()} == {("user", "Ready")}
    export_conditions({})
    assert not _series()


def test_every_result_of_a_reconciliation_starts_at_zero() -> None:
    for result in metrics.RESULTS:
        assert REGISTRY.get_sample_value("microservice_operator_reconciles_total", {"result": result}) is not None
