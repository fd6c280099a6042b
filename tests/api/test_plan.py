"""`microservice-operator plan` gives the same result against a cluster as against a file of its objects."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from microservice_operator.cli import application
from microservice_operator.names import ANNOTATION_DEFAULT_ENVIRONMENT, LABEL_ENVIRONMENT
from tests.api.server import Server
from tests.conftest import REPOSITORY
from tests.tools.cluster import Cluster
from tests.unit.cli.test_plan import EVERYTHING, RDS, documents

Plan = Callable[..., Result]
Create = Callable[[dict[str, Any]], dict[str, Any]]
NAMESPACE = "/api/v1/namespaces/default"
THERE = {**EVERYTHING, "environment": "prod"}
SCALED = {**THERE, "databases": [{"name": "orders", "storage": {"size": "40Gi"}, "size": "big"}], "image": "order:2"}


def bodies(spec: dict[str, Any], environment: dict[str, Any] = RDS, **metadata: Any) -> list[dict[str, Any]]:
    """A Microservice and the Environment `prod`."""
    service, around = yaml.safe_load_all(documents(spec, environment))
    service["metadata"]["namespace"] = "default"
    around["metadata"] |= metadata
    return [service, around]


@pytest.fixture
def plan(api_server: Cluster) -> Plan:
    """The command, with a kubeconfig."""

    def run(wanted: list[dict[str, Any]], *more: str, kubeconfig: Path = api_server.kubeconfig) -> Result:
        words = ["plan", "-", "--output=json", *more]
        environment = {"KUBECONFIG": str(kubeconfig)}
        return CliRunner().invoke(application(words), words, input=yaml.safe_dump_all(wanted), env=environment)

    return run


@pytest.fixture
def viewer(api_server: Cluster, server: Server) -> Iterator[Path]:
    """Somebody who may see what is in the namespace, and nothing of what belongs to the cluster."""
    roles = yaml.safe_load_all((REPOSITORY / "manifests/base/aggregated-roles.yaml").read_text(encoding="utf-8"))
    rules = [rule for role in roles if role["metadata"]["name"].endswith("view") for rule in role["rules"]]
    group = "rbac.authorization.k8s.io"
    path = f"/apis/{group}/v1/namespaces/default"
    role = {"kind": "Role", "metadata": {"name": "plan-viewer"}, "rules": rules}
    binding = {
        "kind": "RoleBinding",
        "metadata": {"name": "plan-viewer"},
        "subjects": [{"kind": "User", "name": "vera", "apiGroup": group}],
        "roleRef": {"kind": "Role", "name": "plan-viewer", "apiGroup": group},
    }
    server.request("POST", f"{path}/roles", role)
    server.request("POST", f"{path}/rolebindings", binding)
    yield api_server.user_kubeconfig("vera")
    for kind in ("roles", "rolebindings"):
        server.request("DELETE", f"{path}/{kind}/plan-viewer")


def test_the_same_as_against_a_file_of_what_the_cluster_has(plan: Plan, stored: Create, tmp_path: Path) -> None:
    for body in bodies(THERE):
        stored(body)
    before = tmp_path / "before.yaml"
    before.write_text(yaml.safe_dump_all(bodies(THERE)), encoding="utf-8")
    from_cluster, from_file = plan(bodies(SCALED)), plan(bodies(SCALED), f"--against={before}")
    assert (from_cluster.exit_code, from_cluster.stdout) == (0, from_file.stdout)
    [service] = json.loads(from_cluster.stdout)
    assert {row["effect"] for row in service["changes"]} == {"restart", "rollout"}


def test_nothing_changes_where_the_cluster_has_it_already(plan: Plan, stored: Create) -> None:
    for body in bodies(THERE):
        stored(body)
    assert json.loads(plan(bodies(THERE)).stdout)[0]["changes"] == []


def test_a_service_that_is_not_there_is_created(plan: Plan) -> None:
    result = plan(bodies(THERE))
    assert [row["effect"] for row in json.loads(result.stdout)[0]["changes"]] == ["created"]


@pytest.mark.parametrize("chosen", ["named", "by the namespace", "by default"])
def test_the_environment_is_the_one_that_the_operator_would_take(
    plan: Plan, stored: Create, server: Server, chosen: str
) -> None:
    named = "prod" if chosen == "named" else None
    marked = {"annotations": {ANNOTATION_DEFAULT_ENVIRONMENT: "true"}} if chosen == "by default" else {}
    [service, environment] = bodies({**EVERYTHING, "environment": named}, **marked)
    stored(service)
    stored(environment)
    label = {LABEL_ENVIRONMENT: "prod"} if chosen == "by the namespace" else {LABEL_ENVIRONMENT: None}
    server.request("PATCH", NAMESPACE, {"metadata": {"labels": label}}, "application/merge-patch+json")
    try:
        [wanted, _] = bodies({**SCALED, "environment": named})
        result = plan([wanted])
    finally:
        none = {"metadata": {"labels": {LABEL_ENVIRONMENT: None}}}
        server.request("PATCH", NAMESPACE, none, "application/merge-patch+json")
    assert result.exit_code == 0, result.output
    assert {row["effect"] for row in json.loads(result.stdout)[0]["changes"]} == {"restart", "rollout"}


def test_one_that_nobody_chose_is_not_taken(plan: Plan, stored: Create) -> None:
    for body in bodies(EVERYTHING):
        stored(body)
    result = plan(bodies({**SCALED, "environment": None})[:1])
    assert result.exit_code == 1
    assert "the Environment of the databases is unknown; add its file with --environment" in result.stderr


def test_a_changed_environment_is_compared_with_the_one_that_is_there(plan: Plan, stored: Create) -> None:
    for body in bodies(THERE):
        stored(body)
    sizes = {"small": "db.t4g.medium", "big": "db.m7g.large"}
    rds = {**RDS, "databases": {**RDS["databases"], "rds": {**RDS["databases"]["rds"], "sizes": sizes}}}
    spec = {**THERE, "databases": [{"name": "orders", "storage": {"size": "30Gi"}, "size": "small"}]}
    [service, environment] = bodies(spec, rds)
    rows = json.loads(plan([service, environment]).stdout)[0]["changes"]
    assert any("db.t4g.medium" in row["what"] for row in rows), rows


def test_who_may_not_read_environments_gives_one(plan: Plan, stored: Create, viewer: Path, tmp_path: Path) -> None:
    for body in bodies(THERE):
        stored(body)
    [wanted, around] = bodies(SCALED)
    refused = plan([wanted], kubeconfig=viewer)
    assert "add its file with --environment" in refused.stderr
    file = tmp_path / "environment.yaml"
    file.write_text(yaml.safe_dump(around), encoding="utf-8")
    result = plan([wanted], f"--environment={file}", kubeconfig=viewer)
    assert (result.exit_code, result.stdout) == (0, plan(bodies(SCALED)).stdout)


def test_plan_names_the_missing_permission_to_read_the_service(plan: Plan, api_server: Cluster) -> None:
    result = plan(bodies(SCALED), kubeconfig=api_server.user_kubeconfig("nobody"))
    assert result.exit_code == 2
    assert 'User "nobody" cannot get resource "microservices"' in result.stderr
    assert "request permission to read it; to compare with an older file" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (r"127.0.0.1:\d+", "127.0.0.1:1", "the API server does not answer"),
        (r"(127.0.0.1:\d+)", r"\1/nowhere", "install the operator's CRDs there"),
        ("current-context", "was", "check the kubeconfig"),
        ("(?s).*", "{", "check the kubeconfig"),
    ],
)
def test_a_cluster_that_cannot_be_asked(
    plan: Plan, api_server: Cluster, tmp_path: Path, old: str, new: str, said: str
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        re.sub(old, new, api_server.kubeconfig.read_text(encoding="utf-8"), count=1), encoding="utf-8"
    )
    result = plan(bodies(SCALED), kubeconfig=kubeconfig)
    assert result.exit_code == 2, result.output
    assert said in result.stderr


def test_another_context(plan: Plan, api_server: Cluster) -> None:
    result = plan(bodies(SCALED), "--context=nowhere")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
    context = yaml.safe_load(api_server.kubeconfig.read_text(encoding="utf-8"))["current-context"]
    assert plan(bodies(SCALED), f"--context={context}").exit_code == 0
