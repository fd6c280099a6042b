"""`--namespace`: rights in the named namespaces suffice; the operator reads no other namespace."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservice_operator.cluster.kinds import Kind
from tests.conftest import REPOSITORY
from tests.tools.cluster import Cluster

from . import install
from .audit import Audit
from .namespace import Namespace
from .process import OperatorProcess
from .stage import Stage

ACCOUNT = "namespaced"
OTHERS = {"", install.OPERATOR_NAMESPACE, "kube-system", install.ADMIN_SECRET["namespace"]}


def overlay(namespace: str) -> list[dict[str, Any]]:
    """What manifests/namespaced adds to the base, for this namespace and the test's ServiceAccount."""
    command = ["kubectl", "kustomize", str(REPOSITORY / "manifests" / "namespaced")]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rights = [each for each in yaml.safe_load_all(built) if "rbac" in each["apiVersion"]]
    assert not [
        each
        for each in rights
        if each["kind"] == "ClusterRoleBinding" and each["roleRef"]["name"] == "microservice-operator"
    ]
    mine = [each for each in rights if each["metadata"].get("namespace") == "shop" or "namespaced" in json.dumps(each)]
    text = json.dumps(mine).replace('"shop"', json.dumps(namespace))
    found: list[dict[str, Any]] = json.loads(text)
    for each in found:
        for subject in each.get("subjects", []):
            subject["name"] = ACCOUNT
    return found


@pytest.fixture
def narrow(stage: Stage, api_server: Cluster, namespace: Namespace, tmp_path: Path) -> Iterator[OperatorProcess]:
    """An operator instead of the stage's, with only the rights of the overlay."""
    account = {"metadata": {"name": ACCOUNT, "namespace": install.OPERATOR_NAMESPACE}}
    stage.api.apply(install.SERVICE_ACCOUNT, account)
    for each in overlay(namespace.name):
        kinds = {
            "ClusterRole": install.CLUSTER_ROLE,
            "ClusterRoleBinding": install.BINDING,
            "RoleBinding": install.ROLE_BINDING,
        }
        stage.api.apply(kinds[each["kind"]], each)
    metadata = {"name": ACCOUNT, "namespace": install.ADMIN_SECRET["namespace"]}
    admin = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": [install.ADMIN_SECRET["name"]],
        "verbs": ["get"],
    }
    subject = {"kind": "ServiceAccount", **account["metadata"]}
    stage.api.apply(install.ROLE, {"metadata": metadata, "rules": [admin]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT}
    stage.api.apply(install.ROLE_BINDING, {"metadata": metadata, "roleRef": reference, "subjects": [subject]})
    own = {"name": ACCOUNT, "namespace": install.OPERATOR_NAMESPACE}
    leases = {**reference, "name": install.role()["metadata"]["name"]}
    stage.api.apply(install.ROLE_BINDING, {"metadata": own, "roleRef": leases, "subjects": [subject]})
    kubeconfig = install.operator_kubeconfig(stage.api, api_server.kubeconfig, tmp_path / "kubeconfig", ACCOUNT)
    operator = OperatorProcess(kubeconfig, stage.operator.aws, tmp_path, "namespaced", "--namespace", namespace.name)
    assert stage.operator.terminate() == 0
    yield operator
    if operator.running:
        operator.kill()
    stage.operator.start()


def test_rights_in_its_namespaces_suffice(stage: Stage, namespace: Namespace, narrow: OperatorProcess) -> None:
    elsewhere = Namespace(stage.api, f"{namespace.name}-not"[:60].strip("-"))
    install.namespace(stage.api, elsewhere.name, install.LABELS)
    for number in range(3):
        elsewhere.create(f"foreign-{number}")
    audit = Audit(stage.audit.log, f"system:serviceaccount:{install.OPERATOR_NAMESPACE}:{ACCOUNT}")
    mark = audit.now()

    narrow.start()  # waits until it is ready, whatever is elsewhere
    tables = [{"name": "products", "partitionKey": {"name": "id"}}]
    namespace.create("hello", tables=tables, databases=[{"name": "orders"}])
    namespace.until_ready("hello")
    namespace.api.delete(Kind("Deployment", "apps/v1", "deployments"), namespace.name, "hello")
    namespace.until_ready("hello")
    namespace.change("hello", replicas=3)
    namespace.until_ready("hello")
    namespace.delete("hello")
    namespace.until_gone("hello")
    assert narrow.terminate() == 0

    requests = list(audit.requests(mark))
    assert [str(r) for r in requests if not r.allowed] == []
    assert {r.namespace for r in requests} <= {namespace.name, *OTHERS}
    looked_at = [elsewhere.read(f"foreign-{number}").get("status", {}).get("observedGeneration") for number in range(3)]
    assert looked_at == [-1, -1, -1]  # as the schema has it: no operator has written it
    elsewhere.remove()
