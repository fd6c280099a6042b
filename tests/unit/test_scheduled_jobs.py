"""The last result of a scheduled job: which run counts, what is remembered, and when it is told."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.cluster.child_cache import Children
from microservice_operator.cluster.pod_cache import Pods
from microservice_operator.facts import Facts, JobResult, Part, Reason, State
from microservice_operator.scheduled_jobs import job_results, with_results
from microservice_operator.status import summarise, turn
from microservice_operator.workload import Snapshot, kept, migrations, unfinished_migrations, workload
from tests.unit.desired.builders import context
from tests.unit.support.workloads import NOW, Object, ago, condition
from tests.unit.support.workloads import pod as service_pod

SERVICE = context({"jobs": [{"name": "cleanup", "schedule": "@daily", "command": ["clean"]}]}).microservice
LABELS = {"microservice-operator.dev/microservice": "order", "microservice-operator.dev/job": "cleanup"}
LOG = "read kubectl logs -l microservice-operator.dev/microservice=order,microservice-operator.dev/job=cleanup"
NAME, OURS, UID = "order-cleanup", "uid-1", "cron-1"
OLD, MIDDLE, NEW = ago(3000), ago(2000), ago(1000)
RUNNING: Object = {"active": 1, "startTime": OLD}


def done(at: str) -> Object:
    return {"completionTime": at, "conditions": [condition("Complete", "True", since=at)]}


def failed(at: str, reason: str = "BackoffLimitExceeded") -> Object:
    return {"conditions": [condition("Failed", "True", reason, since=at)]}


def item(name: str, uid: str, owner: tuple[str, str, str], status: Object) -> Object:
    kind, owner_name, owner_uid = owner
    owners = [{"uid": owner_uid, "controller": True, "kind": kind, "name": owner_name}]
    metadata = {"namespace": "shop", "name": name, "uid": uid, "labels": LABELS, "ownerReferences": owners}
    return {"metadata": metadata, "spec": {}, "status": status}


def cron_job(owner: str = OURS, **status: Any) -> tuple[str, Object]:
    return "CronJob", item(NAME, UID, ("Microservice", "order", owner), status)


def run(name: str, status: Object, owner: str = UID) -> tuple[str, Object]:
    return "Job", item(name, f"uid-of-{name}", ("CronJob", NAME, owner), status)


def pod(of: str, phase: str = "Failed", **more: Any) -> Object:
    labels = {**LABELS, "batch.kubernetes.io/job-name": of}
    return service_pod(name=f"{of}-1", phase=phase, labels=labels, **more)


def ended(code: int) -> Object:
    return {"name": "order", "state": {"terminated": {"exitCode": code, "reason": "Error"}}}


def snapshot(objects: Sequence[tuple[str, Object]], pods: Sequence[Object] = ()) -> Snapshot:
    children, seen = Children(lambda _: None), Pods(lambda _: None)
    for kind, each in objects:
        children.saw(kind, each)
    for each in pods:
        seen.saw(each)
    return Snapshot.of(children, seen, SERVICE.identity, NOW)


def result(of: Snapshot, before: Object | None = None) -> JobResult | None:
    results = job_results(of, SERVICE, before)
    assert results is not None
    return next(iter(results), None)


SUCCEEDED, FAILED = JobResult("cleanup", True, NEW), JobResult("cleanup", False, NEW, "")
CASES: dict[str, tuple[list[tuple[str, Object]], JobResult | None, str]] = {
    "nothing has run": ([cron_job()], None, ""),
    "the first run has not ended": ([cron_job(), run("a", RUNNING)], None, ""),
    "one succeeded": ([cron_job(), run("a", done(NEW))], SUCCEEDED, ""),
    "one failed": ([cron_job(), run("a", failed(NEW))], FAILED, "failed in every attempt"),
    "one took too long": (
        [cron_job(), run("a", failed(NEW, "DeadlineExceeded"))],
        FAILED,
        "took longer than its activeDeadlineSeconds",
    ),
    "a failed one before a good one": ([cron_job(), run("a", failed(OLD)), run("b", done(NEW))], SUCCEEDED, ""),
    "a good one before a failed one": ([cron_job(), run("a", done(OLD)), run("b", failed(NEW))], FAILED, "failed"),
    "the next one runs": ([cron_job(), run("a", failed(NEW)), run("b", RUNNING)], FAILED, "failed"),
    "only the CronJob knows, because it keeps no Jobs": ([cron_job(lastSuccessfulTime=NEW)], SUCCEEDED, ""),
    "the CronJob knows of an earlier one": (
        [cron_job(lastSuccessfulTime=OLD), run("a", failed(NEW))],
        FAILED,
        "failed",
    ),
    "of a former CronJob of this name": ([cron_job(), run("a", failed(NEW), owner="cron-0")], None, ""),
    "of a CronJob of a former Microservice": ([cron_job("uid-0"), run("a", failed(NEW))], None, ""),
    "the CronJob is gone": ([run("a", failed(NEW))], None, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_the_run_that_ended_last_counts(case: str) -> None:
    objects, expected, why = CASES[case]
    found = result(snapshot(objects))
    message = f"the last run of job cleanup {why}" if why else ""
    assert (found and replace(found, message="")) == (expected and replace(expected, message=""))
    assert found is None or found.message.startswith(message)
    assert not why or (found and found.message.endswith(f"; {LOG}"))


def test_the_message_says_how_a_container_ended() -> None:
    pods = [pod("a", containers=[ended(3)]), pod("b", containers=[ended(4)])]
    found = result(snapshot([cron_job(), run("a", failed(NEW)), run("b", failed(OLD))], pods))
    assert found
    assert "failed in every attempt (container order exits with code 3); " in found.message


def remembered(at: str, how: str = "Failed", message: str = "as before") -> Object:
    return {"jobs": [{"name": "cleanup", "lastResult": how, "lastEndedAt": at, "message": message}]}


@pytest.mark.parametrize(
    ("before", "objects", "message"),
    [
        pytest.param(MIDDLE, [cron_job()], "as before", id="its Job is deleted"),
        pytest.param(MIDDLE, [cron_job(), run("a", done(OLD))], "as before", id="an older Job is left"),
        pytest.param(MIDDLE, [cron_job(), run("a", failed(MIDDLE))], "as before", id="the same run"),
        pytest.param(MIDDLE, [cron_job(), run("a", done(NEW))], "", id="a later run"),
        pytest.param("2999-01-01T00:00:00Z", [cron_job(), run("a", done(OLD))], "", id="a forged status"),
        pytest.param("", [cron_job(), run("a", done(OLD))], "", id="an edited status"),
    ],
)
def test_the_status_remembers_the_last_result(before: str, objects: list[tuple[str, Object]], message: str) -> None:
    found = result(snapshot(objects), remembered(before))
    assert found
    assert found.message == message


def test_a_job_that_is_no_longer_declared_is_forgotten() -> None:
    without = context({}).microservice
    assert job_results(snapshot([cron_job()]), without, remembered(OLD)) is None


@pytest.mark.parametrize(
    ("before", "events"),
    [
        (None, 1),
        (remembered(OLD, "Succeeded", ""), 1),
        (remembered(OLD, message="failed otherwise"), 1),
        (remembered(OLD, message="failed"), 0),
    ],
)
def test_an_event_tells_that_it_begins_to_fail_or_fails_otherwise(before: Object | None, events: int) -> None:
    ready = Part("Kubernetes", "CronJob", NAME, State.READY)
    other = Part("Kubernetes", "Deployment", "order", State.READY)
    failure = replace(FAILED, message="failed")
    told, left = with_results([ready, other], SERVICE, [failure], before)
    assert left == other
    assert (told.state, told.reason, told.message) == (State.READY, Reason.READY, "failed")
    assert [(event.type, event.reason) for event in told.events] == [("Warning", Reason.JOB_FAILED)] * events


def test_a_failed_run_leaves_the_service_ready_and_is_told_in_a_condition() -> None:
    of = snapshot([cron_job(), run("a", failed(NEW))])
    good, bad = (
        summarise(Facts(1, jobs=results), {}, "2026-01-01T12:00:00Z") for results in ((), job_results(of, SERVICE, {}))
    )
    for status, expected in ((good, "True"), (bad, "False")):
        by_type = {c["type"]: c for c in status["conditions"]}
        assert (by_type["Ready"]["status"], by_type["Ready"]["reason"]) == ("True", "Ready")
        assert by_type["JobsSucceeded"]["status"] == expected
        assert by_type.keys() == {"Ready", "JobsSucceeded"}
    assert turn(good, bad) is None
    again = snapshot([cron_job(), run("b", RUNNING)])
    assert summarise(Facts(1, jobs=job_results(again, SERVICE, bad)), bad, "2026-01-01T13:00:00Z") == bad
    assert "JobsSucceeded" not in {c["type"] for c in summarise(Facts(1), bad, "2026-01-01T13:00:00Z")["conditions"]}
    suspended = summarise(Facts(1, suspended=True), bad, "2026-01-01T13:00:00Z")
    assert suspended["jobs"] == bad["jobs"]
    assert "JobsSucceeded" in {c["type"] for c in suspended["conditions"]}


def test_neither_a_run_nor_its_pod_is_one_of_the_service_or_of_a_migration() -> None:
    pods = [pod("a", "Running"), pod("b", containers=[ended(3)])]
    of = snapshot([cron_job(), run("a", RUNNING), run("b", failed(OLD))], pods)
    assert (migrations(of), unfinished_migrations(of)) == ({}, frozenset())
    assert "exits with code" not in workload(of).message
    assert of.pods.alive(of.key)


@pytest.mark.parametrize(("phase", "stays"), [("Running", True), ("Pending", True), ("Succeeded", False)])
def test_the_policy_stays_while_a_pod_may_run(phase: str, stays: bool) -> None:
    of = snapshot([], [pod("a", phase)])
    assert (("NetworkPolicy", "order.jobs") in kept(of, context({}).microservice)) is stays


def test_a_run_wakes_its_owner_when_it_appears_and_ends_only() -> None:
    woken: list[tuple[str, str]] = []
    children = Children(woken.append)
    counts = []
    for status in ({}, RUNNING, {"ready": 1, **RUNNING}, done(NEW), {**done(NEW), "uncountedTerminatedPods": {}}):
        kind, each = run("a", status)
        children.saw(kind, each)
        counts.append(len(woken))
    assert counts == [1, 1, 1, 2, 2]
