"""An admission policy changes a child: the operator reports it, does not fight it, and claims no repair."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from microservice_operator.cluster.kinds import Kind

from .api import until
from .namespace import Namespace
from .stage import Stage

GROUP = "admissionregistration.k8s.io/v1"
POLICY = Kind("MutatingAdmissionPolicy", GROUP, "mutatingadmissionpolicies", namespaced=False)
BINDING = Kind("MutatingAdmissionPolicyBinding", GROUP, "mutatingadmissionpolicybindings", namespaced=False)


@pytest.fixture
def nine_revisions(stage: Stage, namespace: Namespace) -> Iterator[Namespace]:
    """A namespace with a policy that sets nine revisions in each Deployment."""
    name = namespace.name
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    here = {"matchLabels": {"kubernetes.io/metadata.name": name}}
    change = {"expression": "Object{spec: Object.spec{revisionHistoryLimit: 9}}"}
    spec: dict[str, Any] = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": change}],
    }
    stage.api.create(POLICY, {"metadata": {"name": name}, "spec": spec})
    stage.api.create(BINDING, {"metadata": {"name": name}, "spec": {"policyName": name}})

    def works() -> bool:
        """It takes the API server a moment to know the policy."""
        pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        probe = {"selector": {"matchLabels": {"a": "b"}}, "template": pod, "replicas": 0}
        path = f"/apis/apps/v1/namespaces/{name}/deployments?dryRun=All"
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "probe"}, "spec": probe}
        return bool(stage.api.request("POST", path, body)["spec"]["revisionHistoryLimit"] == 9)

    until(works, "the admission policy does not take effect")
    yield namespace
    stage.api.delete(BINDING, "", name)
    stage.api.delete(POLICY, "", name)


def test_a_policy_is_reported_and_not_fought(stage: Stage, nine_revisions: Namespace) -> None:
    nine_revisions.create("order")
    nine_revisions.until_ready("order")
    said = "such as an admission policy, changes spec.revisionHistoryLimit from its declared value"
    resources = nine_revisions.read("order")["status"]["resources"]
    assert said in next(r for r in resources if r["kind"] == "Deployment")["message"]
    assert [said in event["message"] for event in nine_revisions.events("Overridden")] == [True]
    stage.until_quiet()
    mark = stage.audit.now()
    nine_revisions.ask("order")
    assert not stage.audit.to_children(mark, nine_revisions.name)
    assert not nine_revisions.events("Updated")
    assert said in json.dumps(nine_revisions.read("order")["status"]["resources"])
