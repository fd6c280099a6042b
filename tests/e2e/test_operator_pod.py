"""The operator in its pod: health, metrics, and a structured log without secrets."""

import json
from typing import Any

import pytest

from .place import Place
from .stage import OPERATOR, OPERATOR_PODS, SUPPORT, Stage
from .stores import secret
from .tiny import tiny

SERVICE = f"{OPERATOR}-metrics"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_well(system: Place, path: str) -> None:
    assert system.ask(SERVICE, path) == "ok"


@pytest.mark.parametrize(
    "metric",
    [
        'microservice_operator_reconciles_total{result="ok"}',
        "microservice_operator_reconcile_duration_seconds_bucket",
        "microservice_operator_queue_depth",
        "microservice_operator_queue_oldest_age_seconds",
        "microservice_operator_kubernetes_requests_total{",
        'microservice_operator_aws_requests_total{action="DescribeTable"',
    ],
)
def test_it_counts(system: Place, metric: str) -> None:
    # one of two processes answers, and one of them works
    system.eventually(f"/metrics contains {metric}", lambda: metric in system.ask(SERVICE, "/metrics"))


def test_every_line_of_its_log_is_an_object(system: Place) -> None:
    for line in _log(system):
        assert {"event", "level", "logger", "timestamp"} <= line.keys()
        assert line["level"] in {"info", "warning"}, line


def test_a_log_line_names_the_microservice_and_the_reconciliation(stage: Stage, place: Place, system: Place) -> None:
    place.declare("noted", tiny(stage, replicas=0))
    place.await_ready("noted")
    place.kubectl("delete", "service", "noted", place.where)
    place.await_ready("noted")
    place.patch("service", "noted", {"spec": {"selector": {"app.kubernetes.io/name": "another"}}})

    def lines() -> list[dict[str, Any]]:
        return [
            line for line in _log(system) if (line.get("namespace"), line.get("name")) == (place.namespace, "noted")
        ]

    for line in system.eventually("the log contains lines about the Microservice", lines):
        assert line["generation"] == 1
        assert len(line["trace_id"]) == 32


def test_no_password_is_in_its_log(stage: Stage, system: Place) -> None:
    text = system.kubectl("logs", system.where, OPERATOR_PODS, "--tail=-1")
    passwords = {secret(stage.kubectl, SUPPORT, "postgres-admin")["password"]}
    for item in stage.kubectl.listed(
        "secrets", "--all-namespaces", "--field-selector=type=servicebinding.io/postgresql"
    ):
        passwords.add(secret(stage.kubectl, item["metadata"]["namespace"], item["metadata"]["name"])["password"])
    assert len(passwords) >= 5, "the admin's, and two of each database in the shop"
    assert not [password for password in passwords if password in text]


def _log(system: Place) -> list[dict[str, Any]]:
    text = system.kubectl("logs", system.where, OPERATOR_PODS, "--tail=-1")
    return [json.loads(line) for line in text.splitlines()]
