"""PURE over the watch caches: how the Deployment and the migration Job stand, and which container is to blame."""

from collections.abc import Mapping
from dataclasses import replace

from .api.objects import Identity, Microservice
from .cluster.children import ROLLING, Children
from .cluster.pods import Pods
from .desired.context import Migration
from .facts import Part, Reason, State, Workload

KEPT_MIGRATIONS = 10
BLOCKING = frozenset({Reason.IMAGE_UNAVAILABLE, Reason.CONTAINER_FAILING})


def workload(children: Children, pods: Pods, owner: Identity) -> Workload:
    """The Deployment's state; while it is not ready, a failing container's own words go first."""
    records = children.of((owner.namespace, owner.name))
    record = next((r for (kind, name), r in records.items() if kind == "Deployment" and name == owner.name), None)
    state = record.state if record is not None and record.owner in ("", owner.uid) else None
    if not isinstance(state, Workload):
        return Workload(message=ROLLING)
    if state.state is State.READY:
        return state
    found = pods.trouble((owner.namespace, owner.name), BLOCKING) or pods.trouble((owner.namespace, owner.name))
    return replace(state, reason=found.reason, message=found.message) if found else state


def deployment_part(part: Part, state: Workload) -> Part:
    """The part of the Deployment, told by how its rollout goes; any other part as it is."""
    return replace(part, state=state.state) if part.kind == "Deployment" and part.state is State.READY else part


def migrations(children: Children, owner: Identity) -> dict[str, Migration]:
    """Every migration Job that was seen, by name."""
    records = children.of((owner.namespace, owner.name))
    return {name: Migration(record.state) for (kind, name), record in records.items() if kind == "Job"}


def finished_migrations(children: Children, service: Microservice) -> set[tuple[str, str]]:
    """The latest Jobs that are done: that one is there says that its image has migrated.

    So going back to a former image runs no migration, which would only stop at a schema that it does not know.
    """
    if not any(database.migration for database in service.spec.databases or []):
        return set()
    records = children.of((service.namespace, service.name))
    done = [(int(r.version or 0), at) for at, r in records.items() if at[0] == "Job" and r.state == Migration.DONE]
    return {at for _, at in sorted(done)[-KEPT_MIGRATIONS:]}


def migration_part(part: Part, jobs: Mapping[str, Migration]) -> Part:
    """The part of a Job, told by how the Job went; any other part as it is."""
    if part.kind != "Job" or part.state is not State.READY:
        return part
    went = jobs.get(part.name, Migration.RUNNING)
    if went is Migration.DONE:
        return part
    if went is Migration.FAILED:
        message = (
            f"migration Job {part.name} failed and the former pods keep running; read kubectl logs job/{part.name}, "
            "then set a mended image, or delete the Job to run it again"
        )
        return replace(part, state=State.STALLED, reason=Reason.MIGRATION_FAILED, message=message)
    message = f"migration Job {part.name} is running; the rollout waits for it"
    return replace(part, state=State.PROGRESSING, reason=Reason.MIGRATION_RUNNING, message=message)
