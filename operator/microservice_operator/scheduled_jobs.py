"""PURE over the watch caches: the last result of each scheduled job.

A run that fails does not make the service unready. A result stays when its Job is deleted: the status remembers it. So
each run costs one write of the status, at its end.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from . import names
from .api.parsing import Microservice
from .facts import Event, JobResult, JobRun, Part, Reason
from .raw_objects import mappings, text

if TYPE_CHECKING:  # a neighbour in the layers; its snapshot is only read
    from .workload import Snapshot

SKEW = timedelta(minutes=5)  # a status with a later time was not written by us, and would hide all further runs


def job_results(
    snapshot: "Snapshot", service: Microservice, before: Mapping[str, Any] | None
) -> tuple[JobResult, ...] | None:
    """Return the results in the order of the spec, `None` without jobs; `before` is the status."""
    if not service.spec.jobs:
        return None
    known = _remembered(snapshot, before)
    runs = {job.name: _last_run(snapshot, job.name) for job in service.spec.jobs}
    results = (_newer(known.get(job), run) for job, run in runs.items())
    return tuple(result for result in results if result is not None)


def with_results(
    parts: Iterable[Part],
    service: Microservice,
    results: Iterable[JobResult] | None,
    before: Mapping[str, Any] | None,
) -> Iterator[Part]:
    """Add to the CronJobs why their last runs failed, and an Event if a job begins to fail or fails otherwise."""
    failed = {names.cron_job(service.name, each.job): each for each in results or () if not each.succeeded}
    told = {text(entry, "name"): text(entry, "message") for entry in mappings(before, "jobs")}
    for part in parts:
        result = failed.get(part.name) if part.kind == "CronJob" else None
        if result is None:
            yield part
            continue
        news = told.get(result.job) != result.message
        events = (Event("Warning", Reason.JOB_FAILED, result.message),) if news else ()
        yield replace(part, message=part.message or result.message, events=(*part.events, *events))


def _last_run(snapshot: "Snapshot", job: str) -> JobResult | None:
    """Return the result of the run that ended last, by the CronJob and by the Jobs that it owns."""
    cron_job = snapshot.records.get(("CronJob", names.cron_job(snapshot.owner.name, job)))
    if cron_job is None or cron_job.owner != snapshot.owner.uid:
        return None
    runs = [
        (record.state, name)
        for (kind, name), record in snapshot.records.items()
        if isinstance(record.state, JobRun) and record.state.ended_at and record.state.job == job
        if record is cron_job or (kind == "Job" and record.owner == cron_job.uid)
    ]
    if not runs:
        return None
    run, name = max(runs, key=lambda each: (each[0].ended_at, each[0].failure))
    message = _failure(snapshot, run, name) if run.failure else ""
    return JobResult(job, not run.failure, run.ended_at, message)


def _failure(snapshot: "Snapshot", run: JobRun, name: str) -> str:
    cause = next((f" ({trouble.message})" for trouble in snapshot.pods.troubles(snapshot.key, name)), "")
    labels = f"{names.LABEL_MICROSERVICE}={snapshot.owner.name},{names.LABEL_JOB}={run.job}"
    return f"the last run of job {run.job} {run.failure}{cause}; read kubectl logs -l {labels}"


def _newer(known: JobResult | None, run: JobResult | None) -> JobResult | None:
    """Return the later result; of the same run the known one, which was complete when it was told."""
    if known is None or run is None:
        return known or run
    return run if run.ended_at > known.ended_at else known


def _remembered(snapshot: "Snapshot", before: Mapping[str, Any] | None) -> dict[str, JobResult]:
    latest = (snapshot.now + SKEW).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = (
        JobResult(
            text(entry, "name"),
            text(entry, "lastResult") == "Succeeded",
            text(entry, "lastEndedAt"),
            text(entry, "message"),
        )
        for entry in mappings(before, "jobs")
    )
    return {entry.job: entry for entry in entries if "" < entry.ended_at <= latest}
