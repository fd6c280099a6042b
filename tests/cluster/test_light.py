"""The light cluster: a real API server with an audit log that refuses strangers and leaves nothing behind."""

import json
import os
import ssl
import urllib.error
import urllib.request

import pytest

from tests.tools.cluster import Cluster, down, up
from tests.tools.cluster.cluster import known
from tests.tools.cluster.processes import stop
from tests.tools.cluster.state import cluster_folder, read_state

from .conftest import Kubectl

pytestmark = pytest.mark.api


def test_up_of_a_running_cluster_changes_nothing(light: Cluster) -> None:
    before = read_state(light.name)
    assert up(light.name, light=True) == light
    assert read_state(light.name) == before


def test_controllers_work(light: Cluster, kubectl: Kubectl) -> None:
    kubectl(light.kubeconfig, "create", "namespace", "goes")
    kubectl(light.kubeconfig, "delete", "namespace", "goes", "--timeout=30s")
    assert "not found" in kubectl(light.kubeconfig, "get", "namespace", "goes")


def test_a_user_may_do_what_rbac_allows(light: Cluster, kubectl: Kubectl) -> None:
    ann = light.user_kubeconfig("ann", ["developers"])
    assert "forbidden" in kubectl(ann, "get", "pods")
    kubectl(light.kubeconfig, "create", "rolebinding", "developers", "--clusterrole=view", "--group=developers")
    assert "No resources found" in kubectl(ann, "get", "pods")
    assert "forbidden" in kubectl(ann, "get", "pods", "--namespace=kube-system")


def test_strangers_are_refused(light: Cluster) -> None:
    server = known(light.name).addresses.server
    trusting = ssl.create_default_context(cafile=str(cluster_folder(light.name) / "pki" / "ca.crt"))
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(f"{server}/api/v1/namespaces", context=trusting)
    refused.value.close()


def test_every_request_is_in_the_audit_log(light: Cluster, kubectl: Kubectl) -> None:
    kubectl(light.kubeconfig, "create", "configmap", "seen-by-the-audit")
    entries = [json.loads(line) for line in light.audit_log.read_text().splitlines()]
    seen = [entry for entry in entries if entry.get("objectRef", {}).get("name") == "seen-by-the-audit"]
    assert [(entry["verb"], entry["stage"], entry["user"]["username"]) for entry in seen] == [
        ("create", "ResponseComplete", "kubernetes-admin")
    ]


def test_pod_security_follows_the_labels_of_the_namespace(light: Cluster, kubectl: Kubectl) -> None:
    kubectl(light.kubeconfig, "create", "namespace", "strict")
    kubectl(light.kubeconfig, "label", "namespace", "strict", "pod-security.kubernetes.io/enforce=restricted")
    refused = kubectl(light.kubeconfig, "run", "loose", "--image=none", "--namespace=strict")
    assert 'violates PodSecurity "restricted' in refused


def test_down_leaves_nothing() -> None:
    name = f"pytest-down-{os.getpid()}"
    up(name, light=True)
    processes = known(name).processes
    assert down(name)
    assert not any(member.alive() for member in processes)
    assert not cluster_folder(name).exists()
    assert not down(name)


def test_up_makes_a_broken_cluster_anew() -> None:
    name = f"pytest-broken-{os.getpid()}"
    up(name, light=True)
    try:
        broken = known(name).processes
        stop([member for member in broken if member.role == "kube-apiserver"], grace=0)
        up(name, light=True)
        assert not any(member.alive() for member in broken)
        assert known(name).running()
    finally:
        down(name)


def test_fake_nodes_run_pods(kubectl: Kubectl) -> None:
    name = f"pytest-kwok-{os.getpid()}"
    config = up(name, light=True, kwok_nodes=3).kubeconfig
    try:
        kubectl(config, "create", "deployment", "many", "--image=none", "--replicas=30")
        said = kubectl(config, "rollout", "status", "deployment/many", "--timeout=60s")
        assert "successfully rolled out" in said
    finally:
        down(name)
