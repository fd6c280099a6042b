"""Manual changes of a child: the operator restores its own fields and leaves other fields unchanged."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import CHILDREN
from tests.unit.support.additions import POLICY, pod_patches

from . import install
from .api import MERGE, Body, until
from .conftest import SESSION
from .namespace import Namespace
from .stage import Stage

SPEC: dict[str, Any] = {
    "autoscaling": {"minReplicas": 2, "maxReplicas": 5},
    "metrics": {},
    "databases": [{"name": "orders", "migration": {"command": ["alembic", "upgrade", "head"]}}],
    "jobs": [{"name": "report", "schedule": "@yearly", "command": ["report"]}],
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
    Edit("CronJob", {"spec": {"schedule": "@daily"}}, lambda o: o["spec"]["schedule"]),
    Edit("ServiceMonitor", {"spec": {"endpoints": []}}, lambda o: o["spec"]["endpoints"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def shop(stage: Stage) -> Iterator[Namespace]:
    """A namespace with one Microservice that has a child of every kind."""
    made = Namespace(stage.api, f"drift-{SESSION}")
    install.namespace(stage.api, made.name, install.LABELS)
    made.create("order", **SPEC)
    made.until_ready("order")
    assert {kind for kind, _ in made.children("order")} == set(CHILDREN)
    yield made
    made.remove()


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

        until(back, f"{kind} {name} is not created again")
    shop.until_ready("order")


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.kind)
def test_an_edited_field_of_ours_is_put_right(shop: Namespace, edit: Edit) -> None:
    name = objects(shop, edit.kind)[0]
    before = edit.field(shop.there(edit.kind, name))
    edited = shop.api.merge(CHILDREN[edit.kind], (shop.name, name), edit.patch)
    assert edit.field(edited) != before
    until(lambda: edit.field(shop.there(edit.kind, name)) == before, f"the edit of {edit.kind} is not reverted")
    shop.until_ready("order")


def ours(metadata: Body, field: str) -> Any:
    """Our keys in a field of metadata, because controllers add labels."""
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

        until(back, f"{field} of {kind} {name} is not reverted")
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


def create_hardened(shop: Namespace, name: str) -> Namespace:
    """One more in it, with a container of each sort."""
    proxy = {"name": "proxy", "image": "registry.example/proxy:1"}
    shop.create(
        name,
        access={"from": [{"microservice": "order"}], "to": [{"host": "api.example.com", "ports": [443]}]},
        sidecars=[proxy],
        env=[{"name": "EMPTY", "value": ""}],
        volumes=[{"name": "files", "configMap": {"name": "files", "items": [{"key": "a", "path": "a"}]}}],
        volumeMounts=[{"name": "files", "mountPath": "/files"}],
    )
    shop.until_ready(name)
    return shop


@pytest.fixture(scope="module")
def hardened(shop: Namespace) -> Namespace:
    """With `hard`, which is edited so often that its Deployment is fought over for minutes."""
    return create_hardened(shop, "hard")


@pytest.fixture(scope="module")
def calm(shop: Namespace) -> Namespace:
    """With `calm`, which becomes Ready after each of its few edits."""
    return create_hardened(shop, "calm")


def by_hand(shop: Namespace, patch: Body) -> None:
    shop.api.patch(CHILDREN["Deployment"], (shop.name, "hard"), patch)


def by_apply(shop: Namespace, patch: Body) -> None:
    shop.api.apply(CHILDREN["Deployment"], {"metadata": {"name": "hard", "namespace": shop.name}, **patch})


@pytest.mark.parametrize("edit", [by_hand, by_apply])
@pytest.mark.parametrize("path", pod_patches())
def test_hardening_is_put_right(hardened: Namespace, path: str, edit: Callable[[Namespace, Body], None]) -> None:
    kind = CHILDREN["Deployment"]
    restart = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": path}}}
    hardened.api.merge(kind, (hardened.name, "hard"), {"spec": {"template": restart}})
    before = hardened.there("Deployment", "hard")["spec"]
    pod = json.loads(json.dumps(pod_patches()[path]).replace('"order"', '"hard"'))
    if edit is by_apply and "null" in json.dumps(pod):
        pytest.skip("an apply takes nothing out")
    edit(hardened, {"spec": {"template": {"spec": pod}}})
    until(
        lambda: hardened.there("Deployment", "hard")["spec"] == before,
        f"the edit of {path} is not reverted",
        show=lambda: hardened.there("Deployment", "hard")["spec"],
    )


def test_a_role_that_is_not_declared_is_taken_from_the_service_account(hardened: Namespace) -> None:
    kind = CHILDREN["ServiceAccount"]
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/deployer", "note": "of a person"}
    hardened.api.merge(kind, (hardened.name, "hard"), {"metadata": {"annotations": role}})

    def annotations() -> Body:
        found: Body = hardened.there("ServiceAccount", "hard")["metadata"]["annotations"]
        return found

    until(
        lambda: "eks.amazonaws.com/role-arn" not in annotations(),
        "the role annotation is not removed",
        show=annotations,
    )
    assert annotations()["note"] == "of a person"


def edit_policy(shop: Namespace, name: str, path: str) -> None:
    """Put the NetworkPolicy with an edit, and wait until the operator has reverted it."""
    before = shop.there("NetworkPolicy", name)["spec"]
    edited = shop.there("NetworkPolicy", name)
    POLICY[path](edited["spec"])
    edited["metadata"].pop("managedFields")
    shop.api.request("PUT", CHILDREN["NetworkPolicy"].path(shop.name, name) + "?fieldManager=somebody", edited)
    until(lambda: shop.there("NetworkPolicy", name)["spec"] == before, f"the edit of {path} is not reverted")


@pytest.mark.parametrize("path", POLICY)
def test_an_edit_of_a_network_policy_is_reverted(hardened: Namespace, path: str) -> None:
    edit_policy(hardened, "hard", path)


def test_a_field_that_leaves_the_spec_goes_also_after_repairs(calm: Namespace) -> None:
    edit_policy(calm, "calm", next(iter(POLICY)))
    calm.change("calm", access={"to": [{"host": "api.example.com", "ports": [444]}]})
    calm.change("calm", access=None)
    calm.until_ready("calm")
    policy = calm.there("NetworkPolicy", "calm")
    until(
        lambda: "443" not in str(calm.there("NetworkPolicy", "calm")["spec"]["egress"]),
        "the rule is not removed",
        show=lambda: calm.there("NetworkPolicy", "calm")["spec"],
    )
    ours = [entry for entry in policy["metadata"]["managedFields"] if entry["manager"] == names.FIELD_MANAGER]
    assert [entry["operation"] for entry in ours] == ["Apply"]


def test_one_field_left_to_no_other_manager_is_not_lost_to_a_second_field(calm: Namespace) -> None:
    """The API server refuses a budget with both fields, so the operator must remove the other one."""
    kind = CHILDREN["PodDisruptionBudget"]
    before = calm.there("PodDisruptionBudget", "calm")["spec"]
    theirs = {"spec": {"maxUnavailable": None, "minAvailable": 2}}
    calm.api.merge(kind, (calm.name, "calm"), theirs)
    until(
        lambda: calm.there("PodDisruptionBudget", "calm")["spec"] == before,
        "the edit of the PodDisruptionBudget is not reverted",
    )
    calm.until_ready("calm")


def test_a_foreign_scaler_is_reported_and_does_not_cause_endless_writes(stage: Stage, calm: Namespace) -> None:
    kind, mark = CHILDREN["Deployment"], stage.audit.now()

    def scaled_and_reported() -> bool:
        if calm.there("Deployment", "calm")["spec"]["replicas"] != 3:
            calm.api.merge(kind, (calm.name, "calm"), {"spec": {"replicas": 3}})
        return calm.conditions("calm").get("Stalled", {}).get("reason") == "Conflict"

    until(scaled_and_reported, "the condition Stalled does not report the conflict")
    message = calm.conditions("calm")["Stalled"]["message"]
    assert "spec.replicas" in message
    assert "replicasManagedBy" in message
    for _ in range(20):
        scaled_and_reported()
    writes = [w for w in stage.audit.to_children(mark, calm.name) if w.resource == "deployments"]
    assert len(writes) <= 6  # four repairs, and once or twice the upgrade of managed fields
    warnings = [e for e in calm.events("Conflict") if e["involvedObject"]["name"] == "calm"]
    assert len(warnings) == 1
    calm.change("calm", replicasManagedBy="External")
    calm.until_ready("calm")
    assert calm.there("Deployment", "calm")["spec"]["replicas"] == 3
