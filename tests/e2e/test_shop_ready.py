"""The shop becomes ready, and Pod Security `restricted` allows everything that runs."""

import json

import pytest

from tests.tools.demo.errors import DemoError
from tests.tools.demo.kubectl import Kubectl, Object

from .place import Place
from .stage import SHOP, SUPPORT, SYSTEM, Stage

NAMESPACES = (SHOP, SYSTEM, SUPPORT)


def test_kubectl_shows_a_ready_row_for_each(shop: Place) -> None:
    header, *rows = (line.split() for line in shop.kubectl("get", "msvc", shop.where).splitlines())
    assert header == ["NAME", "READY", "REASON", "REPLICAS", "URL", "AGE"]
    assert [row[:5] for row in rows] == [
        [name, "True", "Ready", replicas, f"http://{name}.shop.svc"]
        for name, replicas in (("gateway", "1"), ("order", "2"), ("product", "2"), ("user", "2"))
    ]


def test_wide_columns_name_image_and_environment(stage: Stage, shop: Place) -> None:
    header, *rows = (line.split() for line in shop.kubectl("get", "msvc", shop.where, "--output=wide").splitlines())
    assert header == ["NAME", "READY", "REASON", "REPLICAS", "URL", "AGE", "IMAGE", "ENVIRONMENT"]
    wanted = [[stage.images[name].ref, "local"] for name in ("gateway", "order", "product", "user")]
    assert [row[6:] for row in rows] == wanted


def test_kubectl_wait_understands_the_conditions(shop: Place) -> None:
    shop.kubectl("wait", "--for=condition=Ready", "msvc", "--all", shop.where, "--timeout=60s")


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_namespace_enforces_restricted(stage: Stage, namespace: str) -> None:
    (found,) = stage.kubectl.listed("namespace", namespace)
    assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_pod_template_is_admitted_as_a_pod(stage: Stage, namespace: str) -> None:
    """Pod Security refuses pods, never Deployments, so each template is tried as a Pod."""
    workloads = stage.kubectl.listed("deployments,statefulsets,jobs", f"--namespace={namespace}")
    assert workloads
    for item in workloads:
        name = f"{item['kind'].lower()}-{item['metadata']['name']}"[:60]
        _admit(stage.kubectl, namespace, name, item["spec"]["template"]["spec"])


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_privileged_pod_is_refused_there(stage: Stage, namespace: str) -> None:
    container = {"name": "root", "image": "any", "securityContext": {"privileged": True}}
    with pytest.raises(DemoError, match='violates PodSecurity "restricted'):
        _admit(stage.kubectl, namespace, "privileged", {"containers": [container]})


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_no_pod_has_a_token_that_it_does_not_need(stage: Stage, namespace: str) -> None:
    for pod in stage.kubectl.listed("pods", f"--namespace={namespace}"):
        needs = pod["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "microservice-operator"
        assert pod["spec"].get("automountServiceAccountToken", True) is needs, pod["metadata"]["name"]


def _admit(kubectl: Kubectl, namespace: str, name: str, spec: Object) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod))
