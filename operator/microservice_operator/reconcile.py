"""HOW: one reconciliation of one Microservice: observe, decide, act, summarise, the same whatever has happened."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from . import desired, events, names, status
from .api.parsing import Environment, Identity, Microservice, identity, microservice
from .aws.dynamodb.tables import usable
from .aws.engine.arns import name_in_arn
from .aws.messaging.fields import reachable
from .cluster.apply import Cluster
from .cluster.kinds import is_name
from .cluster.pod_cache import Pods
from .dependencies import dependency_part, dependency_urls, table_ref_part
from .desired.context import Child, Context, Message, Table
from .desired.transition import WIDENED, widened
from .environment_selection import Used
from .errors import Gone, InvalidSpec, NeedsPerson, NotYet, OperatorError, Problem
from .external.identity import identity_wait, role_arn, table_ref_names
from .external.rds_instances import support_notices
from .external.reconcile import ExternalReconciler, ExternalState
from .external.relocation import moved
from .external.remembered_ids import remembered_ids
from .external.resource import PreviousStatus
from .external.rotation_status import credentials, rotates_nothing, rotation_handled
from .external.table_grants import trouble
from .facts import Event, Facts, Part, Reason, Section, State, Workload, with_error
from .ownership import overridden_tags, shared_tags, too_many_tags
from .raw_objects import mappings, text
from .resources import Removal
from .rollouts import Rollouts
from .scheduled_jobs import job_results, with_results
from .watched_resources import Key, WatchedResources
from .workload import Snapshot, current_parts, kept, mended_migrations, migrations, unfinished_migrations, workload

RETRY_STALLED = 120.0
SLOWER = 10  # watches report what happens in the cluster; a periodic reconciliation is only a safety net there
# What could not be read now was ready when it was read last: pods do not wait for the operator's view.
USABLE = (State.READY, State.UNKNOWN)
RUNNING = frozenset({"Deployment", "Job", "CronJob"})
LOOK_AT_PODS = 5.0  # the watch reports when the last pod is gone; only a pod on a lost node needs another look
# Without these, running pods lose what they read or reach, and new pods of the same version cannot start.
NEEDED_BY_PODS = frozenset({"Secret", "NetworkPolicy"})
_LOST = frozenset({Reason.TABLE_LOST, Reason.DATABASE_LOST, Reason.RESTORE_REFUSED})
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Operator:
    """What a reconciliation works with; `resync` is in seconds, `service_monitors` tells whether that CRD is served.

    `gone` is called with key and UID of a Microservice that no longer exists.
    """

    watched: WatchedResources
    cluster: Cluster
    pods: Pods
    external: ExternalReconciler
    resync: float
    aws_endpoint_url: str | None
    service_monitors: Callable[[], bool]
    gone: Callable[[Key, str], None]
    rollouts: Rollouts = field(default_factory=Rollouts)

    def forget(self, uid: str) -> None:
        """Drop everything that is cached of a Microservice that is gone."""
        self.external.clients.forget(uid)
        self.cluster.forget(uid)
        self.rollouts.forget(uid)

    def reset(self) -> None:
        """Drop every cache: another process has led meanwhile."""
        self.external.clients.reset()
        self.rollouts.clear()


@dataclass(frozen=True)
class Requeue:
    """When to reconcile again, in seconds. `failed`: an attempt failed, so the backoff may make it sooner."""

    after: float
    failed: bool = False


async def reconcile(operator: Operator, key: Key) -> Requeue | None:
    """Reconcile one Microservice; return when to do it again, `None` for not before something happens.

    Raises NotYet when the API server fails, and any unexpected error after the status reports it.
    """
    body = operator.watched.microservices.get(key)
    if body is None:
        return None
    facts = Facts(generation=body["metadata"].get("generation", 0), reconcile_requested_at=_requested_at(body))
    try:
        if "deletionTimestamp" in body["metadata"]:
            return await _finalize(operator, body, facts)
        return await _write_status(operator, body, await _reconcile_spec(operator, body, facts))
    except Gone:
        return await _forget_if_gone(operator, body)
    except OperatorError:
        raise
    except Exception:
        message = "internal error; see the operator log; retried automatically"
        failed = Part("Kubernetes", "Microservice", "", State.UNKNOWN, Reason.INTERNAL_ERROR, message)
        await _write_status(operator, body, replace(facts, refused=failed))
        raise


async def report_timeout(operator: Operator, key: Key, message: str) -> None:
    """Report on a Microservice that its reconciliation was cancelled; its parts stay as they are known."""
    body = operator.watched.microservices.get(key)
    if body is None:
        return
    facts = Facts(generation=body["metadata"].get("generation", 0), reconcile_requested_at=_requested_at(body))
    late = Part("Kubernetes", "Microservice", "", State.UNKNOWN, Reason.RECONCILIATION_TIMEOUT, message)
    await _write_status(
        operator, body, replace(facts, refused=late, workload=workload(_snapshot(operator, identity(body))))
    )


async def _forget_if_gone(operator: Operator, body: Body) -> Requeue | None:
    """Something is gone. If it is the Microservice, it is dropped, whatever happens to its children."""
    key = identity(body)
    try:
        await operator.cluster.verify_there(key)
    except Gone:
        operator.gone((key.namespace, key.name), key.uid)
        return None
    return Requeue(operator.resync, failed=True)


@dataclass(frozen=True)
class _Inputs:
    """Everything that one reconciliation knows before it writes anything.

    `previous` is what status remembers of external resources. `recreate` is the annotation's value, and
    `recreate_handled` the last one that was carried out. `declared` tells one declaration from the next.
    """

    body: Body
    owner: Identity
    service: Microservice
    environment: Environment | None
    used: Used
    previous: PreviousStatus
    recreate: str
    recreate_handled: str
    declared: Any
    requested: bool


async def _reconcile_spec(operator: Operator, body: Body, facts: Facts) -> Facts:
    """Observe, then bring the external resources and the children to the declared state, one step each."""
    facts = replace(facts, workload=workload(_snapshot(operator, identity(body))))
    try:
        inputs = _observe(operator, body, facts.reconcile_requested_at)
    except _Refused as refused:
        part = Part("Kubernetes", "Microservice", "", State.STALLED, refused.reason, str(refused))
        return replace(facts, refused=part, problems=refused.problems)
    if inputs.service.spec.suspend:
        return replace(facts, suspended=True)
    external = await _reconcile_external(operator, inputs)
    await _forget_migrations_of_new_databases(operator, inputs, external)
    context = _context(operator, inputs.service, inputs.environment, external)
    rollout, rolled_out = facts.workload or Workload(), inputs.previous.rolled_out
    applied = await _children(operator, body, context, rollout, rolled_out=rolled_out)
    return _summarise(operator, inputs, external, applied, facts)


def _observe(operator: Operator, body: Body, requested_at: str) -> _Inputs:
    """Read the Microservice, its Environment and its status.

    Raises _Refused when they do not allow a reconciliation, NotYet while the namespace is not known.
    """
    before = body.get("status") or {}
    service, environment, used = _inputs(operator.watched, body)
    known_ids = remembered_ids(before)
    if not service.spec.suspend and (left_behind := moved(known_ids, environment)):
        raise _Refused(Reason.CHANGE_REFUSED, left_behind)
    declared = (service.generation, used, operator.watched.version_of(used.name))
    # status echoes it, and the schema of status bounds it
    recreate = service.annotations.get(names.ANNOTATION_RECREATE, "")[:253]
    handled = before.get("lastHandledRecreate", "")
    lost = recreate.partition("/")[0] if recreate != handled else ""
    owner = identity(body)
    return _Inputs(
        body=body,
        owner=owner,
        service=service,
        environment=environment,
        used=used,
        previous=PreviousStatus(
            known_ids,
            lost,
            operator.rollouts.complete(owner.uid, declared),
            migrating=bool(unfinished_migrations(_snapshot(operator, owner))),
        ),
        recreate=recreate,
        recreate_handled=handled,
        declared=declared,
        requested=requested_at != before.get("lastHandledReconcileAt", ""),
    )


async def _reconcile_external(operator: Operator, inputs: _Inputs) -> ExternalState:
    """Take a step for every external resource; the finalizer is set before the first one and removed after the last."""
    if inputs.requested:
        operator.external.clients.invalidate(inputs.owner.uid)
    if inputs.previous.known or operator.external.declares(inputs.service, inputs.environment):
        await add_finalizer(operator, inputs.body)
    external = await operator.external.reconcile(inputs.service, inputs.environment, inputs.previous, operator.watched)
    if not external.parts:
        await remove_finalizer(operator, inputs.body)
    return external


async def _forget_migrations_of_new_databases(operator: Operator, inputs: _Inputs, external: ExternalState) -> None:
    """Delete finished migration Jobs when a database was created: the new database is not migrated."""
    if any(event.reason is Reason.DATABASE_CREATED for part in external.parts for event in part.events):
        snapshot = _snapshot(operator, inputs.owner)
        running = {("Job", name) for name in unfinished_migrations(snapshot)}
        await operator.cluster.prune(
            inputs.owner, {key for key in snapshot.records if key[0] != "Job" or key in running}
        )


def _summarise(
    operator: Operator, inputs: _Inputs, external: ExternalState, applied: "_Applied", facts: Facts
) -> Facts:
    """The facts from which status is made; notes whether the rollout is complete."""
    snapshot, service = _snapshot(operator, inputs.owner), inputs.service
    state, status_before = workload(snapshot), inputs.body.get("status")
    results = job_results(snapshot, service, status_before)
    children = current_parts(snapshot, applied.parts, applied.children)
    complete = state.state is State.READY and applied.current
    operator.rollouts.note(inputs.owner.uid, inputs.declared, complete=complete)
    return replace(
        facts,
        sections=external.sections,
        left=external.left,
        dependencies=_edges(operator.watched, service, inputs.environment),
        children=tuple(with_results(children, service, results, status_before)),
        jobs=results,
        workload=state,
        endpoint=service.url,
        gateway=external.address,
        selector=",".join(f"{k}={v}" for k, v in names.selector_labels(service.name).items()),
        environment=inputs.used.name,
        environment_from=inputs.used.source,
        recreated=recreation_handled(inputs.recreate, inputs.recreate_handled, external.stores),
        credentials=credentials(service, external.connections, status_before),
        rotated=rotation_handled(service, external.connections, external.of("Database"), status_before),
        notices=(
            *_names_nothing(inputs.previous.recreate, external.stores),
            *rotates_nothing(service),
            *_overridden_tags(inputs),
            *unused_sources(external.stores),
            *support_notices(service, inputs.environment, datetime.now(UTC).date()),
        ),
        again=0.0 if complete and (external.kept or applied.kept) else None,
    )


def _context(
    operator: Operator,
    service: Microservice,
    environment: Environment | None,
    external: ExternalState,
) -> Context:
    """The input of the builders of the children."""
    snapshot = _snapshot(operator, service.identity)
    return Context(
        microservice=service,
        environment=environment,
        connections=external.connections,
        database_waits={
            part.name: f"database {part.name} is not ready"
            for part in external.of("Database")
            if part.state not in USABLE
        },
        migrations=migrations(snapshot),
        migrating=unfinished_migrations(snapshot),
        dependency_urls=_urls(operator, service),
        tables={
            part.name: Table(name_in_arn(part.id), part.id, ready=usable(part))
            for part in external.of("Table")
            if part.id
        },
        topics=_messages(external.of("Topic")),
        queues=_messages(external.of("Queue")),
        table_refs=table_ref_names(operator.external.clients, service, operator.watched),
        identity_wait=identity_wait(external.sections.get(Section.IDENTITY, ())),
        role_arn=role_arn(environment, external.parts),
        aws_endpoint_url=operator.aws_endpoint_url,
        service_monitors=operator.service_monitors(),
        callers_with_jobs=operator.watched.callers_with_jobs(service),
    )


@dataclass(frozen=True)
class _Applied:
    """The children after a reconciliation.

    `current`: the Deployment is the declared one. `kept`: something stays for pods of an earlier declaration.
    """

    parts: tuple[Part, ...]
    children: tuple[Child, ...]
    current: bool
    kept: bool


async def _children(
    operator: Operator, body: Body, context: Context, rollout: Workload, *, rolled_out: bool
) -> _Applied:
    """Write the children that differ, and prune those that are no longer declared.

    While pods of an earlier declaration may run, what they use stays, and so do their network permissions.
    """
    key = identity(body)
    children = await _desired_children(operator, key, context)
    if not rolled_out:
        rolled_out = rollout.state is State.READY and _is_current(operator.cluster, key, children)
    if body.get("status") and any(_is_missing(operator.cluster, key, child) for child in children):
        # A deletion that the watch missed removes the children first: nothing is created for an owner that is gone.
        await operator.cluster.verify_there(key)
    written = children if rolled_out else [await _widened(operator.cluster, key, child) for child in children]
    applied = await operator.cluster.apply(key, written)
    keep = {(child.kind, child.name) for child in children}
    unread = await _recall_secrets(operator, body, keep)
    keep |= kept(_snapshot(operator, key), context.microservice)
    unused = () if rolled_out else _unused(operator.cluster, key, keep)
    pruned = await operator.cluster.prune(key, keep | {(part.kind, part.name) for part in unused})
    return _Applied(
        parts=(*applied, *pruned, *unused, *unread),
        children=children,
        current=_is_current(operator.cluster, key, children),
        kept=bool(unused)
        or any(written_child is not child for written_child, child in zip(written, children, strict=True)),
    )


async def _desired_children(operator: Operator, owner: Identity, context: Context) -> tuple[Child, ...]:
    """The desired children. A failed migration Job whose inputs have changed is deleted first."""
    children, snapshot = desired.children(context), _snapshot(operator, owner)
    again = mended_migrations(snapshot, children)
    if not again:
        return children
    await operator.cluster.prune(owner, snapshot.records.keys() - again)
    snapshot = _snapshot(operator, owner)
    return desired.children(
        replace(context, migrations=migrations(snapshot), migrating=unfinished_migrations(snapshot))
    )


def _snapshot(operator: Operator, owner: Identity) -> Snapshot:
    return Snapshot.of(operator.cluster.children, operator.pods, owner, datetime.now(UTC))


def _is_current(cluster: Cluster, owner: Identity, children: Iterable[Child]) -> bool:
    """Whether the Deployment is the declared one."""
    return all(not _differs(cluster, owner, child) for child in children if child.kind == "Deployment")


def _is_missing(cluster: Cluster, owner: Identity, child: Child) -> bool:
    return not child.held and (child.kind, child.name) not in cluster.children.of((owner.namespace, owner.name))


def _differs(cluster: Cluster, owner: Identity, child: Child) -> bool:
    record = cluster.children.of((owner.namespace, owner.name)).get((child.kind, child.name))
    if record is None or record.owner != owner.uid or child.body is None:
        return True
    return bool(record.hash != child.body["metadata"]["annotations"][names.ANNOTATION_HASH])


async def _widened(cluster: Cluster, owner: Identity, child: Child) -> Child:
    """The child to write, which keeps what pods of the earlier declaration still use."""
    exists = (child.kind, child.name) in cluster.children.of((owner.namespace, owner.name))
    if child.kind not in WIDENED or not exists or not _differs(cluster, owner, child):
        return child
    former = await cluster.read(owner, child.kind, child.name)
    return widened(child, former) if former else child


def _unused(cluster: Cluster, owner: Identity, keep: Collection[tuple[str, str]]) -> tuple[Part, ...]:
    """Children that are no longer declared and that pods of an earlier declaration use."""
    records = cluster.children.of((owner.namespace, owner.name))
    return tuple(
        Part(
            "Kubernetes",
            kind,
            name,
            State.READY,
            message="is no longer declared; it is deleted when the rollout is complete",
        )
        for (kind, name), record in sorted(records.items())
        if kind in NEEDED_BY_PODS and (kind, name) not in keep and record.owner == owner.uid and not record.deleting
    )


async def _recall_secrets(operator: Operator, body: Body, keep: Collection[tuple[str, str]]) -> tuple[Part, ...]:
    """Read the Secrets that only status remembers: no watch shows them, and an unknown child is not pruned.

    Return those that cannot be read now, because status must not forget them before they are deleted.
    """
    unread = []
    for item in (body.get("status") or {}).get("resources") or []:
        # a name that no Secret can have is not from us: others may edit a status
        if item["kind"] != "Secret" or ("Secret", item["name"]) in keep or not is_name(item["name"]):
            continue
        try:
            await operator.cluster.secret(identity(body), item["name"])
        except (NeedsPerson, NotYet) as error:
            if error.reason != Reason.CONFLICT:
                message = f"is no longer declared; it is deleted when it can be read: {error}"
                part = Part("Kubernetes", "Secret", item["name"], State.READY, message=message, failed=True)
                unread.append(part)
    return tuple(unread)


async def _finalize(operator: Operator, body: Body, facts: Facts) -> Requeue | None:
    """Delete or retain every external resource by its policy, then remove the finalizer."""
    if names.FINALIZER not in (body["metadata"].get("finalizers") or []):
        return None
    owner, known_ids = identity(body), remembered_ids(body.get("status"))
    if (body["metadata"].get("annotations") or {}).get(names.ANNOTATION_ABANDON) == "true":
        # one Event for each: the list may be longer than an Event allows
        for what in _left_behind(operator.external.everything(body.get("spec"), None, known_ids)):
            event = Event("Warning", Reason.ABANDONED, f"abandoned as requested; left behind: {what}")
            await events.post(operator.cluster.connection, owner, event)
        await remove_finalizer(operator, body)
        return None
    spec, used = body.get("spec") if isinstance(body.get("spec"), dict) else {}, _used(body.get("status") or {})
    try:
        environment, _ = operator.watched.environment_of(owner.namespace, (spec or {}).get("environment"), used)
    except (InvalidSpec, LookupError):
        environment = None
    removals = operator.external.everything(body.get("spec"), environment, known_ids)
    if left_behind := moved(known_ids, environment):
        refused = Part("Kubernetes", "Microservice", owner.name, State.STALLED, Reason.CHANGE_REFUSED, left_behind)
        waiting = operator.external.waiting(removals, "cannot be found with this Environment")
        return await _write_status(operator, body, replace(facts, deletion=(refused, *waiting)))
    if running := await _still_running(operator, body):
        waiting = operator.external.waiting(removals, "is deleted after the pods")
        return await _write_status(operator, body, replace(facts, deletion=(*running, *waiting)))
    parts = await operator.external.delete(owner, environment, removals, operator.watched)
    if all(part.is_over for part in parts):
        await _post_all(operator, body, parts)
        await remove_finalizer(operator, body)
        operator.forget(owner.uid)
        return None
    over = tuple(part for part in parts if part.is_over)
    return await _write_status(
        operator, body, replace(facts, deletion=tuple(p for p in parts if p not in over), left=over)
    )


async def _still_running(operator: Operator, body: Body) -> tuple[Part, ...]:
    """Stop the pods, which use what is about to be deleted; return what to wait for while one may still run.

    The migration of a database that stays runs to its end: one that is killed may leave half of its work.
    """
    owner, snapshot = identity(body), _snapshot(operator, identity(body))
    delete_all = {text(database, "deletionPolicy") for database in mappings(body.get("spec"), "databases")} <= {
        "Delete"
    }
    migrating = frozenset[str]() if delete_all else unfinished_migrations(snapshot, on_lost_nodes=False)
    stays = {key for key in snapshot.records if key[0] not in RUNNING or (key[0] == "Job" and key[1] in migrating)}
    stopped = await operator.cluster.prune(owner, stays)
    refused = tuple(part for part in stopped if part.state is State.STALLED)
    jobs = tuple(
        Part(
            "Kubernetes",
            "Job",
            name,
            State.DELETING,
            Reason.MIGRATION_RUNNING,
            f"migration Job {name} is running, and its database is retained; delete the Job to stop it now",
        )
        for name in sorted(migrating)
    )
    if not operator.pods.alive(snapshot.key):
        return (*refused, *jobs) or await _listed_pods(operator, owner)
    message = "pods are terminating; their external resources are deleted afterwards"
    pods = Part("Kubernetes", "Pod", owner.name, State.DELETING, Reason.DELETING, message, after=LOOK_AT_PODS)
    return (*refused, *jobs, pods)


async def _listed_pods(operator: Operator, owner: Identity) -> tuple[Part, ...]:
    """Return what the deletion waits for: pods that the API server lists and the watch has not shown.

    A list that cannot be read is waited for, too, so that nothing is deleted meanwhile.
    """
    pods = Part("Kubernetes", "Pod", owner.name, State.DELETING, Reason.DELETING, after=LOOK_AT_PODS)
    try:
        async for listed in operator.cluster.pods(owner):
            if operator.pods.unseen((owner.namespace, owner.name), listed):
                return (replace(pods, message="pods are running; external resources are deleted after them"),)
    except (NeedsPerson, NotYet) as error:
        return (with_error(pods, error),)
    return ()


async def _write_status(operator: Operator, body: Body, facts: Facts) -> Requeue:
    """Write the status if it differs, post Events, and return when to reconcile again."""
    before = body.get("status") or {}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    after = status.summarise(facts, before, now)
    patch = status.patch(before, after)
    if patch:
        answer = await operator.cluster.patch(identity(body), {"status": patch}, "status")
        operator.watched.record_write(answer)
    parts = (*facts.children, *facts.external, *facts.deletion)
    await _post_all(operator, body, (*parts, *facts.left), status.turn(before, after))
    waits = [part.after for part in parts if part.after is not None and not part.failed]
    external = any(part.layer != "Kubernetes" for part in parts)
    waits += [] if facts.again is None else [facts.again]
    waits.append(operator.resync if external else operator.resync * SLOWER)
    if any(part.state in (State.STALLED, State.UNKNOWN) for part in parts) or facts.refused:
        waits.append(min(RETRY_STALLED, operator.resync))
    return Requeue(min(waits), failed=any(part.failed for part in parts))


async def _post_all(operator: Operator, body: Body, parts: Iterable[Part], *more: Event | None) -> None:
    happened = [event for part in parts for event in part.events] + [event for event in more if event]
    for event in dict.fromkeys(happened):  # the Event of a part is also that of the whole, and is posted once
        await events.post(operator.cluster.connection, identity(body), event)


async def add_finalizer(operator: Operator, body: Body) -> None:
    """Set the finalizer before the first external resource is created."""
    if names.FINALIZER not in (body["metadata"].get("finalizers") or []):
        await _set_finalizers(operator, body, lambda others: [*others, names.FINALIZER])


async def remove_finalizer(operator: Operator, body: Body) -> None:
    """Remove the finalizer; no external resource is left to delete."""
    if names.FINALIZER in (body["metadata"].get("finalizers") or []):
        await _set_finalizers(operator, body, lambda others: others)


async def _set_finalizers(operator: Operator, body: Body, change: Callable[[list[str]], list[str]]) -> None:
    """Change our finalizer only. List and resourceVersion are of one object, so no finalizer of others is lost."""
    owner = identity(body)
    current = operator.watched.microservices.get((owner.namespace, owner.name))
    if current is None or current["metadata"]["uid"] != owner.uid:
        raise Gone(f"Microservice {owner.name} no longer exists")
    metadata = current["metadata"]
    others = [finalizer for finalizer in metadata.get("finalizers") or [] if finalizer != names.FINALIZER]
    patch = {"metadata": {"finalizers": change(others), "resourceVersion": metadata["resourceVersion"]}}
    answer = await operator.cluster.patch(identity(body), patch)
    operator.watched.record_write(answer)


class _Refused(Exception):
    """The reason why the whole reconciliation cannot go on."""

    def __init__(self, reason: Reason, error: Exception | str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(str(error))
        self.reason = reason
        self.problems = problems


def _inputs(watched: WatchedResources, body: Body) -> tuple[Microservice, Environment | None, Used]:
    """A Microservice, its Environment, and how that was chosen.

    Raises _Refused, and NotYet while the namespace is not known.
    """
    try:
        service = microservice(body)
    except InvalidSpec as error:
        raise _Refused(Reason.INVALID_SPEC, error, error.problems) from None
    used = _used(body.get("status") or {})
    try:
        environment, used = watched.environment_of(service.namespace, service.spec.environment, used)
    except InvalidSpec as error:
        message = f"the Environment is not valid: {error}; its owner must correct it"
        raise _Refused(Reason.ENVIRONMENT_REFUSED, message) from None
    except LookupError as error:
        raise _Refused(Reason.ENVIRONMENT_MISSING, error) from None
    if environment is not None and not watched.admits(environment, service.namespace):
        message = (
            f"Environment {environment.name} does not allow namespace {service.namespace}; "
            "label the namespace as the Environment's spec.namespaces requires, or use another Environment"
        )
        raise _Refused(Reason.ENVIRONMENT_REFUSED, message)
    if message := too_many_tags(shared_tags(environment), service.spec.tags):
        raise _Refused(Reason.INVALID_SPEC, f"spec.tags {message}", (Problem("spec.tags", message),))
    return service, environment, used


def _used(status: Body) -> Used:
    """The Environment that the last reconciliation used."""
    return Used(str(status.get("environment") or ""), str(status.get("environmentFrom") or ""))


def _edges(
    watched: WatchedResources, service: Microservice, environment: Environment | None
) -> tuple[Part, ...] | None:
    declared, refs = service.spec.dependencies or [], service.spec.table_refs or []
    edges = [dependency_part(service, d, watched.dependency((service.namespace, d.name))) for d in declared]
    account_id = environment.spec.aws.account_id if environment and environment.spec.aws else ""
    edges += [table_ref_part(ref, trouble(service, ref, watched, account_id)) for ref in refs]
    return tuple(edges) or None


def _urls(operator: Operator, service: Microservice) -> dict[str, str]:
    records = operator.cluster.children.of((service.namespace, service.name))
    running = records.get(("Deployment", service.name))
    return dependency_urls(
        service, lambda name: operator.watched.dependency((service.namespace, name)), running.urls if running else {}
    )


def _messages(parts: Iterable[Part]) -> dict[str, Message]:
    """The topics or queues that exist."""
    return {part.name: Message(part.id, ready=reachable(part)) for part in parts if part.id}


def recreation_handled(requested: str, handled: str, stores: Iterable[Part]) -> str:
    """The handled value of the recreate annotation.

    It is used up once no table, instance or database of that name is lost or on its way. Otherwise it would stay valid
    for another loss, of which nobody knew when it was given.
    """
    named = [part for part in stores if part.name == requested.partition("/")[0]]
    over = bool(named) and all(
        part.state is State.READY or (part.state is State.STALLED and part.reason not in _LOST) for part in named
    )
    return requested if requested and (over or requested == handled) else ""


def _names_nothing(lost: str, stores: Iterable[Part]) -> tuple[Problem, ...]:
    """A notice when the recreate annotation names nothing that is declared."""
    if not lost or any(part.name == lost for part in stores):
        return ()
    message = f"no table and no database {lost} is declared; correct the name, or remove the annotation"
    return (Problem(f"metadata.annotations[{names.ANNOTATION_RECREATE}]", message),)


def unused_sources(stores: Iterable[Part]) -> Iterable[Problem]:
    """A notice for each `restoreFrom` without effect, because its table or instance exists."""
    return (part.problem for part in stores if part.state is State.READY and part.field.endswith(".restoreFrom"))


def _overridden_tags(inputs: _Inputs) -> Iterable[Problem]:
    """A notice for each tag without effect: a change of the Environment must not stop its Microservices."""
    overridden = overridden_tags(shared_tags(inputs.environment), inputs.service.spec.tags)
    return (Problem(field, message) for field, message in overridden)


def _left_behind(removals: Mapping[tuple[str, str], Removal]) -> list[str]:
    resources = sorted(
        (kind, name, id_)
        for (declared_kind, name), removal in removals.items()
        # a declared resource that was never created has no id
        for kind, id_ in (removal.known or {declared_kind: ""}).items()
    )
    return [f"{kind} {name} ({id_})" if id_ else f"{kind} {name}" for kind, name, id_ in resources] or ["nothing"]


def _requested_at(body: Body) -> str:
    # What the status can echo: the schema bounds it.
    return str((body["metadata"].get("annotations") or {}).get(names.ANNOTATION_RECONCILE, ""))[:253]
