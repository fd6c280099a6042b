"""What somebody else does to a child: ours is put right, what is not ours is left alone."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import CHILDREN

from . import install
from .api import MERGE, Body, until
from .conftest import SESSION
from .namespace import Namespace
from .stage import Stage

SPEC: dict[str, Any] = {
    "autoscaling": {"minReplicas": 2, "maxReplicas": 5},
    "metrics": {},
    "databases": [{"name": "orders", "migration": {"command": ["alembic", "upgrade", "head"]}}],
}
SCALE = "/apis/apps/v1/namespaces/{}/deployments/order/scale"


class Edit(NamedTuple):
    """A field that we manage, and what somebody makes of it."""

    kind: str
    patch: dict[str, Any]
    field: Callable[[Body], Any]


EDITS = [
    Edit("ServiceAccount", {"automountServiceAccountToken": True}, lambda o: o["automountServiceAccountToken"]),
    Edit("Service", {"spec": {"ports": [{"name": "http", "port": 81}]}}, lambda o: o["spec"]["ports"][0]["port"]),
    Edit("Deployment", {"spec": {"minReadySeconds": 0, "revisionHistoryLimit": 9}},
         lambda o: o["spec"]["revisionHistoryLimit"]),
    Edit("PodDisruptionBudget", {"spec": {"maxUnavailable": 2}}, lambda o: o["spec"]["maxUnavailable"]),
    Edit("HorizontalPodAutoscaler", {"spec": {"maxReplicas": 9}}, lambda o: o["spec"]["maxReplicas"]),
    Edit("NetworkPolicy", {"spec": {"policyTypes": ["Egress"]}}, lambda o: o["spec"]["policyTypes"]),
    Edit("Secret", {"data": {"host": "ZXZpbA=="}}, lambda o: o["data"]["host"]),
    Edit("ServiceMonitor", {"spec": {"endpoints": []}}, lambda o: o["spec"]["endpoints"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(stage: Stage) -> Namespace:
    """A namespace with one Microservice that has a child of every kind."""
    made = Namespace(stage.api, f"drift-{SESSION}")
    install.namespace(stage.api, made.name, install.LABELS)
    made.create("order", **SPEC)
    made.until_ready("order")
    assert {kind for kind, _ in made.children("order")} == set(CHILDREN)
    return made


def objects(shop: Namespace, kind: str) -> list[str]:
    """Names of the children of a kind."""
    return sorted(name for found, name in shop.children("order") if found == kind)


@pytest.mark.parametrize("kind", CHILDREN)
def test_a_deleted_child_comes_back(shop: Namespace, kind: str) -> None:
    for name in objects(shop, kind):
        before = shop.there(kind, name)
        shop.api.delete(CHILDREN[kind], shop.name, name)

        def back(name: str = name, uid: str = before["metadata"]["uid"]) -> bool:
            found = shop.child(kind, name)
            return found is not None and found["metadata"]["uid"] != uid

        until(back, f"{kind} {name} does not come back")
    shop.until_ready("order")


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.kind)
def test_an_edited_field_of_ours_is_put_right(shop: Namespace, edit: Edit) -> None:
    name = objects(shop, edit.kind)[0]
    before = edit.field(shop.there(edit.kind, name))
    edited = shop.api.merge(CHILDREN[edit.kind], (shop.name, name), edit.patch)
    assert edit.field(edited) != before
    until(lambda: edit.field(shop.there(edit.kind, name)) == before, f"{edit.kind} is not put right")
    shop.until_ready("order")


def ours(metadata: Body, field: str) -> Any:
    """What we set in a field of metadata: controllers add labels of their own."""
    if field == "ownerReferences":
        return metadata.get(field)
    return {k: v for k, v in metadata.get(field, {}).items() if k.startswith(("app.kubernetes.io/", names.GROUP))}


@pytest.mark.parametrize("kind", CHILDREN)
@pytest.mark.parametrize("field", ["ownerReferences", "labels", "annotations"])
def test_what_marks_a_child_as_ours_is_put_back(shop: Namespace, kind: str, field: str) -> None:
    if kind == "Job" and field != "ownerReferences":
        pytest.skip("a Job is made once and never written again")
    for name in objects(shop, kind):
        before = shop.there(kind, name)["metadata"]
        removed = None if field == "ownerReferences" else dict.fromkeys(before[field])
        shop.api.merge(CHILDREN[kind], (shop.name, name), {"metadata": {field: removed}})

        def back(name: str = name, before: Body = before) -> bool:
            now = shop.there(kind, name)["metadata"]
            assert now["uid"] == before["uid"]
            return bool(ours(now, field) == ours(before, field))

        until(back, f"{field} of {kind} {name} are not put back")
    shop.until_ready("order")


def test_what_others_add_stays_and_costs_nothing(stage: Stage, shop: Namespace) -> None:
    stage.until_quiet()
    mark = stage.audit.now()
    addition = {"metadata": {"labels": {"example.com/team": "a"}, "annotations": {"example.com/note": "b"}}}
    children = list(shop.children("order"))
    for kind, name in children:
        shop.api.merge(CHILDREN[kind], (shop.name, name), addition)
    shop.ask("order")
    for kind, name in children:
        found = shop.there(kind, name)["metadata"]
        assert (found["labels"]["example.com/team"], found["annotations"]["example.com/note"]) == ("a", "b")
    assert not stage.audit.to_children(mark, shop.name)


def test_a_rollout_restart_and_a_scale_are_not_undone_where_an_autoscaler_is(stage: Stage, shop: Namespace) -> None:
    restart = {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}}}}
    mark = stage.audit.now()
    shop.api.merge(CHILDREN["Deployment"], (shop.name, "order"), {"spec": restart})
    shop.api.request(
        "PATCH",
        SCALE.format(shop.name),
        {"spec": {"replicas": 4}},
        MERGE,
    )
    shop.ask("order")
    shop.until_ready("order")
    found = shop.there("Deployment", "order")["spec"]
    assert found["replicas"] == 4
    assert "kubectl.kubernetes.io/restartedAt" in found["template"]["metadata"]["annotations"]
    assert not stage.audit.to_children(mark, shop.name)
