"""Rules across fields of a Microservice's spec, each in CEL and in Python.

Transition rules are at the root of the spec, so that they also apply when a whole block is replaced. They do not apply
when an item is removed and declared again later, because CEL sees only one change. In that case the reconciler compares
the spec with the existing resource and refuses the change (ChangeRefused).
"""

from collections.abc import Callable
from typing import Any

from ..names import variable
from .base import Rule, Transition
from .stores import SMALLEST_STORAGE, gibibytes

DATABASE_VARIABLES = ("URL", "HOST", "PORT", "NAME", "USER", "PASSWORD")
BUILT_IN_VOLUME = "tmp"
DEFAULT_PORT = "http"


def _has_port(name: str) -> str:
    """Build the CEL for "a port of that name is declared"; the default port exists only in Python, see `crd`."""
    return f"(has(self.ports) ? self.ports.exists(p, p.name == {name}) : {name} == '{DEFAULT_PORT}')"


def _exactly_once(port: str, attribute: str, message: str) -> Rule:
    """Build the rule that no two ports have the same `port` and protocol."""
    return Rule(
        cel="!has(self.ports) || self.ports.all(p,"
        f" self.ports.filter(q, q.{port} == p.{port} && q.protocol == p.protocol).size() == 1)",
        holds=lambda self: len({(getattr(p, attribute), p.protocol) for p in self.ports}) == len(self.ports),
        message=message,
        field="ports",
    )


def _probe_port(probe: str, attribute: str) -> Rule:
    """Build the rule that a port name in a probe is the name of a declared port."""

    def cel(action: str) -> str:
        port = f"self.{probe}.{action}.port"
        return f"(!has(self.{probe}.{action}) || !has({port}) || type({port}) != string || {_has_port(port)})"

    def holds(self: Any) -> bool:
        probe_spec = getattr(self, attribute)
        actions = [probe_spec.http_get, probe_spec.tcp_socket] if probe_spec else []
        wanted = [action.port for action in actions if action and isinstance(action.port, str)]
        return all(any(port.name == name for port in self.ports) for name in wanted)

    return Rule(
        cel=f"!has(self.{probe}) || ({cel('httpGet')} && {cel('tcpSocket')})",
        holds=holds,
        message=f"{probe}: the port is not declared; use the name of one of spec.ports, or a number",
        field=probe,
    )


def _requested(resource: str, field: str, attribute: str, *, by_default: bool = False) -> Rule:
    """Build the rule that each container requests a resource whose utilization the autoscaler measures.

    A limit is enough: Kubernetes uses it as the request if there is none.
    """
    bare = "!has(a.targetCPUUtilizationPercentage) && !has(a.targetMemoryUtilizationPercentage)"
    bare += " && (!has(a.metrics) || a.metrics.size() == 0)"
    targets = f"has(a.{field}) || (has(a.metrics) && a.metrics.exists(m, has(m.resource)"
    targets += f" && m.resource.name == '{resource}' && m.resource.target.type == 'Utilization'))"
    targets += f" || ({bare})" if by_default else ""

    def named(owner: str) -> str:
        where = (f"{owner}.resources.requests", f"{owner}.resources.limits")
        return f"!has({owner}.resources) || " + " || ".join(f"has({path}) && '{resource}' in {path}" for path in where)

    def holds(self: Any) -> bool:
        scaling = self.autoscaling
        if scaling is None:
            return True
        metrics = [m.resource for m in scaling.metrics or [] if m.resource]
        looks = any(m.name == resource and m.target.type == "Utilization" for m in metrics)
        percents = (scaling.target_cpu_utilization_percentage, scaling.target_memory_utilization_percentage)
        looks = looks or getattr(scaling, attribute) is not None
        looks = looks or (by_default and percents == (None, None) and not scaling.metrics)
        given = [owner.resources for owner in (self, *(self.sidecars or [])) if owner.resources]
        return not looks or all(resource in {**(r.requests or {}), **(r.limits or {})} for r in given)

    return Rule(
        cel=f"!has(self.autoscaling) || [self.autoscaling].all(a, !({targets})) || (({named('self')})"
        f" && (!has(self.sidecars) || self.sidecars.all(c, {named('c')})))",
        holds=holds,
        message=f"autoscaling: {resource} utilization is measured in percent of the request, but resources has none;"
        f" add requests.{resource} there, or set another target",
        field="resources",
    )


def _once(probe: str, attribute: str) -> Rule:
    """Build the rule that successThreshold is 1: Kubernetes allows more only for readiness probes."""
    return Rule(
        cel=f"!has(self.{probe}) || !has(self.{probe}.successThreshold) || self.{probe}.successThreshold == 1",
        holds=lambda self: (probe := getattr(self, attribute)) is None or probe.success_threshold in (None, 1),
        message=f"{probe}: successThreshold must be 1 here; remove it",
        field=probe,
    )


def _mounted(containers: str | None, attribute: str = "") -> Rule:
    """Build the rule that every mounted volume is declared; `containers` is the field of a list, None the main one."""

    def cel(owner: str) -> str:
        return (
            f"(!has({owner}.volumeMounts) || {owner}.volumeMounts.all(m, m.name == '{BUILT_IN_VOLUME}'"
            " || (has(self.volumes) && self.volumes.exists(v, v.name == m.name))))"
        )

    def holds(self: Any) -> bool:
        declared = {BUILT_IN_VOLUME, *(volume.name for volume in self.volumes or [])}
        owners = (getattr(self, attribute) or []) if attribute else [self]
        return all(mount.name in declared for owner in owners for mount in owner.volume_mounts or [])

    where = f"{containers}: volumeMounts" if containers else "volumeMounts"
    return Rule(
        cel=cel("self") if not containers else f"!has(self.{containers}) || self.{containers}.all(c, {cel('c')})",
        holds=holds,
        message=f"{where}: a volume is not declared; add it to spec.volumes",
        field=containers or "volumeMounts",
    )


def _cel_variable(item: str, suffix: str) -> str:
    return f"{item}.name.upperAscii().replace('-', '_') + '_{suffix}'"


def _names(items: Any) -> set[str]:
    return {item.name for item in items or []}


def _ends(subscription: Any) -> tuple[str, str, str]:
    return subscription.topic.microservice, subscription.topic.name, subscription.queue


def _database_variables(self: Any) -> set[str]:
    prefixes = [d.connection.env_prefix if d.connection else "DATABASE" for d in self.databases or []]
    return {f"{prefix}_{suffix}" for prefix in prefixes for suffix in DATABASE_VARIABLES}


_ENV_PREFIX = "(has(d.connection) ? d.connection.envPrefix : 'DATABASE')"
_DATABASE_SUFFIXES = "[" + ", ".join(f"'_{suffix}'" for suffix in DATABASE_VARIABLES) + "]"

RULES = (
    Rule(
        cel="!(has(self.replicas) && has(self.autoscaling))",
        holds=lambda self: self.replicas is None or self.autoscaling is None,
        message="set replicas or autoscaling, not both; remove replicas, because the autoscaler sets the number of"
        " pods",
        field="replicas",
    ),
    Rule(
        cel="self.replicasManagedBy == 'Operator' || !has(self.autoscaling)",
        holds=lambda self: self.replicas_managed_by == "Operator" or self.autoscaling is None,
        message="replicasManagedBy: with External another controller sets the number of pods, but autoscaling creates"
        " an autoscaler too; remove one of them",
        field="replicasManagedBy",
    ),
    _requested("cpu", "targetCPUUtilizationPercentage", "target_cpu_utilization_percentage", by_default=True),
    _requested("memory", "targetMemoryUtilizationPercentage", "target_memory_utilization_percentage"),
    _exactly_once(
        "servicePort",
        "service_port",
        "ports: a servicePort may appear only once per protocol; use another number for one of them",
    ),
    _exactly_once(
        "containerPort",
        "container_port",
        "ports: a containerPort may appear only once per protocol; remove the duplicate",
    ),
    Rule(
        cel=f"!has(self.metrics) || {_has_port('self.metrics.port')}",
        holds=lambda self: self.metrics is None or any(p.name == self.metrics.port for p in self.ports),
        message="metrics.port is not a declared port; use the name of one of spec.ports",
        field="metrics.port",
    ),
    _probe_port("livenessProbe", "liveness_probe"),
    _probe_port("readinessProbe", "readiness_probe"),
    _probe_port("startupProbe", "startup_probe"),
    _once("livenessProbe", "liveness_probe"),
    _once("startupProbe", "startup_probe"),
    Rule(
        cel="!has(self.readinessProbe) || !has(self.readinessProbe.terminationGracePeriodSeconds)",
        holds=lambda self: (
            self.readiness_probe is None or self.readiness_probe.termination_grace_period_seconds is None
        ),
        message="readinessProbe: terminationGracePeriodSeconds has no effect, because this probe stops no container;"
        " remove it",
        field="readinessProbe",
    ),
    _mounted(None),
    _mounted("initContainers", "init_containers"),
    _mounted("sidecars", "sidecars"),
    Rule(
        cel="!has(self.initContainers) || self.initContainers.all(c, !has(c.livenessProbe) && !has(c.readinessProbe)"
        " && !has(c.startupProbe) && !has(c.lifecycle))",
        holds=lambda self: all(
            (c.liveness_probe, c.readiness_probe, c.startup_probe, c.lifecycle) == (None,) * 4
            for c in self.init_containers or []
        ),
        message="initContainers: probes and lifecycle are only for containers that keep running; remove them, or move"
        " the container to sidecars",
        field="initContainers",
    ),
    Rule(
        cel="!has(self.volumes) || !self.volumes.exists(v, v.name == 'tmp' && !has(v.emptyDir))",
        holds=lambda self: all(v.name != BUILT_IN_VOLUME or v.empty_dir for v in self.volumes or []),
        message="volumes: tmp is the built-in emptyDir at /tmp; rename the volume of another type",
        field="volumes",
    ),
    Rule(
        cel="!has(self.sidecars) || !has(self.initContainers)"
        " || !self.sidecars.exists(s, self.initContainers.exists(i, i.name == s.name))",
        holds=lambda self: not {c.name for c in self.sidecars or []} & {c.name for c in self.init_containers or []},
        message="sidecars: one of initContainers has the same name; rename one of them",
        field="sidecars",
    ),
    Rule(
        cel="!has(self.lifecycle) || !has(self.lifecycle.preStop) || !has(self.lifecycle.preStop.sleep)"
        " || self.lifecycle.preStop.sleep.seconds <= self.terminationGracePeriodSeconds",
        holds=lambda self: (
            not (self.lifecycle and self.lifecycle.pre_stop and self.lifecycle.pre_stop.sleep)
            or self.lifecycle.pre_stop.sleep.seconds <= self.termination_grace_period_seconds
        ),
        message="lifecycle.preStop.sleep exceeds terminationGracePeriodSeconds; raise the latter or shorten the sleep",
        field="lifecycle.preStop",
    ),
    Rule(
        cel="!has(self.env) || !has(self.tables)"
        f" || self.tables.all(t, !self.env.exists(e, e.name == {_cel_variable('t', 'TABLE')}))",
        holds=lambda self: not _names(self.env) & {variable(t.name, "TABLE") for t in self.tables or []},
        message="env: one of tables already sets this variable; remove it from env, or rename it",
        field="env",
    ),
    Rule(
        cel="!has(self.env) || !has(self.dependencies)"
        f" || self.dependencies.all(d, !self.env.exists(e, e.name == {_cel_variable('d', 'URL')}))",
        holds=lambda self: not _names(self.env) & {variable(d.name, "URL") for d in self.dependencies or []},
        message="env: one of dependencies already sets this variable; remove it from env, or rename it",
        field="env",
    ),
    Rule(
        cel="!has(self.env) || !has(self.databases) || self.databases.all(d,"
        f" !self.env.exists(e, {_DATABASE_SUFFIXES}.exists(s, e.name == {_ENV_PREFIX} + s)))",
        holds=lambda self: not _names(self.env) & _database_variables(self),
        message="env: one of databases already sets this variable; remove it from env, or set connection.envPrefix of"
        " the database",
        field="env",
    ),
    Rule(
        cel="!has(self.env) || !has(self.topics)"
        f" || self.topics.all(t, !self.env.exists(e, e.name == {_cel_variable('t', 'TOPIC_ARN')}))",
        holds=lambda self: not _names(self.env) & {variable(t.name, "TOPIC_ARN") for t in self.topics or []},
        message="env: one of topics already sets this variable; remove it from env, or rename it",
        field="env",
    ),
    Rule(
        cel="!has(self.env) || !has(self.queues)"
        f" || self.queues.all(q, !self.env.exists(e, e.name == {_cel_variable('q', 'QUEUE_URL')}))",
        holds=lambda self: not _names(self.env) & {variable(q.name, "QUEUE_URL") for q in self.queues or []},
        message="env: one of queues already sets this variable; remove it from env, or rename it",
        field="env",
    ),
    Rule(
        cel="!has(self.subscriptions)"
        " || self.subscriptions.all(s, has(self.queues) && self.queues.exists(q, q.name == s.queue))",
        holds=lambda self: {s.queue for s in self.subscriptions or []} <= _names(self.queues),
        message="subscriptions: a queue is not declared; add it to spec.queues",
        field="subscriptions",
    ),
    Rule(
        cel="!has(self.subscriptions) || self.subscriptions.all(s, !has(s.deadLetterQueue)"
        " || (s.deadLetterQueue != s.queue && has(self.queues)"
        " && self.queues.exists(q, q.name == s.deadLetterQueue)))",
        holds=lambda self: all(
            s.dead_letter_queue is None
            or (s.dead_letter_queue != s.queue and s.dead_letter_queue in _names(self.queues))
            for s in self.subscriptions or []
        ),
        message="subscriptions: deadLetterQueue must be another declared queue; add it to spec.queues",
        field="subscriptions",
    ),
    Rule(
        cel="!has(self.subscriptions) || self.subscriptions.all(s, self.subscriptions.filter(o, o.queue == s.queue"
        " && o.topic.name == s.topic.name && o.topic.microservice == s.topic.microservice).size() == 1)",
        holds=lambda self: len({_ends(s) for s in self.subscriptions or []}) == len(self.subscriptions or []),
        message="subscriptions: two have the same topic and the same queue; remove one of them",
        field="subscriptions",
    ),
    Rule(
        cel="!has(self.dependencies) || !has(self.databases) || self.databases.all(d,"
        f" !self.dependencies.exists(p, {_cel_variable('p', 'URL')} == {_ENV_PREFIX} + '_URL'))",
        holds=lambda self: not {variable(d.name, "URL") for d in self.dependencies or []} & _database_variables(self),
        message="dependencies: a dependency and a database would set the same variable; set connection.envPrefix of the"
        " database",
        field="dependencies",
    ),
)


def _kept(*fields: str) -> Callable[[Any, Any], bool]:
    """Build a check that tables in both versions have equal `fields`."""

    def holds(new: Any, old: Any) -> bool:
        before = {table.name: table for table in old.tables or []}
        return all(
            getattr(table, field) == getattr(before[table.name], field)
            for table in new.tables or []
            if table.name in before
            for field in fields
        )

    return holds


def _kept_cel(condition: str) -> str:
    return (
        "!has(oldSelf.tables) || !has(self.tables) || "
        f"self.tables.all(n, oldSelf.tables.all(o, o.name != n.name || ({condition})))"
    )


def _same(field: str) -> str:
    return f"has(n.{field}) == has(o.{field}) && (!has(n.{field}) || n.{field} == o.{field})"


def _grown(new: Any, old: Any) -> bool:
    return _database_pairs(new, old, lambda n, o: _size(n) >= _size(o))


def _not_downgraded(new: Any, old: Any) -> bool:
    return _database_pairs(new, old, lambda n, o: int(n.version) >= int(o.version))


def _database_pairs(new: Any, old: Any, holds: Callable[[Any, Any], bool]) -> bool:
    """Return whether `holds` is true for every database that is in both versions."""
    before = {database.name: database for database in old.databases or []}
    return all(holds(d, before[d.name]) for d in new.databases or [] if d.name in before)


def _size(database: Any) -> int:
    return gibibytes(database.storage.size) if database.storage else SMALLEST_STORAGE


def _size_cel(item: str) -> str:
    size = f"{item}.storage.size"
    return f"(has({item}.storage) && has({size}) ? int({size}.replace('Gi', '')) : {SMALLEST_STORAGE})"


def _databases_cel(condition: str) -> str:
    return (
        "!has(oldSelf.databases) || !has(self.databases) || "
        f"self.databases.all(n, oldSelf.databases.all(o, o.name != n.name || {condition}))"
    )


TRANSITIONS = (
    Transition(
        cel=_databases_cel(f"{_size_cel('n')} >= {_size_cel('o')}"),
        holds=_grown,
        message="databases: storage.size cannot be lowered; restore its value, or declare a database with another name"
        " and move the data",
        field="databases",
    ),
    Transition(
        cel=_databases_cel("int(n.version) >= int(o.version)"),
        holds=_not_downgraded,
        message="databases: version cannot be lowered; restore its value, or declare a database with another name and"
        " move the data",
        field="databases",
    ),
    Transition(
        cel=_kept_cel(f"n.partitionKey == o.partitionKey && {_same('sortKey')}"),
        holds=_kept("partition_key", "sort_key"),
        message="tables: partitionKey and sortKey are immutable; declare a table with another name and copy the data",
        field="tables",
    ),
    Transition(
        cel=_kept_cel(_same("localSecondaryIndexes")),
        holds=_kept("local_secondary_indexes"),
        message="tables: localSecondaryIndexes are immutable; use a global index or a table with another name",
        field="tables",
    ),
)
