"""`Microservice`: what a service owner writes."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .base import (
    ATOMIC,
    Label,
    Model,
    ObjectName,
    PartName,
    Port,
    PortName,
    Rule,
    ShortText,
    Transition,
    keyed,
)
from .containers import (
    Command,
    Container,
    EnvFrom,
    EnvVar,
    Image,
    Lifecycle,
    PodSecurityContext,
    Probe,
    Resources,
    SecurityContext,
    SourceRef,
    VolumeMount,
)
from .environment import Host, Tags
from .pods import Affinity, DisruptionBudget, Labels, Strategy, Toleration, TopologySpreadConstraint, Volume
from .scaling import Autoscaling, Replicas
from .stores import Database, Duration, Table

CIDR = Annotated[str, StringConstraints(max_length=43, pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")]


class ServicePort(Model):
    """A port of the container and of the Service before it."""

    name: PortName = "http"
    container_port: Port = 8080
    service_port: Port = 80
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    app_protocol: ShortText | None = None


class ServiceOptions(Model):
    """The Service's type and annotations."""

    type: Literal["ClusterIP", "LoadBalancer", "NodePort"] = "ClusterIP"
    annotations: Annotated[dict[ShortText, ShortText], Field(max_length=32)] | None = None


class Dependency(Model):
    """Another Microservice of the same namespace that this one calls."""

    name: PartName
    optional: bool = False


class Caller(Model):
    """Who may call this service: a Microservice of the same namespace, or every pod of another namespace."""

    microservice: PartName | None = None
    namespace: Label | None = None
    rules = (
        Rule(
            cel="has(self.microservice) != has(self.namespace)",
            holds=lambda self: (self.microservice is None) != (self.namespace is None),
            message="access.from takes exactly one of microservice and namespace in each item",
        ),
    )


class Destination(Model):
    """What this service may call beside its dependencies: a host or a CIDR, on given ports."""

    host: Host | None = None
    cidr: CIDR | None = None
    ports: Annotated[list[Port], Field(min_length=1, max_length=32, json_schema_extra=ATOMIC)]
    rules = (
        Rule(
            cel="has(self.host) != has(self.cidr)",
            holds=lambda self: (self.host is None) != (self.cidr is None),
            message="access.to takes exactly one of host and cidr in each item",
        ),
    )


class Access(Model):
    """Who may call this service, and what it may call."""

    from_: Annotated[list[Caller] | None, Field(alias="from", max_length=64, json_schema_extra=ATOMIC)] = None
    to: Annotated[list[Destination], Field(max_length=64, json_schema_extra=ATOMIC)] | None = None


class Metrics(Model):
    """What Prometheus scrapes, by a ServiceMonitor where that CRD exists."""

    port: PortName = "http"
    path: Annotated[str, StringConstraints(max_length=1024, pattern=r"^/")] = "/metrics"
    interval: Duration = "30s"


def _unique(items: list[Any] | None, attribute: str) -> bool:
    values = [getattr(item, attribute) for item in items or []]
    return len(values) == len(set(values))


def _kept(attribute: str, *fields: str) -> Any:
    """Items that both versions of a list have (by name) agree in `fields`."""

    def holds(new: "MicroserviceSpec", old: "MicroserviceSpec") -> bool:
        before = {item.name: item for item in getattr(old, attribute) or []}
        return all(
            getattr(item, field) == getattr(before[item.name], field)
            for item in getattr(new, attribute) or []
            if item.name in before
            for field in fields
        )

    return holds


def _kept_cel(path: str, condition: str) -> str:
    return (
        f"!has(oldSelf.{path}) || !has(self.{path}) || "
        f"self.{path}.all(n, oldSelf.{path}.all(o, o.name != n.name || ({condition})))"
    )


def _same_optional(field: str) -> str:
    return f"has(n.{field}) == has(o.{field}) && (!has(n.{field}) || n.{field} == o.{field})"


class MicroserviceSpec(Model):
    """Spec of a Microservice; `image` is the only required field."""

    environment: ObjectName | None = None
    suspend: bool = False
    image: Image
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    image_pull_secrets: Annotated[list[SourceRef], Field(max_length=16, json_schema_extra=keyed("name"))] | None = None
    command: Command | None = None
    args: Command | None = None
    ports: Annotated[
        list[ServicePort],
        Field(default_factory=lambda: [ServicePort()], min_length=1, max_length=32, json_schema_extra=keyed("name")),
    ]
    service: ServiceOptions | None = None
    replicas: Replicas | None = None
    autoscaling: Autoscaling | None = None
    resources: Resources | None = None
    env: Annotated[list[EnvVar], Field(max_length=256, json_schema_extra=keyed("name"))] | None = None
    env_from: Annotated[list[EnvFrom], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    volumes: Annotated[list[Volume], Field(max_length=64, json_schema_extra=keyed("name"))] | None = None
    volume_mounts: Annotated[list[VolumeMount], Field(max_length=64, json_schema_extra=keyed("mountPath"))] | None = (
        None
    )
    init_containers: Annotated[list[Container], Field(max_length=8, json_schema_extra=keyed("name"))] | None = None
    sidecars: Annotated[list[Container], Field(max_length=8, json_schema_extra=keyed("name"))] | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=86400)] = 30
    strategy: Strategy | None = None
    pod_disruption_budget: DisruptionBudget | None = None
    topology_spread_constraints: (
        Annotated[list[TopologySpreadConstraint], Field(max_length=16, json_schema_extra=ATOMIC)] | None
    ) = None
    affinity: Affinity | None = None
    node_selector: Labels | None = None
    tolerations: Annotated[list[Toleration], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    priority_class_name: ObjectName | None = None
    security_context: SecurityContext | None = None
    pod_security_context: PodSecurityContext | None = None
    tags: Tags | None = None
    dependencies: Annotated[list[Dependency], Field(max_length=64, json_schema_extra=keyed("name"))] | None = None
    access: Access | None = None
    databases: Annotated[list[Database], Field(max_length=1, json_schema_extra=keyed("name"))] | None = None
    tables: Annotated[list[Table], Field(max_length=32, json_schema_extra=keyed("name"))] | None = None
    metrics: Metrics | None = None

    rules = (
        Rule(
            cel="!(has(self.replicas) && has(self.autoscaling))",
            holds=lambda self: self.replicas is None or self.autoscaling is None,
            message="give replicas or autoscaling, not both: remove replicas, the autoscaler owns the count",
            field="replicas",
        ),
        Rule(
            cel="!has(self.ports) || self.ports.all(p, self.ports.filter(q, q.servicePort == p.servicePort"
            " && q.protocol == p.protocol).size() == 1)",
            holds=lambda self: len({(p.service_port, p.protocol) for p in self.ports}) == len(self.ports),
            message="ports: each servicePort appears once per protocol; give one of them another number",
            field="ports",
        ),
        Rule(
            cel="!has(self.ports) || self.ports.all(p, self.ports.filter(q, q.containerPort == p.containerPort"
            " && q.protocol == p.protocol).size() == 1)",
            holds=lambda self: len({(p.container_port, p.protocol) for p in self.ports}) == len(self.ports),
            message="ports: each containerPort appears once per protocol; remove the duplicate",
            field="ports",
        ),
        Rule(
            cel="!has(self.metrics) || (has(self.ports) && self.ports.exists(p, p.name == self.metrics.port))",
            holds=lambda self: self.metrics is None or any(p.name == self.metrics.port for p in self.ports),
            message="metrics.port names no declared port; use the name of one of spec.ports",
            field="metrics.port",
        ),
    )
    transitions = (
        Transition(
            cel=_kept_cel("databases", "n.engine == o.engine"),
            holds=_kept("databases", "engine"),
            message="databases: engine is set once; declare a database of another name and move the data",
            field="databases",
        ),
        Transition(
            cel=_kept_cel(
                "tables",
                f"n.partitionKey == o.partitionKey && {_same_optional('sortKey')}",
            ),
            holds=_kept("tables", "partition_key", "sort_key"),
            message="tables: partitionKey and sortKey are set once; declare a table of another name and copy the data",
            field="tables",
        ),
        Transition(
            cel=_kept_cel("tables", _same_optional("localSecondaryIndexes")),
            holds=_kept("tables", "local_secondary_indexes"),
            message="tables: localSecondaryIndexes are set once; use a global index or a table of another name",
            field="tables",
        ),
    )
