"""Properties of every child of every golden case."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

import microservice_operator.desired
from microservice_operator import names
from microservice_operator.api.tags import tag_labels
from microservice_operator.desired import Child, children
from microservice_operator.desired.hashing import hashed
from tests.golden.cases import UID, Case, cases
from tests.unit.desired.builders import context
from tests.unit.desired.restricted import assert_restricted, pods

ALL = [
    pytest.param(case, child, id=f"{case.name}-{child.kind}-{child.name}")
    for case in cases()
    for child in children(case.context)
    if child.body is not None
]
IMPURE = {"kopf", "kubernetes", "boto3", "botocore", "os", "time", "random", "secrets", "datetime", "asyncio", "uuid"}


@pytest.mark.parametrize(("case", "child"), ALL)
def test_carries_what_all_carry(case: Case, child: Child) -> None:
    assert child.body is not None
    metadata, service = child.body["metadata"], case.context.microservice
    assert (child.body["kind"], metadata["name"]) == (child.kind, child.name)
    assert metadata["namespace"] == service.namespace
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": "microservice-operator.dev/v1alpha1",
            "kind": "Microservice",
            "name": service.name,
            "uid": UID,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    labels = metadata["labels"]
    assert labels[names.LABEL_MANAGED_BY] == names.MANAGED_BY
    assert labels[names.LABEL_MICROSERVICE] == service.name
    assert labels.items() >= names.selector_labels(service.name).items()
    assert labels.items() >= tag_labels(service.spec.tags or {}).items()
    assert labels.get(names.LABEL_ENVIRONMENT) == (case.environment or {}).get("metadata", {}).get("name")
    assert hashed(child.body) == child.body


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()])
def test_pods_are_restricted(case: Case) -> None:
    for pod in pods(children(case.context)):
        assert_restricted(pod)


def _changed(*specs: dict[str, object]) -> set[str]:
    """Kinds whose hash differs between one spec and the next."""
    hashes = [
        {
            (c.kind, c.name): (c.body or {})["metadata"]["annotations"][names.ANNOTATION_HASH]
            for c in children(context(spec))
        }
        for spec in specs
    ]
    return {key[0] for a, b in pairwise(hashes) for key in a.keys() | b.keys() if a.get(key) != b.get(key)}


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"image": "registry.example/shop/order:9"}, {"Deployment"}),
        ({"replicas": 5}, {"Deployment"}),
        ({"env": [{"name": "A", "value": "b"}]}, {"Deployment"}),
        ({"service": {"type": "LoadBalancer"}}, {"Service", "NetworkPolicy"}),
        ({"access": {"from": [{"microservice": "web"}]}}, {"NetworkPolicy"}),
        ({"podDisruptionBudget": {"maxUnavailable": 2}}, {"PodDisruptionBudget"}),
    ],
)
def test_a_change_touches_no_other_child(change: dict[str, object], kinds: set[str]) -> None:
    assert _changed({}, change) == kinds


def test_builders_are_pure() -> None:
    for file in Path(microservice_operator.desired.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported = {(node.module or "").partition(".")[0]}
            else:
                continue
            assert not imported & IMPURE, f"{file.name} imports {imported & IMPURE}"
