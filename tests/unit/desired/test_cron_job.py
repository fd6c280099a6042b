"""CronJobs: what their pods share with those of the service, and by what nothing else selects them."""

from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.scalars import PartName
from microservice_operator.database_connection import Login, Rotated
from microservice_operator.desired import children
from microservice_operator.desired.context import Context
from tests.unit.desired.builders import CONNECTION, DATABASE, MIGRATING, TABLE, body, context, kinds, one

JOB: dict[str, Any] = {"name": "cleanup", "schedule": "@daily", "command": ["clean"]}
NAME = "order-cleanup"


def job_pod(of: Context) -> dict[str, Any]:
    template: dict[str, Any] = body(of, "CronJob", NAME)["spec"]["jobTemplate"]["spec"]["template"]
    return template


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    exist = all(each["key"] in labels for each in selector.get("matchExpressions", []))
    return exist and selector.get("matchLabels", {}).items() <= labels.items()


def test_nothing_of_the_service_selects_the_pods_of_a_job() -> None:
    of = context({"jobs": [JOB], "databases": [MIGRATING], "autoscaling": {"maxReplicas": 3}}, connections=CONNECTIONS)
    labels = job_pod(of)["metadata"]["labels"]
    assert body(of, "Service")["spec"]["selector"].items() - labels.items()
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert not selects(body(of, kind)["spec"]["selector"], labels), kind
    policies = {c.name: c.body["spec"] for c in children(of) if c.kind == "NetworkPolicy" and c.body}
    assert [name for name, spec in policies.items() if selects(spec["podSelector"], labels)] == ["order.jobs"]
    for kind, pod in (("service", body(of, "Deployment")["spec"]["template"]), ("migration", migration_pod(of))):
        assert not selects(policies["order.jobs"]["podSelector"], pod["metadata"]["labels"]), kind


def migration_pod(of: Context) -> dict[str, Any]:
    made: dict[str, Any] = next(child for child in children(of) if child.kind == "Job").body or {}
    template: dict[str, Any] = made["spec"]["template"]
    return template


CONNECTIONS = {"orders": CONNECTION}


def test_a_job_may_call_what_the_service_may_call_and_nobody_calls_it() -> None:
    spec = {"jobs": [JOB], "dependencies": [{"name": "user"}], "access": {"from": [{"microservice": "web"}]}}
    of = context(spec)
    service, jobs = (body(of, "NetworkPolicy", name)["spec"] for name in ("order", "order.jobs"))
    assert jobs["egress"] == service["egress"]
    assert (service["ingress"] != [], jobs["ingress"]) == (True, [])
    assert jobs["policyTypes"] == ["Ingress", "Egress"]


def test_only_the_jobs_of_permitted_callers_may_call() -> None:
    spec = {"access": {"from": [{"microservice": "web"}]}}
    caller = context({"jobs": [JOB]}).microservice
    (rule,) = body(context(spec, callers_with_jobs=frozenset({"order"})), "NetworkPolicy")["spec"]["ingress"]
    labels = job_pod(context({"jobs": [JOB]}))["metadata"]["labels"]
    allowed = [selects(peer["podSelector"], labels) for peer in rule["from"]]
    assert (caller.name, allowed) == ("order", [False, True])
    (rule,) = body(context(spec), "NetworkPolicy")["spec"]["ingress"]
    assert [selects(peer["podSelector"], labels) for peer in rule["from"]] == [False]


def test_a_job_has_the_containers_variables_and_volumes_of_the_service() -> None:
    spec = {
        "jobs": [JOB],
        "command": ["serve"],
        "databases": [DATABASE],
        "volumes": [{"name": "work", "emptyDir": {}}],
        "volumeMounts": [{"name": "work", "mountPath": "/work"}],
        "initContainers": [{"name": "first", "image": "a"}],
        "sidecars": [{"name": "beside", "image": "b"}],
    }
    of = context(spec, connections=CONNECTIONS)
    service, job = body(of, "Deployment")["spec"]["template"]["spec"], job_pod(of)["spec"]
    shared = ("serviceAccountName", "automountServiceAccountToken", "securityContext", "volumes", "initContainers")
    assert {key: job[key] for key in shared} == {key: service[key] for key in shared}
    ours, theirs = job["containers"][0], service["containers"][0]
    assert ours.pop("command") == ["clean"]
    assert ours == {key: value for key, value in theirs.items() if key in ours}
    assert theirs.keys() - ours.keys() == {
        *("command", "ports", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
    }
    secrets = [v["valueFrom"]["secretKeyRef"]["name"] for v in ours["env"] if "valueFrom" in v]
    assert set(secrets) == {"order-orders-database"}, "the login of the service, not that of the owner"


def test_variables_and_resources_of_the_job_override_those_of_the_service() -> None:
    own = {**JOB, "env": [{"name": "B", "value": "job"}, {"name": "C", "value": "job"}]}
    of = context({"env": [{"name": "A", "value": "service"}, {"name": "B", "value": "service"}], "jobs": [own]})
    variables = job_pod(of)["spec"]["containers"][0]["env"]
    values = [(v["name"], v["value"]) for v in variables if v["name"] in "ABC"]
    assert values == [("A", "service"), ("B", "job"), ("C", "job")]
    requests = {"requests": {"cpu": "2"}}
    of = context({"jobs": [{**JOB, "resources": requests}]})
    assert job_pod(of)["spec"]["containers"][0]["resources"] == requests


def test_a_pod_says_with_which_rotation_it_started() -> None:
    """Otherwise the operator could close the login of a run that still goes on."""
    rotated = CONNECTION.__class__(
        *("db.data.svc", 5432, "orders", "verify-full"),
        Login("run", "r", Rotated("2026-01-01T00:00:00Z", "")),
        Login("own", "o"),
    )
    of = context({"jobs": [JOB], "databases": [DATABASE]}, connections={"orders": rotated})
    service = body(of, "Deployment")["spec"]["template"]["metadata"]["annotations"]
    key = names.rotated_at("orders")
    assert job_pod(of)["metadata"]["annotations"] == {key: service[key]}


@pytest.mark.parametrize(
    ("spec", "known", "built"),
    [
        ({"databases": [MIGRATING]}, {"connections": CONNECTIONS}, True),
        ({"databases": [DATABASE]}, {}, False),
        ({"tables": [TABLE]}, {}, False),
    ],
)
def test_it_waits_for_what_the_pods_wait_for(spec: dict[str, Any], known: dict[str, Any], built: bool) -> None:
    of = context({"jobs": [JOB], **spec}, **known)
    held = one(of, "CronJob", NAME)
    assert held.held == one(of, "Deployment").held
    assert held.held
    assert (held.body is not None) is built


def test_without_jobs_nothing_is_made() -> None:
    specs: tuple[dict[str, Any], ...] = ({}, {"jobs": []})
    for spec in specs:
        of = context(spec)
        assert "CronJob" not in kinds(of)
        assert kinds(of).count("NetworkPolicy") == 1


LONGEST = next(each.max_length for each in PartName.__metadata__ if each.max_length)  # type: ignore[attr-defined]


def test_names_fit_and_differ() -> None:
    pairs = [("a", "b-c"), ("a-b", "c"), ("a", "b"), ("a" * LONGEST, "b" * LONGEST), ("a" * LONGEST, "b" * 39 + "c")]
    made = [names.cron_job(*pair) for pair in pairs]
    assert len(set(made)) == len(pairs)
    assert made[:3] == ["a--b-c", "a-b-c", "a-b"]
    assert all(len(name) <= 52 for name in made)
