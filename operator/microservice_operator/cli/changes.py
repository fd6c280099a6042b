"""PURE: compares the old and the new version of a service, and lists each change with its effect."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..api.transitions import refused_changes
from ..aws.engine.rules import Effect
from ..aws.preview import Forecast
from ..desired import children
from ..desired.context import Context
from ..desired.prerequisites import migration_job_name
from ..errors import NeedsPerson
from ..external.desired import of_rds
from ..external.preview import SECTIONS, Version, forecasts
from ..external.relocation import moved
from ..facts import Reason
from ..ownership import Owner
from ..partitions import partition
from .placeholders import CLUSTER_ID, cloud_name

# fields of a database that an instance keeps if the spec no longer sets them
_KEPT = ("backup.window", "extendedSupport", "maintenance.window")
_ANYWHERE = ("connection", "deletionPolicy", "extensions", "migration")  # apply to a database on any server


@dataclass(frozen=True)
class Row:
    """One change: a path in the spec, the effect, and a short description."""

    field: str
    effect: str
    what: str


def steps(new: Context, old: Context) -> Iterator[Row]:
    """Yield every change, external resources first.

    Raises NeedsPerson if an Environment lacks what the spec requires.
    """
    rows = list(_resources(Version(new.microservice, new.environment), Version(old.microservice, old.environment)))
    yield from _moved(new, old)
    yield from _environment(new, old)
    yield from rows
    refused = [row.field for row in rows if row.effect == Effect.REFUSED]
    for problem in refused_changes(new.microservice.spec, old.microservice.spec):
        if not any(field.startswith(problem.field) or problem.field.startswith(field) for field in refused):
            yield Row(problem.field, Effect.REFUSED, problem.message)
    yield from _migrations(new, old)
    yield from _workload(new, old)
    yield from _service(new, old)


def _moved(new: Context, old: Context) -> Iterator[Row]:
    """Yield what a reconciliation would refuse, because resources do not move to another region or account."""
    aws, spec = old.environment.spec.aws if old.environment else None, old.microservice.spec
    if aws is None:
        return
    made: tuple[tuple[str, str, Iterable[Any]], ...] = (
        ("Database", "rds", spec.databases or () if of_rds(old.environment) else ()),
        ("Table", "dynamodb", spec.tables or ()),
        ("Topic", "sns", spec.topics or ()),
        ("Queue", "sqs", spec.queues or ()),
    )
    of, site = old.microservice.identity, f"{aws.region}:{aws.account_id}"
    start = f"arn:{partition(aws.region)}"
    arns = {
        (kind, item.name): f"{start}:{service}:{site}:{cloud_name(of.namespace, of.name, item.name)}"
        for kind, service, items in made
        for item in items
    }
    if refused := moved(arns, new.environment):
        yield Row("spec.environment", Effect.REFUSED, refused)


def _environment(new: Context, old: Context) -> Iterator[Row]:
    """Yield changes of the Environment that reach the service: the operator's role, and the API of the routes."""
    if new.environment is None or old.environment is None:
        return
    aws, was = (around.spec.manifest().get("aws") or {} for around in (new.environment, old.environment))
    sections = ("roleARN", "externalID", *(["apiGateway"] if new.microservice.spec.api else []))
    new_fields, old_fields = ({name: each[name] for name in sections if name in each} for each in (aws, was))
    for field in _differing(new_fields, old_fields):
        replaced = field == "apiGateway.stage"
        what = "the old stage and its URL are deleted" if replaced else f"changing {field}"
        effect = Effect.REPLACE if replaced else Effect.IN_PLACE
        yield Row(f"Environment {new.environment.name}: spec.aws.{field}", effect, what)


def _migrations(new: Context, old: Context) -> Iterator[Row]:
    """Yield the migrations that would run: a Job runs once per name, and the name depends on the Job's content."""
    before = {database.name: database for database in old.microservice.spec.databases or []}
    for index, database in enumerate(new.microservice.spec.databases or []):
        was = before.get(database.name)
        if was is None or database.migration is None:
            continue
        if was.migration is None or migration_job_name(new, database) != migration_job_name(old, was):
            ran = " ".join([*(database.migration.command or []), *(database.migration.args or [])]) or "the image"
            what = f"runs as the schema owner before the pods are replaced: {ran}"
            yield Row(f"spec.databases[{index}].migration", "migrate", what)


def _resources(new: Version, old: Version) -> Iterator[Row]:
    both = new.of("databases").keys() & old.of("databases").keys()
    if both and (new.environment is None or old.environment is None):
        message = "the Environment of the databases is unknown; add its file with --environment"
        raise NeedsPerson(Reason.ENVIRONMENT_MISSING, message, "spec.databases")
    if both and bool(of_rds(new.environment)) != bool(of_rds(old.environment)):
        message = "the Environment's databases.provider changed, which moves no data; restore the old provider"
        raise NeedsPerson(Reason.CHANGE_REFUSED, message, "spec.databases")
    owner = Owner(CLUSTER_ID, new.service.identity)
    changes_of = {(section, name): changes for section, name, changes in forecasts(owner, new, old)}
    for section in SECTIONS:
        wanted, was = new.of(section), old.of(section)
        for index, name in enumerate(wanted):
            path = f"spec.{section}[{index}]"
            if name not in was:
                yield Row(path, "created", name)
                continue
            predicted = changes_of.get((section, name))
            yield from (_row(path, change) for change in predicted or ())
            if not any(change.effect is Effect.REFUSED for change in predicted or ()):
                yield from _others(path, wanted[name].manifest(), was[name].manifest(), predicted)
        for name in sorted(was.keys() - wanted.keys()):
            yield Row(f"spec.{section}", "retained", f"{name} is no longer declared")


def _row(path: str, change: Forecast) -> Row:
    of_the_item = re.fullmatch(r"[a-z][A-Za-z]*(\.[A-Za-z]+)*", change.field) and change.field != "tags"
    return Row(f"{path}.{change.field}" if of_the_item else path, change.effect, change.what)


def _others(
    path: str, new: Mapping[str, Any], old: Mapping[str, Any], predicted: tuple[Forecast, ...] | None
) -> Iterator[Row]:
    """Yield changes that are not sent to AWS, or not as a change of the resource itself."""
    for field in _differing(new, old):
        if any(_within(field, change.field) or _within(change.field, field) for change in predicted or ()):
            continue
        if predicted is None and field.split(".")[0] not in _ANYWHERE:
            what = "has no effect on a shared server"
        elif field in _KEPT and not _is_set(new, field):
            what = "no longer declared; the instance keeps its value"
        elif field == "extendedSupport":
            what = "no change, unless RDS Extended Support is on, which then ends"
        else:
            what = f"changing {field}"
        yield Row(f"{path}.{field}", Effect.IN_PLACE, what)


def _is_set(manifest: Mapping[str, Any], field: str) -> bool:
    """Return whether the manifest has a value at a path such as `backup.window`."""
    value: Any = manifest
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value is not None


def _within(field: str, parent: str) -> bool:
    return field == parent or field.startswith(f"{parent}.")


def _differing(new: Mapping[str, Any], old: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name in sorted(new.keys() | old.keys()):
        here, there = new.get(name), old.get(name)
        if isinstance(here, dict) and isinstance(there, dict):
            yield from _differing(here, there, f"{path}{name}.")
        elif here != there:
            yield f"{path}{name}"


def _workload(new: Context, old: Context) -> Iterator[Row]:
    """Yield the change of the workload: the pods are replaced only if their template differs."""
    wanted, was = new.microservice.spec.manifest(), old.microservice.spec.manifest()
    fields = sorted(name for name in wanted.keys() | was.keys() if wanted.get(name) != was.get(name))
    changing = ", ".join(name for name in fields if name not in SECTIONS)
    if _template(new) != _template(old):
        yield Row(
            "spec", "rollout", f"the pods are replaced: changing {changing}" if changing else "the pods are replaced"
        )
    elif changing:
        yield Row("spec", Effect.IN_PLACE, f"changing {changing}")


def _service(new: Context, old: Context) -> Iterator[Row]:
    """Yield the Service that comes or goes with the first or the last port."""
    service, ports, before = new.microservice, new.microservice.spec.ports, old.microservice.spec.ports
    if ports and not before:
        yield Row("spec.ports", "created", f"the Service {service.name}")
    if before and not ports:
        yield Row("spec.ports", "deleted", f"the Service {service.name}, so nothing can call the pods any more")


def _template(context: Context) -> Any:
    return next(
        (child.body["spec"]["template"] for child in children(context) if child.kind == "Deployment" and child.body),
        None,
    )
