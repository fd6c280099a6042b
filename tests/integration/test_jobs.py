"""Scheduled jobs: their CronJobs follow the declaration, their last results are in the status, and neither rolls pods.

The schedule never comes. A test starts a run as `kubectl create job --from` does; the controllers of Jobs do the rest.
"""

from typing import Any

from microservice_operator import names
from microservice_operator.cluster.kinds import CHILDREN, POD

from .api import Body, until
from .namespace import IMAGE, Namespace
from .stage import Stage
from .test_budget import status_writes, to_children

CRON_JOB, JOB = CHILDREN["CronJob"], CHILDREN["Job"]
CLEANUP = {"name": "cleanup", "schedule": "0 0 1 1 *", "command": ["clean"], "backoffLimit": 0}
TABLE = {"name": "items", "partitionKey": {"name": "id"}, "deletionPolicy": "Delete"}


def start(namespace: Namespace, run: str, cron_job: str = "order-cleanup") -> None:
    """Start a run of a CronJob."""
    made_by = namespace.there(CRON_JOB, cron_job)
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": cron_job, "uid": made_by["metadata"]["uid"]}
    template = made_by["spec"]["jobTemplate"]
    metadata = {"name": run, "namespace": namespace.name, "labels": template["metadata"]["labels"]}
    body = {"metadata": {**metadata, "ownerReferences": [{**owner, "controller": True}]}, "spec": template["spec"]}
    namespace.api.create(JOB, body)


def pods_of(namespace: Namespace) -> list[Body]:
    """The pods of jobs."""
    pods = namespace.api.items(POD, namespace.name)
    return [pod for pod in pods if names.LABEL_JOB in (pod["metadata"].get("labels") or {})]


def fail(stage: Stage, namespace: Namespace, run: str) -> None:
    """Start a run, and let its container end with code 3; from now on no other pod of a job ends without this."""
    stage.pods.hold(namespace.name, "Job")
    start(namespace, run)
    (pod,) = until(lambda: [p for p in pods_of(namespace) if p["status"]["phase"] == "Pending"], "the run has no pod")
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    container = {"name": "order", "image": IMAGE, "imageID": "", "ready": False, "restartCount": 0, "state": ended}
    status = {"phase": "Failed", "containerStatuses": [container]}
    namespace.api.merge(POD, (namespace.name, pod["metadata"]["name"]), {"status": status}, "status")


def results(namespace: Namespace) -> dict[str, Body]:
    """The last results by job."""
    return {entry["name"]: entry for entry in namespace.read("order")["status"].get("jobs", [])}


def until_result(namespace: Namespace, result: str) -> None:
    """Wait until the last run of the job ended so."""
    until(
        lambda: results(namespace).get("cleanup", {}).get("lastResult") == result,
        f"the job has not {result}",
        show=lambda: namespace.read("order")["status"],
    )


def callers(namespace: Namespace, name: str) -> list[Any]:
    """Who may call a service, by its network policy."""
    rules = namespace.there("NetworkPolicy", name)["spec"].get("ingress") or [{}]
    peers: list[Any] = rules[0].get("from", [])
    return peers


def test_a_cron_job_follows_its_declaration(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", jobs=[CLEANUP, {**CLEANUP, "name": "nightly-report"}])
    namespace.until_ready("order")
    stage.until_quiet()
    made = namespace.there(CRON_JOB, "order-cleanup")
    assert (made["spec"]["concurrencyPolicy"], made["spec"]["suspend"]) == ("Forbid", False)
    assert namespace.child(CRON_JOB, "order--nightly-report")
    mark = stage.audit.now()
    namespace.ask("order")
    assert not stage.audit.to_children(mark, namespace.name)

    namespace.change("order", jobs=[{**CLEANUP, "schedule": "0 0 2 1 *", "suspend": True}])
    namespace.until_gone("order--nightly-report", CRON_JOB)
    namespace.until_ready("order")
    stage.until_quiet()
    spec = namespace.there(CRON_JOB, "order-cleanup")["spec"]
    assert (spec["schedule"], spec["suspend"]) == ("0 0 2 1 *", True)
    written = [write for write in to_children(stage.audit.writes(mark, namespace.name)) if write[1] != "events"]
    # the first change after a POST also turns its managed fields into those of an apply
    assert written == [("delete", "cronjobs"), ("patch", "cronjobs"), ("patch", "cronjobs")]

    assert namespace.child("NetworkPolicy", "order.jobs")
    namespace.change("order", jobs=None)
    namespace.until_gone("order-cleanup", CRON_JOB)
    namespace.until_gone("order.jobs", CHILDREN["NetworkPolicy"])
    assert "JobsSucceeded" not in namespace.conditions("order")


def test_a_run_costs_one_status_write_and_a_failed_one_leaves_the_service_ready(
    stage: Stage, namespace: Namespace
) -> None:
    namespace.create("order", jobs=[CLEANUP])
    namespace.until_ready("order")
    stage.until_quiet()
    for run, result in (("one", "Succeeded"), ("two", "Failed"), ("three", "Failed"), ("four", "Succeeded")):
        before, mark = results(namespace).get("cleanup", {}), stage.audit.now()
        if result == "Failed":
            fail(stage, namespace, run)
        else:
            stage.pods.release(namespace.name, "Job")
            start(namespace, run)
        until(lambda: results(namespace).get("cleanup", before) != before, "no result of the run")  # noqa: B023
        stage.until_quiet()
        until_result(namespace, result)
        written = stage.audit.writes(mark, namespace.name)
        assert status_writes(written) == 1, written
        assert not [write for write in to_children(written) if write[1] != "events"]
        assert namespace.conditions("order")["Ready"]["reason"] == "Ready"
        condition = namespace.conditions("order")["JobsSucceeded"]
        assert condition["status"] == str(result == "Succeeded")
        if result == "Failed":
            said = (
                "the last run of job cleanup failed in every attempt (container order exits with code 3); read kubectl"
            )
            assert condition["reason"] == "JobFailed"
            assert condition["message"].startswith(said)
            rows = {row["name"]: row for row in namespace.read("order")["status"]["resources"]}
            assert rows["order-cleanup"]["message"] == condition["message"] == results(namespace)["cleanup"]["message"]
    assert len(namespace.events("JobFailed")) == 1, "one Event when it begins to fail"


def test_a_result_stays_when_the_run_is_deleted_and_the_operator_restarts(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", jobs=[CLEANUP])
    namespace.until_ready("order")
    fail(stage, namespace, "one")
    until_result(namespace, "Failed")
    before = results(namespace)
    namespace.api.delete(JOB, namespace.name, "one")
    namespace.until_gone("one", JOB)
    stage.operator.terminate()
    stage.operator.start()
    namespace.ask("order")
    assert results(namespace) == before


def test_pods_of_jobs_are_neither_served_nor_counted(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", jobs=[CLEANUP])
    namespace.until_ready("order")
    stage.pods.hold(namespace.name, "Job")
    start(namespace, "one")
    (pod,) = until(lambda: pods_of(namespace), "the run has no pod")
    labels = pod["metadata"]["labels"]
    for kind, path in (("Service", ("selector",)), ("PodDisruptionBudget", ("selector", "matchLabels"))):
        selector = namespace.there(kind, "order")["spec"]
        for key in path:
            selector = selector[key]
        assert not selector.items() <= labels.items(), kind
    stage.until_quiet()
    assert namespace.conditions("order")["WorkloadReady"]["reason"] == "Ready"
    namespace.change("order", jobs=None)
    namespace.until_gone("order-cleanup", CRON_JOB)
    until(lambda: not pods_of(namespace), "the run goes with its CronJob")
    namespace.until_gone("order.jobs", CHILDREN["NetworkPolicy"])


def test_an_edit_by_hand_is_reverted(namespace: Namespace) -> None:
    namespace.create("order", jobs=[CLEANUP])
    namespace.until_ready("order")
    edit = {"suspend": True, "jobTemplate": {"spec": {"template": {"spec": {"hostNetwork": True}}}}}
    namespace.api.merge(CRON_JOB, (namespace.name, "order-cleanup"), {"spec": edit})

    def spec() -> Body:
        found: Body = namespace.there(CRON_JOB, "order-cleanup")["spec"]
        return found

    def reverted() -> bool:
        pod = spec()["jobTemplate"]["spec"]["template"]["spec"]
        return spec()["suspend"] is False and "hostNetwork" not in pod

    until(reverted, "the edit is not reverted", show=spec)


def test_a_cron_job_of_somebody_else_is_left_as_it_is(stage: Stage, namespace: Namespace) -> None:
    container = {"name": "c", "image": "theirs"}
    pod = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": pod}}}
    foreign = {"metadata": {"name": "order-cleanup", "namespace": namespace.name}, "spec": spec}
    before = stage.api.create(CRON_JOB, foreign)
    namespace.create("order", jobs=[CLEANUP])
    condition = namespace.until_stalled("order", "Conflict")
    assert "CronJob order-cleanup already exists" in condition["message"]
    namespace.ask("order")
    assert namespace.there(CRON_JOB, "order-cleanup") == before
    namespace.delete("order")
    namespace.until_gone("order")
    assert namespace.there(CRON_JOB, "order-cleanup") == before


def test_jobs_end_before_what_they_use_is_deleted(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", jobs=[CLEANUP], tables=[TABLE])
    namespace.until_ready("order")
    stage.pods.hold(namespace.name, "Job")
    start(namespace, "one")
    until(lambda: pods_of(namespace), "the run has no pod")
    mark = stage.audit.now()
    namespace.delete("order")
    namespace.until_gone("order")
    assert ("delete", "cronjobs") in to_children(stage.audit.writes(mark, namespace.name))
    assert not stage.tables_of(namespace)
    until(lambda: not pods_of(namespace), "the run goes with its Microservice")


def test_the_jobs_of_a_permitted_caller_may_call_while_it_has_any(namespace: Namespace) -> None:
    namespace.create("product", access={"from": [{"microservice": "order"}]})
    namespace.create("order", dependencies=[{"name": "product"}])
    namespace.until_ready("product", "order")
    assert len(callers(namespace, "product")) == 1
    namespace.change("order", jobs=[CLEANUP])
    until(lambda: len(callers(namespace, "product")) > 1, "the jobs of order may not call product")
    assert callers(namespace, "product")[1]["podSelector"]["matchLabels"] == {names.LABEL_MICROSERVICE: "order"}
    namespace.change("order", jobs=None)
    until(lambda: len(callers(namespace, "product")) == 1, "the jobs of order still may call product")
