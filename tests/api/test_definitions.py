"""The CRDs in the API server: defaults, status, scale, explanations, and the base that installs them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservice_operator.api import parsing
from tests.api.server import CRDS, Refused, Server
from tests.conftest import REPOSITORY
from tests.tools.cluster import Cluster
from tests.unit.api.examples import resource, rule_examples

# Defaults that Python alone knows, by what they are in: see api.schema and api.stores.
PYTHON_ONLY = {
    "spec": ("ports",),
    "tables": ("billingMode",),
    "databases": ("size", "highAvailability"),
    "storage": ("size", "type"),
    "backup": ("retentionDays",),
}
Create = Callable[[dict[str, Any]], dict[str, Any]]
KUBECTL = Path(sys.executable).parent / "kubectl"


@pytest.fixture(scope="session")
def kubectl(api_server: Cluster) -> Callable[..., str]:
    """kubectl as the administrator; returns what it prints."""

    def run(*arguments: str) -> str:
        command = [str(KUBECTL), "--kubeconfig", str(api_server.kubeconfig), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


@pytest.mark.parametrize("name", ["microservices", "environments"])
def test_definition_is_structural_and_served(server: Server, name: str) -> None:
    conditions = server.request("GET", f"{CRDS}/{name}.microservice-operator.dev")["status"]["conditions"]
    assert {c["type"]: c["status"] for c in conditions} == {"NamesAccepted": "True", "Established": "True"}


def test_definitions_fit_into_the_annotation_of_client_side_apply() -> None:
    for file in (REPOSITORY / "crds").glob("*s.yaml"):
        assert len(json.dumps(yaml.safe_load(file.read_text(encoding="utf-8")))) < 256 * 1024


@pytest.mark.parametrize("example", rule_examples(), ids=lambda example: example.message[:50])
def test_defaults_are_those_of_the_models(server: Server, example: Any) -> None:
    stored = server.create(example.good, dry_run=True)
    parse = parsing.microservice if stored["kind"] == "Microservice" else parsing.environment
    body = {**example.good, "metadata": {"uid": "", **example.good["metadata"]}}
    written_out = parse(body).spec.manifest()
    assert stored["spec"] == _stored(written_out, example.good["spec"])
    assert parse(stored).spec == parse(body).spec


def _stored(written_out: Any, given: Any, within: str = "spec") -> Any:
    """What is written out, without the defaults that are not stored."""
    if isinstance(written_out, list) and isinstance(given, list):
        return [_stored(each, its, within) for each, its in zip(written_out, given, strict=True)]
    if not isinstance(written_out, dict) or not isinstance(given, dict):
        return written_out
    left = {key: value for key, value in written_out.items() if key in given or key not in PYTHON_ONLY.get(within, ())}
    return {key: _stored(value, given.get(key), key) for key, value in left.items()}


def test_null_is_as_good_as_absent(server: Server) -> None:
    spec = {"suspend": None, "tables": None, "ports": None}
    assert server.create(resource(spec), dry_run=True)["spec"] == server.create(resource({}), dry_run=True)["spec"]


def test_status_says_that_nobody_has_looked_yet(stored: Create) -> None:
    assert stored(resource({}))["status"] == {"observedGeneration": -1}


def test_status_takes_what_the_operator_writes(server: Server, stored: Create) -> None:
    body = resource({})
    stored(body)
    condition = {"type": "Ready", "status": "False", "reason": "X", "message": "", "observedGeneration": 1}
    status = {
        "observedGeneration": 1,
        "conditions": [{**condition, "lastTransitionTime": "2026-11-25T00:00:00Z"}],
        "replicas": 2,
        "readyReplicas": 1,
        "selector": "a=b",
        "environment": "prod",
        "endpoints": {"internal": "http://order.default.svc"},
        "resources": [{"layer": "AWS", "kind": "Table", "name": "t", "id": "arn", "state": "Ready", "message": ""}],
        "problems": [{"severity": "Error", "field": "spec.tables[0]", "message": "m"}],
        "deletion": [{"layer": "AWS", "kind": "Table", "name": "t", "state": "Deleting"}],
        "lastHandledReconcileAt": "now",
    }
    path = f"/apis/microservice-operator.dev/v1alpha1/namespaces/{server.namespace}/microservices/order/status"
    written = server.request("PATCH", path, {"status": status}, "application/merge-patch+json")
    assert written["status"] == status
    with pytest.raises(Refused, match="unknown field"):
        server.request("PATCH", path, {"status": {"colour": "red"}}, "application/merge-patch+json")


def test_server_side_apply_replaces_what_it_has_applied_and_what_was_defaulted(server: Server) -> None:
    bare = resource({})
    server.delete(bare)
    path = f"/apis/microservice-operator.dev/v1alpha1/namespaces/{server.namespace}/microservices/order"
    assert "ports" not in server.apply(path, bare)["spec"]
    grpc = {"name": "grpc", "containerPort": 9090, "servicePort": 80, "protocol": "TCP"}
    assert server.apply(path, resource({"ports": [grpc]}))["spec"]["ports"] == [grpc]
    web = {**grpc, "name": "web"}
    assert server.apply(path, resource({"ports": [web]}))["spec"]["ports"] == [web]
    # a worker: if this empty list were dropped, the default port would return
    assert server.apply(path, resource({"ports": []}))["spec"]["ports"] == []
    assert server.apply(path, resource({"ports": [web]}))["spec"]["ports"] == [web]
    assert "ports" not in server.apply(path, bare)["spec"]
    server.delete(bare)


def test_scale(server: Server, stored: Create, kubectl: Callable[..., str]) -> None:
    body = resource({"replicas": 2})
    stored(body)
    kubectl("scale", "msvc/order", "--replicas=4")
    assert server.read(body)["spec"]["replicas"] == 4
    assert server.read(body, "/scale")["spec"]["replicas"] == 4


def test_columns(stored: Create, kubectl: Callable[..., str]) -> None:
    stored(resource({}))
    head = kubectl("get", "msvc", "order").splitlines()[0].split()
    assert head == ["NAME", "READY", "REASON", "REPLICAS", "URL", "AGE"]
    wide = kubectl("get", "msvc", "order", "-o", "wide").splitlines()[0].split()
    assert wide == [*head, "IMAGE", "ENVIRONMENT"]


@pytest.mark.parametrize(
    "path", ["msvc.spec", "msvc.spec.databases", "msvc.spec.tables", "msvc.status", "environment.spec"]
)
def test_explain_has_words_for_every_field(kubectl: Callable[..., str], path: str) -> None:
    assert "<no description>" not in kubectl("explain", path)


def test_the_base_can_be_applied(kubectl: Callable[..., str]) -> None:
    base = str(REPOSITORY / "manifests" / "base")
    kubectl("apply", "--server-side", "--force-conflicts", "-k", base)
    assert "unchanged" not in kubectl("diff", "--server-side", "--force-conflicts", "-k", base)


def test_the_operators_pod_is_allowed_under_restricted(server: Server, kubectl: Callable[..., str]) -> None:
    kubectl("apply", "--server-side", "--force-conflicts", "-k", str(REPOSITORY / "manifests" / "base"))
    namespace = "microservice-operator-system"
    deployment = server.request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments/microservice-operator")
    pod = {"apiVersion": "v1", "kind": "Pod", **deployment["spec"]["template"]}
    pod["metadata"] = {"name": "trial", "labels": pod["metadata"]["labels"]}
    server.request("POST", f"/api/v1/namespaces/{namespace}/pods", pod, dry_run=True)
