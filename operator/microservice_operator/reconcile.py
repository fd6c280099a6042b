"""HOW: one pass over one Microservice: observe, plan, act, summarise; the same one whatever has happened."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from . import desired, events, names, status
from .api.objects import Environment, Microservice, identity, microservice
from .cloud import reachable, usable
from .cluster.pods import Pods
from .cluster.writes import Cluster
from .dependencies import dependency_part, table_ref_part
from .desired.context import Context, Message, Table
from .errors import Gone, InvalidSpec, OperatorError
from .facts import Event, Facts, Part, Reason, Section, State
from .outside import Before, Leaves, Outside, identity_wait, is_over, known_parts, role_arn, table_ref_names, trouble
from .workload import deployment_part, finished_migrations, migration_part, migrations, workload
from .world import Key, World

RETRY_STALLED = 120.0
SLOWER = 10  # watches show what happens in the cluster; a look without cause is only a safety net there
# What could not be looked at this time was fine when it was: pods do not wait for the operator's own view.
USABLE = (State.READY, State.UNKNOWN)
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Operator:
    """What every pass works with; `resync` is seconds, `service_monitors` tells whether that CRD is served."""

    world: World
    cluster: Cluster
    pods: Pods
    outside: Outside
    resync: float
    aws_endpoint_url: str | None
    service_monitors: Callable[[], bool]


@dataclass(frozen=True)
class Again:
    """When to look again, in seconds; `failed`: or sooner or later, by the back-off, for an attempt failed."""

    after: float
    failed: bool = False


async def reconcile(operator: Operator, key: Key) -> Again | None:
    """One pass; returns when to look again, `None` for not before something happens.

    Raises NotYet when the API server is out of order, and whatever nobody expected, after the status says so.
    """
    body = operator.world.microservices.get(key)
    if body is None:
        return None
    facts = Facts(generation=body["metadata"].get("generation", 0), reconcile_requested_at=_requested_at(body))
    try:
        if "deletionTimestamp" in body["metadata"]:
            return await _let_go(operator, body, facts)
        return await _conclude(operator, body, await _provide(operator, body, facts))
    except Gone:
        return None
    except OperatorError:
        raise
    except Exception:
        message = "the operator failed on this resource; its log has the cause, it tries again by itself"
        failed = Part("Kubernetes", "Microservice", "", State.UNKNOWN, Reason.INTERNAL_ERROR, message)
        await _conclude(operator, body, replace(facts, refused=failed))
        raise


async def _provide(operator: Operator, body: Body, facts: Facts) -> Facts:
    """Everything that a Microservice needs which is to be there."""
    key = identity(body)
    facts = replace(facts, workload=workload(operator.cluster.children, operator.pods, key))
    try:
        service = microservice(body)
        environment = _environment(operator.world, service)
    except InvalidSpec as error:
        return _refuse(replace(facts, problems=error.problems), Reason.INVALID_SPEC, str(error))
    except LookupError as error:
        return _refuse(facts, Reason.ENVIRONMENT_MISSING, str(error))
    except PermissionError as error:
        return _refuse(facts, Reason.ENVIRONMENT_REFUSED, str(error))
    if service.spec.suspend:
        return replace(facts, suspended=True)
    if facts.reconcile_requested_at != (body.get("status") or {}).get("lastHandledReconcileAt", ""):
        operator.outside.settled.forget(key.uid)
    known, asked = known_parts(body.get("status") or {}), service.annotations.get(names.ANNOTATION_RECREATE, "")
    handled = (body.get("status") or {}).get("lastHandledRecreate", "")
    before = Before(known, asked if asked != handled else "")
    if known or operator.outside.declares(service, environment):
        await _hold(operator, body)
    provided = await operator.outside.provide(service, environment, before, operator.world)
    if not provided.parts:
        await _release(operator, body)
    if any(event.reason is Reason.DATABASE_CREATED for part in provided.parts for event in part.events):
        # What former Jobs have migrated is not in a database that has just been made.
        records = operator.cluster.children.of((key.namespace, key.name))
        await operator.cluster.prune(key, {at for at in records if at[0] != "Job"})
    jobs = migrations(operator.cluster.children, key)
    context = Context(
        microservice=service,
        environment=environment,
        connections=provided.connections,
        database_waits={
            part.name: f"database {part.name} is not ready"
            for part in provided.of("Database")
            if part.state not in USABLE
        },
        migrations=jobs,
        dependency_ports=_ports(operator.world, service),
        tables={
            part.name: Table(_table_name(part.id), part.id, ready=usable(part))
            for part in provided.of("Table")
            if part.id
        },
        topics=_messages(provided.of("Topic")),
        queues=_messages(provided.of("Queue")),
        table_refs=table_ref_names(operator.outside, service, operator.world),
        identity_wait=identity_wait(provided.sections.get(Section.IDENTITY, ())),
        role_arn=role_arn(environment, provided.parts),
        aws_endpoint_url=operator.aws_endpoint_url,
        service_monitors=operator.service_monitors(),
    )
    children = desired.children(context)
    applied = await operator.cluster.apply(key, children)
    keep = {(child.kind, child.name) for child in children}
    await _recall_secrets(operator, body, keep)
    pruned = await operator.cluster.prune(key, keep | finished_migrations(operator.cluster.children, service))
    state = workload(operator.cluster.children, operator.pods, key)
    told = (deployment_part(migration_part(part, jobs), state) for part in applied)
    return replace(
        facts,
        databases=provided.sections.get(Section.DATABASES),
        tables=provided.sections.get(Section.TABLES),
        messaging=provided.sections.get(Section.MESSAGING),
        identity=provided.sections.get(Section.IDENTITY),
        routes=provided.sections.get(Section.ROUTES),
        left=provided.left,
        dependencies=_edges(operator.world, service),
        children=(*told, *pruned),
        workload=state,
        endpoint=f"http://{service.name}.{service.namespace}.svc",
        gateway=provided.address,
        selector=",".join(f"{k}={v}" for k, v in names.selector_labels(service.name).items()),
        environment=environment.name if environment else "",
        recreated=_recreated(asked, handled, provided.parts),
    )


async def _recall_secrets(operator: Operator, body: Body, keep: Collection[tuple[str, str]]) -> None:
    """Read the Secrets that only status remembers: no watch shows them, and what is not known is not pruned."""
    for item in (body.get("status") or {}).get("resources") or []:
        if item["kind"] == "Secret" and ("Secret", item["name"]) not in keep:
            await operator.cluster.secret(identity(body), item["name"])


async def _let_go(operator: Operator, body: Body, facts: Facts) -> Again | None:
    """Let everything outside the cluster go by its policy, then the finalizer; owner references do the rest."""
    if names.FINALIZER not in (body["metadata"].get("finalizers") or []):
        return None
    owner, known = identity(body), known_parts(body.get("status") or {})
    if (body["metadata"].get("annotations") or {}).get(names.ANNOTATION_ABANDON) == "true":
        # one for each: all of them are more than an Event may say
        for what in _left_behind(operator.outside.everything(body.get("spec"), None, known)):
            event = Event("Warning", Reason.ABANDONED, f"abandoned as asked; left behind: {what}")
            await events.post(operator.cluster.connection, owner, event)
        await _release(operator, body)
        return None
    spec = body.get("spec") if isinstance(body.get("spec"), dict) else {}
    try:
        environment = operator.world.environment_of(owner.namespace, (spec or {}).get("environment"))
    except (InvalidSpec, LookupError):
        environment = None
    leaving = operator.outside.everything(body.get("spec"), environment, known)
    parts = await operator.outside.leave(owner, environment, leaving, operator.world)
    if all(is_over(part) for part in parts):
        await _post_all(operator, body, parts)
        await _release(operator, body)
        operator.outside.settled.forget(owner.uid)
        return None
    over = tuple(part for part in parts if is_over(part))
    return await _conclude(operator, body, replace(facts, deletion=tuple(p for p in parts if p not in over), left=over))


async def _conclude(operator: Operator, body: Body, facts: Facts) -> Again:
    """Write the status if it differs, post what happened, and say when to look again."""
    before = body.get("status") or {}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    after = status.summarise(facts, before, now)
    patch = status.patch(before, after)
    if patch:
        answer = await operator.cluster.patch(identity(body), {"status": patch}, "status")
        operator.world.wrote_microservice(answer)
    parts = (*facts.children, *facts.outside, *facts.deletion)
    await _post_all(operator, body, (*parts, *facts.left), status.turn(before, after))
    waits = [part.after for part in parts if part.after is not None and not part.failed]
    outside = any(part.layer != "Kubernetes" for part in parts)
    waits.append(operator.resync if outside else operator.resync * SLOWER)
    if any(part.state in (State.STALLED, State.UNKNOWN) for part in parts) or facts.refused:
        waits.append(min(RETRY_STALLED, operator.resync))
    return Again(min(waits), failed=any(part.failed for part in parts))


async def _post_all(operator: Operator, body: Body, parts: Iterable[Part], *more: Event | None) -> None:
    happened = [event for part in parts for event in part.events] + [event for event in more if event]
    for event in dict.fromkeys(happened):  # a part's trouble is the whole's trouble too, and is told once
        await events.post(operator.cluster.connection, identity(body), event)


async def _hold(operator: Operator, body: Body) -> None:
    """Set the finalizer before anything outside the cluster is made."""
    finalizers = body["metadata"].get("finalizers") or []
    if names.FINALIZER not in finalizers:
        await _set_finalizers(operator, body, [*finalizers, names.FINALIZER])


async def _release(operator: Operator, body: Body) -> None:
    """Take the finalizer off; nothing outside the cluster is left that must go."""
    finalizers = body["metadata"].get("finalizers") or []
    if names.FINALIZER in finalizers:
        await _set_finalizers(operator, body, [f for f in finalizers if f != names.FINALIZER])


async def _set_finalizers(operator: Operator, body: Body, finalizers: list[str]) -> None:
    current = operator.world.microservices.get((body["metadata"]["namespace"], body["metadata"]["name"]), body)
    version = current["metadata"]["resourceVersion"]
    patch = {"metadata": {"finalizers": finalizers, "resourceVersion": version}}
    answer = await operator.cluster.patch(identity(body), patch)
    operator.world.wrote_microservice(answer)


def _environment(world: World, service: Microservice) -> Environment | None:
    """The Environment of a Microservice.

    Raises InvalidSpec, LookupError, and PermissionError when it does not admit the namespace.
    """
    found = world.environment_of(service.namespace, service.spec.environment)
    if found is not None and not world.admits(found, service.namespace):
        raise PermissionError(
            f"Environment {found.name} does not admit namespace {service.namespace}; "
            "label the namespace as the Environment's spec.namespaces asks, or use another Environment"
        )
    return found


def _edges(world: World, service: Microservice) -> tuple[Part, ...] | None:
    declared, refs = service.spec.dependencies or [], service.spec.table_refs or []
    edges = [dependency_part(service, d, world.dependency((service.namespace, d.name))) for d in declared]
    edges += [table_ref_part(ref, trouble(service, ref, world)) for ref in refs]
    return tuple(edges) or None


def _ports(world: World, service: Microservice) -> dict[str, int]:
    """First Service port of every dependency that exists and is valid."""
    found = {d.name: world.dependency((service.namespace, d.name)) for d in service.spec.dependencies or []}
    return {name: other[1].spec.ports[0].service_port for name, other in found.items() if other and other[1]}


def _messages(parts: Iterable[Part]) -> dict[str, Message]:
    """Topics or queues that there are."""
    return {part.name: Message(part.id, ready=reachable(part)) for part in parts if part.id}


def _table_name(arn: str) -> str:
    """What AWS calls the table: `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`."""
    return arn.rpartition("/")[2]


def _recreated(asked: str, handled: str, parts: Iterable[Part]) -> str:
    """What is handled of the permission to make something anew: it is spent once all parts of the name are there."""
    states = [part.state for part in parts if part.name == asked]
    there = bool(states) and all(state is State.READY for state in states)
    return asked if asked and (there or asked == handled) else ""


def _left_behind(leaving: Mapping[tuple[str, str], Leaves]) -> list[str]:
    found = sorted((kind, at[1], known) for at, leaves in leaving.items() for kind, known in leaves.named(at).items())
    return [f"{kind} {name} ({known})" if known else f"{kind} {name}" for kind, name, known in found] or ["nothing"]


def _refuse(facts: Facts, reason: Reason, message: str) -> Facts:
    return replace(facts, refused=Part("Kubernetes", "Microservice", "", State.STALLED, reason, message))


def _requested_at(body: Body) -> str:
    # What the status can echo: the schema bounds it.
    return str((body["metadata"].get("annotations") or {}).get(names.ANNOTATION_RECONCILE, ""))[:253]
