"""The kustomize base: the operator's rights, and no object that gives it or its users more."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservice_operator.cluster.kinds import CHILDREN
from microservice_operator.desired.network_egress import HTTP
from microservice_operator.desired.network_peers import POD_IDENTITY_AGENTS
from tests.conftest import REPOSITORY

Base = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def base() -> Base:
    """Every object of the base, by kind and name."""
    command = [str(Path(sys.executable).parent / "kubectl"), "kustomize", str(REPOSITORY / "manifests" / "base")]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {(body["kind"], body["metadata"]["name"]): body for body in yaml.safe_load_all(text)}


def rights(role: dict[str, Any]) -> set[tuple[str, str, str]]:
    """A role as triples of group, resource and verb."""
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


# Every Microservice has these until it goes, and then the garbage collector takes them. Its Deployment goes first.
ALWAYS = ("ServiceAccount",)


def test_no_role_has_a_wildcard(base: Base) -> None:
    roles = [body for (kind, _), body in base.items() if kind == "ClusterRole"]
    assert len(roles) == 4
    for role in roles:
        assert not any("*" in right for right in rights(role))


def test_the_operator_lists_no_secrets_and_makes_no_rights(base: Base) -> None:
    granted = rights(base["ClusterRole", "microservice-operator"])
    assert {verb for _, resource, verb in granted if resource == "secrets"} == {"get", "create", "patch", "delete"}
    assert not {right for right in granted if right[0] == "rbac.authorization.k8s.io"}
    assert not {verb for _, _, verb in granted} & {"deletecollection", "escalate", "bind", "impersonate"}
    assert {verb for _, resource, verb in granted if resource == "environments"} == {"list", "watch"}


def test_the_operator_may_write_every_kind_of_child(base: Base) -> None:
    granted = rights(base["ClusterRole", "microservice-operator"])
    for kind in CHILDREN.values():
        group = kind.api_version.rpartition("/")[0]
        watched = set() if kind.kind == "Secret" else {"list", "watch"}
        verbs = {verb for at, resource, verb in granted if (at, resource) == (group, kind.plural)}
        pruned = set() if kind.kind in ALWAYS else {"delete"}
        assert verbs == {"get", "create", "patch"} | pruned | watched, kind


def test_editors_of_a_namespace_do_not_write_environments_or_status(
    base: Base,
) -> None:
    for name in ("microservice-operator-view", "microservice-operator-edit"):
        role = base["ClusterRole", name]
        assert any(label.startswith("rbac.authorization.k8s.io/aggregate-to-") for label in role["metadata"]["labels"])
        written = {resource for _, resource, verb in rights(role) if verb not in ("get", "list", "watch")}
        assert written <= {"microservices", "microservices/scale"}


def test_two_replicas_of_which_one_stays_while_they_are_replaced_and_one_may_write_the_lease(base: Base) -> None:
    spec = base["Deployment", "microservice-operator"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert base["PodDisruptionBudget", "microservice-operator"]["spec"]["maxUnavailable"] == 1
    leases = {verb for _, resource, verb in rights(base["Role", "microservice-operator"]) if resource == "leases"}
    assert leases == {"get", "create", "update"}
    assert not [right for right in rights(base["ClusterRole", "microservice-operator"]) if "leases" in right]
    container = spec["template"]["spec"]["containers"][0]
    assert container["args"] == ["run"]
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_the_namespace_enforces_restricted(base: Base) -> None:
    labels = base["Namespace", "microservice-operator-system"]["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "warn", "audit")} == {"restricted"}


def test_the_operator_reaches_the_agent_that_its_aws_credentials_come_from(base: Base) -> None:
    """It needs the same access as the pods of services, and no other target on that port."""
    policy = base["NetworkPolicy", "microservice-operator"]["spec"]
    port = {"protocol": "TCP", "port": HTTP}
    rules = [rule for rule in policy["egress"] if port in rule["ports"]]
    assert [rule["ports"] for rule in rules] == [[port]]
    assert [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"]] == list(POD_IDENTITY_AGENTS)


def test_no_pod_may_read_the_operators_metrics(base: Base) -> None:
    """Prometheus may, with the component manifests/monitoring/operator."""
    policy = base["NetworkPolicy", "microservice-operator"]["spec"]
    assert "Ingress" in policy["policyTypes"]
    assert "ingress" not in policy, "the API server stores no empty list, so kubectl diff would show it"
