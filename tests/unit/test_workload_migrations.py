"""Migrations run one at a time; none is killed; a failed one runs again after a change, a finished one does not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.pod_cache import Pods
from microservice_operator.desired import children as desired_children
from microservice_operator.desired.context import Context, Migration
from microservice_operator.facts import Part, Reason, State
from microservice_operator.workload import (
    Snapshot,
    current_parts,
    kept,
    mended_migrations,
    migrations,
    unfinished_migrations,
)
from tests.unit.desired.builders import CONNECTION, DATABASE, MIGRATING, context, job_name, one
from tests.unit.support.workloads import JUST_NOW, LONG_AGO, NOW, Object, condition
from tests.unit.support.workloads import pod as service_pod

SPEC: dict[str, Any] = {"databases": [MIGRATING]}
OURS, FORMER = "uid-1", "uid-0"
OWN, OTHER = job_name(context(SPEC)), "order-migrate-00000000"
STATUS: dict[str, Object] = {
    "Running": {"active": 1, "startTime": LONG_AGO},
    "Suspended": {"conditions": [condition("Suspended", "True")]},
    "Ending": {"conditions": [condition("FailureTarget", "True")], "terminating": 1},
    "Done": {"conditions": [condition("Complete", "True")]},
    "Failed": {"conditions": [condition("Failed", "True")]},
}


def job(name: str, phase: str, *, uid: str = OURS, version: int = 1, deleting: bool = False, mark: str = "") -> Object:
    """A Job as a watch shows it."""
    metadata: Object = {
        "namespace": "shop",
        "name": name,
        "uid": f"{name}-{uid}",
        "resourceVersion": str(version),
        "labels": {"microservice-operator.dev/microservice": "order"},
        "annotations": {"microservice-operator.dev/desired-hash": mark},
        "ownerReferences": [{"uid": uid, "controller": True, "kind": "Microservice", "name": "order"}],
    }
    if deleting:
        metadata["deletionTimestamp"] = LONG_AGO
    return {"metadata": metadata, "spec": {}, "status": STATUS[phase]}


def pod(of: str, phase: str = "Running", **metadata: Any) -> Object:
    """A pod of a migration Job."""
    labels = {"microservice-operator.dev/migration": "order", "batch.kubernetes.io/job-name": of}
    return service_pod(name=f"{of}-1", phase=phase, labels=labels, metadata=metadata)


def snapshot(
    jobs: Sequence[Object], pods: Sequence[Object] = (), others: Sequence[tuple[str, Object]] = ()
) -> Snapshot:
    """What the watches know."""
    children, seen = Children(lambda _: None), Pods(lambda _: None)
    for kind, item in (*(("Job", item) for item in jobs), *others):
        children.saw(kind, item)
    for item in pods:
        seen.saw(item)
    return Snapshot.of(children, seen, context({}).microservice.identity, NOW)


def with_facts(of: Context, seen: Snapshot) -> Context:
    """The context of a reconciliation that observes this."""
    return replace(of, migrations=migrations(seen), migrating=unfinished_migrations(seen))


WAITS = f"is waiting for migration Job {OTHER}, which ends at its timeout or when it is deleted"


@dataclass(frozen=True)
class Case:
    """The observed objects, why the desired Job is held, and its reported state."""

    jobs: tuple[Object, ...] = ()
    pods: tuple[Object, ...] = ()
    held: str = ""
    counts: Migration | None = None


CASES: dict[str, Case] = {
    "nothing": Case(),
    "another one runs": Case((job(OTHER, "Running"),), held=WAITS),
    "another one is suspended": Case((job(OTHER, "Suspended"),), held=WAITS),
    "another one is failing, its pod is still ending": Case((job(OTHER, "Ending"),), held=WAITS),
    "another one is being deleted": Case((job(OTHER, "Running", deleting=True),), held=WAITS),
    "another one was deleted, its pod is still there": Case((), (pod(OTHER),), held=WAITS),
    "another one was deleted, its pod is ending": Case((), (pod(OTHER, deletionTimestamp=LONG_AGO),), held=WAITS),
    "another one was deleted, its pod waits for an image": Case((), (pod(OTHER, "Pending"),), held=WAITS),
    "another one has failed, its pod is there": Case((job(OTHER, "Failed"),), (pod(OTHER),), held=WAITS),
    "another one was deleted, its pod has ended": Case((), (pod(OTHER, "Failed"), pod(OTHER, "Succeeded"))),
    "another one has failed": Case((job(OTHER, "Failed"),)),
    "another one is done": Case((job(OTHER, "Done"),)),
    "that of a former Microservice runs": Case((job(OTHER, "Running", uid=FORMER),), held=WAITS),
    "that of a former Microservice is done": Case((job(OTHER, "Done", uid=FORMER),)),
    "it runs": Case((job(OWN, "Running"),), (pod(OWN),), counts=Migration.RUNNING),
    "it runs beside another one, as before this version": Case(
        (job(OWN, "Running"), job(OTHER, "Running")), counts=Migration.RUNNING
    ),
    "it is done": Case((job(OWN, "Done"),), counts=Migration.DONE),
    "it has failed": Case((job(OWN, "Failed"),), counts=Migration.FAILED),
    "it is done and being deleted": Case((job(OWN, "Done", deleting=True),)),
    "it was deleted, its pod is still there": Case((), (pod(OWN),), held="is waiting until the pod of the earlier Job"),
    "its namesake of a former Microservice is done": Case((job(OWN, "Done", uid=FORMER),)),
    "its namesake of a former Microservice runs": Case(
        (job(OWN, "Running", uid=FORMER),), held="is waiting until the pod of the earlier Job"
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_two_never_run_at_once(case: str) -> None:
    row = CASES[case]
    seen = snapshot(row.jobs, row.pods)
    of = with_facts(context(SPEC, connections={"orders": CONNECTION}), seen)
    made = one(of, "Job", OWN)
    assert row.held in made.held
    assert bool(made.held) == bool(row.held)
    assert of.migrations.get(OWN) == row.counts
    deployment = one(of, "Deployment")
    assert bool(deployment.held) == (row.counts is not Migration.DONE)


@pytest.mark.parametrize("of", [OWN, OTHER])
@pytest.mark.parametrize("since", [LONG_AGO, JUST_NOW], ids=["long ago", "just now"])
def test_a_pod_that_does_not_end_is_told_with_the_way_out(of: str, since: str) -> None:
    seen = snapshot([], [pod(of, deletionTimestamp=since)])
    held = one(with_facts(context(SPEC, connections={"orders": CONNECTION}), seen), "Job", OWN).held
    part = Part("Kubernetes", "Job", OWN, State.PROGRESSING, Reason.PROGRESSING, held)
    (told,) = current_parts(seen, [part], [])
    way_out = f"run kubectl delete pod --force -l batch.kubernetes.io/job-name={of}"
    assert (way_out in told.message) == (since == LONG_AGO)
    assert told.reason is Reason.MIGRATION_RUNNING
    assert told.after, "nobody tells when its time is over"


@pytest.mark.parametrize("spec", [SPEC, {"databases": [DATABASE]}, {}], ids=["declared", "no longer", "no database"])
def test_what_is_at_work_is_not_pruned_nor_what_it_may_use(spec: dict[str, Any]) -> None:
    named = {"namespace": "shop", "uid": "u", "labels": {"microservice-operator.dev/microservice": "order"}}
    others = [
        (kind, {"metadata": {**named, "name": name}, "spec": {}})
        for kind, name in (("Secret", "order-orders-database-owner"), ("NetworkPolicy", "order.migration"))
    ]
    service = context(spec).microservice
    running = kept(snapshot([job(OTHER, "Running")], others=others), service)
    assert running == {("Job", OTHER), *((kind, item["metadata"]["name"]) for kind, item in others)}
    ending = kept(snapshot([], [pod(OTHER)], others), service)
    assert ending == running
    assert kept(snapshot([job(OTHER, "Failed")], [pod(OTHER, "Failed")], others), service) == set()


def test_the_latest_that_are_done_are_kept_while_migrations_are_declared() -> None:
    jobs = [job(f"order-migrate-{number:08}", "Done", version=number) for number in range(1, 15)]
    former = [job("order-migrate-99999999", "Done", version=99, uid=FORMER)]
    seen = snapshot(jobs + former)
    assert kept(seen, context(SPEC).microservice) == {("Job", f"order-migrate-{number:08}") for number in range(5, 15)}
    assert kept(seen, context({}).microservice) == set()


BEFORE: dict[str, Any] = {"image": "registry.example/order:1", **SPEC}


def migrating(**fields: Any) -> dict[str, Any]:
    """A spec whose migration has other fields."""
    return {"databases": [{**MIGRATING, "migration": {**MIGRATING["migration"], **fields}}]}


# Each part of the template: what changes, and whether a migration that has succeeded is run again for it.
CHANGES: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing": ({}, False),
    "image": ({"image": "registry.example/order:2"}, True),
    "command": (migrating(command=["alembic", "upgrade", "+1"]), True),
    "args": (migrating(args=["--sql"]), True),
    "timeout": (migrating(timeout="20m"), False),
    "env": ({"env": [{"name": "SCHEMA_MODE", "value": "expand"}]}, False),
    "envFrom": ({"envFrom": [{"configMapRef": {"name": "settings"}}]}, False),
    "resources": ({"resources": {"limits": {"memory": "1Gi"}}}, False),
    "imagePullSecrets": ({"imagePullSecrets": [{"name": "registry"}]}, False),
    "imagePullPolicy": ({"imagePullPolicy": "Always"}, False),
    "securityContext": ({"securityContext": {"readOnlyRootFilesystem": False}}, False),
    "podSecurityContext": ({"podSecurityContext": {"runAsUser": 1000}}, False),
    "nodeSelector": ({"nodeSelector": {"pool": "db"}}, False),
    "tolerations": ({"tolerations": [{"operator": "Exists"}]}, False),
    "affinity": ({"affinity": {"nodeAffinity": {}}}, False),
    "priorityClassName": ({"priorityClassName": "high"}, False),
    "secretName": ({"databases": [{**MIGRATING, "connection": {"envPrefix": "PG"}}]}, False),
    "replicas, which is no part of it": ({"replicas": 5}, False),
}
NO_PART = ("nothing", "replicas, which is no part of it")


@pytest.mark.parametrize("change", CHANGES)
def test_what_runs_a_migration_again(change: str) -> None:
    before = context(BEFORE, connections={"orders": CONNECTION})
    after = context({**BEFORE, **CHANGES[change][0]}, connections={"orders": CONNECTION})
    name = job_name(before)
    mark = (one(before, "Job", name).body or {})["metadata"]["annotations"]["microservice-operator.dev/desired-hash"]

    done = snapshot([job(name, "Done", mark=mark)])
    renamed = job_name(after) != name
    assert not mended_migrations(done, desired_children(with_facts(after, done)))
    assert renamed == CHANGES[change][1]

    failed = snapshot([job(name, "Failed", mark=mark)])
    mended = mended_migrations(failed, desired_children(with_facts(after, failed)))
    assert (renamed or mended == {("Job", name)}) == (change not in NO_PART)

    running = snapshot([job(name, "Running", mark=mark)])
    assert not mended_migrations(running, desired_children(with_facts(after, running))), "it is left to end"


def test_an_image_by_digest_is_the_same_from_whichever_registry() -> None:
    digest = "sha256:" + "a1" * 32
    one_registry = context({**SPEC, "image": f"registry.example/order:1@{digest}"})
    mirror = context({**SPEC, "image": f"mirror.example/order@{digest}"})
    assert job_name(one_registry) == job_name(mirror)
    assert job_name(context({**SPEC, "image": "mirror.example/order:1"})) != job_name(
        context({**SPEC, "image": "order:1"})
    )


def test_a_pod_that_ends_enqueues_its_microservice() -> None:
    asked: list[tuple[str, str]] = []
    pods = Pods(asked.append)
    pods.saw(pod(OTHER))
    assert asked
    asked.clear()
    pods.saw(pod(OTHER))
    assert not asked
    assert pods.migrating(("shop", "order")) == {OTHER}
    pods.saw(pod(OTHER, "Succeeded"))
    assert asked
    assert pods.migrating(("shop", "order")) == set()
