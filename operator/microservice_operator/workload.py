"""PURE over the watch caches: the state of the Deployment, the migrations and other children, with causes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from . import names
from .api.parsing import Identity, Microservice
from .cluster.child_states import ROLLING
from .desired.context import Child, Migration
from .facts import Job, Part, Reason, State, Trouble, Workload

if TYPE_CHECKING:  # caches with clocks; here they are only read
    from .cluster.child_cache import Children, Record
    from .cluster.pod_cache import Pods

KEPT_MIGRATIONS = 10
USED_BY_MIGRATIONS = ("Secret", "NetworkPolicy")
# Reasons that only a person can resolve; they count even if other pods answer.
BLOCKING = frozenset({Reason.IMAGE_UNAVAILABLE, Reason.CONTAINER_FAILING})
# Reasons of the Deployment that say more than those of its pods.
FINAL = frozenset({Reason.QUOTA_EXCEEDED, Reason.REJECTED, Reason.ROLLOUT_PAUSED})
# Seconds until the next check of pods that are not ready: the first check, and those after a report.
SOON, LATER = 15.0, 60.0


@dataclass(frozen=True)
class Snapshot:
    """What the watches know at one moment about a Microservice's children and pods."""

    owner: Identity
    records: "Mapping[tuple[str, str], Record]"
    pods: "Pods"
    now: datetime

    @classmethod
    def of(cls, children: "Children", pods: "Pods", owner: Identity, now: datetime) -> "Snapshot":
        """Take a snapshot; `now` has a time zone."""
        return cls(owner, children.of((owner.namespace, owner.name)), pods, now)

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name of the Microservice."""
        return self.owner.namespace, self.owner.name


def workload(snapshot: Snapshot) -> Workload:
    """Return the Deployment's state; while pods are not ready, the problem of a pod takes precedence."""
    record = snapshot.records.get(("Deployment", snapshot.owner.name))
    state = record.state if record is not None and _ours(snapshot, record) else None
    if not isinstance(state, Workload):
        return Workload(message=ROLLING)
    if (state.state is State.READY and not state.short) or state.reason in FINAL:
        return state
    troubles = snapshot.pods.troubles(snapshot.key)
    problem, after = _problem_of(troubles, snapshot.now)
    if state.state is not State.STALLED:
        state = replace(state, after=after)
    if problem is None:
        return state
    blamed = replace(state, reason=problem.reason, message=problem.sentence)
    if problem.reason in BLOCKING and state.short:
        return replace(blamed, state=State.PROGRESSING, short=False)
    return blamed


def _ours(snapshot: Snapshot, record: "Record") -> bool:
    """Return whether a child is ours; one without owner is ours if it has our hash, until it is corrected."""
    return record.owner == snapshot.owner.uid or (not record.owner and bool(record.hash))


def migrations(snapshot: Snapshot) -> dict[str, Migration]:
    """Every migration Job of this very Microservice, by name; one that is being deleted counts no more."""
    return {
        name: Migration(job.phase)
        for name, job, record in _jobs(snapshot)
        if record.owner == snapshot.owner.uid and not record.deleting
    }


def unfinished_migrations(snapshot: Snapshot, *, on_lost_nodes: bool = True) -> frozenset[str]:
    """Return the names of Jobs that may still run, including deleted ones and those of an earlier Microservice.

    Unless `on_lost_nodes`, pods that do not end because their node is lost count for a while only.
    """
    running = {name for name, job, _ in _jobs(snapshot) if job.phase == "Running"}
    return frozenset(running | snapshot.pods.migrating(snapshot.key, on_lost_nodes=on_lost_nodes))


def mended_migrations(snapshot: Snapshot, children: Iterable[Child]) -> set[tuple[str, str]]:
    """Return the failed Jobs whose desired state has changed; they are run again."""
    jobs = migrations(snapshot)
    return {
        (child.kind, child.name)
        for child in children
        if child.kind == "Job" and child.body is not None and jobs.get(child.name) is Migration.FAILED
        if snapshot.records[child.kind, child.name].hash != child.body["metadata"]["annotations"][names.ANNOTATION_HASH]
    }


def kept(snapshot: Snapshot, service: Microservice) -> set[tuple[str, str]]:
    """Return what is not pruned although it is not declared.

    These are running migrations with what they may use, the latest finished ones, and the policy of running jobs. A
    finished Job shows that its image has migrated, so a rollback to an old image runs no migration, which would fail at
    a schema that it does not know.
    """
    keys: set[tuple[str, str]] = set()
    if unfinished := unfinished_migrations(snapshot):
        keys |= {("Job", name) for name in unfinished} | {
            key for key in snapshot.records if key[0] in USED_BY_MIGRATIONS
        }
    if snapshot.pods.runs_job(snapshot.key):  # without its policy, a pod that is ending could call everything
        keys.add(("NetworkPolicy", names.jobs_policy(snapshot.owner.name)))
    if any(database.migration for database in service.spec.databases or []):
        done = [name for name, phase in migrations(snapshot).items() if phase is Migration.DONE]
        done.sort(key=lambda name: int(snapshot.records["Job", name].version or 0))
        keys |= {("Job", name) for name in done[-KEPT_MIGRATIONS:]}
    return keys


def current_parts(snapshot: Snapshot, parts: Iterable[Part], children: Sequence[Child]) -> list[Part]:
    """Update the parts of the children, as `cluster.apply` left them, with the children's current states."""
    state, by_name = workload(snapshot), {(child.kind, child.name): child for child in children}
    return [_current_part(snapshot, part, by_name.get((part.kind, part.name)), state) for part in parts]


def _current_part(snapshot: Snapshot, part: Part, child: Child | None, state: Workload) -> Part:
    if part.kind == "Job":
        return _migration_part(snapshot, part)
    if part.state is not State.READY:
        return part
    if part.kind == "Deployment":
        message = state.message or part.message
        return replace(part, state=state.state, reason=state.reason, message=message, after=state.after)
    record = snapshot.records.get((part.kind, part.name))
    if record is not None and isinstance(record.state, Trouble):
        trouble, due = record.state, record.state.due(snapshot.now)
        blamed = replace(part, state=trouble.state, reason=trouble.reason, message=trouble.sentence)
        return replace(part, after=due) if due else blamed
    notice = child.notice if child is not None else None
    return replace(part, field=notice.field, message=notice.message) if notice else part


def _migration_part(snapshot: Snapshot, part: Part) -> Part:
    """Report a Job; if it waits for another Job, include the state of that Job."""
    if part.state is State.PROGRESSING and not part.failed:
        unfinished = unfinished_migrations(snapshot)
        # The last resort is a deleted Job of this very name whose pod has not ended.
        awaited = min(unfinished - {part.name}, default=next(iter(unfinished), ""))
        trouble, after = _job_trouble(snapshot, awaited)
        message = f"{part.message}; that Job {trouble.sentence}" if trouble else part.message
        return replace(part, reason=Reason.MIGRATION_RUNNING, message=message, after=after) if awaited else part
    job = next((job for name, job, _ in _jobs(snapshot) if name == part.name), Job("Running"))
    if part.state is not State.READY or job.phase == "Done":
        return part
    trouble, after = _job_trouble(snapshot, part.name)
    if job.phase == "Failed":
        why = trouble.message if trouble else "failed"
        message = (
            f"migration Job {part.name} {why}, and the old pods keep running; read kubectl logs job/{part.name}, then"
            " fix the image, command, variables, resources or timeout, or delete the Job to run it again"
        )
        return replace(part, state=State.STALLED, reason=Reason.MIGRATION_FAILED, message=message)
    if trouble is None:
        message = f"migration Job {part.name} is running; the rollout starts after it"
        return replace(part, state=State.PROGRESSING, reason=Reason.MIGRATION_RUNNING, message=message, after=after)
    message = f"migration Job {part.name} {trouble.sentence}"
    return replace(part, state=trouble.state, reason=trouble.reason, message=message, after=after)


def _job_trouble(snapshot: Snapshot, name: str) -> tuple[Trouble | None, float | None]:
    """Return a Job's problem, its pods' before its controller's, and the seconds until the next check."""
    job = next((job for job_name, job, _ in _jobs(snapshot) if job_name == name), Job("Running"))
    pods, after = _problem_of(snapshot.pods.troubles(snapshot.key, name), snapshot.now)
    own, _ = _problem_of([job.trouble] if job.trouble else [], snapshot.now)
    if own and pods and job.phase == "Failed":
        return replace(own, message=f"{own.message} ({pods.message})"), None
    if pods is None or (own and own.state is State.STALLED):
        return own, after
    log = pods.reason is Reason.CONTAINER_FAILING
    remedy = f"read kubectl logs job/{name}" if log else pods.remedy
    return replace(pods, message=f"is delayed: {pods.message}", remedy=remedy), after


def _problem_of(troubles: Sequence[Trouble], now: datetime) -> tuple[Trouble | None, float | None]:
    """Return the problem to report, blocking ones first, and the seconds until the next check, as no event comes."""
    due = [(trouble.due(now), trouble) for trouble in troubles]
    present = [trouble for seconds, trouble in due if not seconds]
    first = next((t for t in present if t.reason in BLOCKING), None) or next((t for t in present if not t.since), None)
    problem = first or next(iter(present), None)
    later = min((seconds for seconds, _ in due if seconds), default=None)
    if later is None and (problem is None or problem.since):
        later = SOON if problem is None else LATER
    return problem, later


def _jobs(snapshot: Snapshot) -> "list[tuple[str, Job, Record]]":
    jobs = ((name, record.state, record) for (kind, name), record in snapshot.records.items() if kind == "Job")
    return [(name, state, record) for name, state, record in jobs if isinstance(state, Job)]
