"""`Microservice`: what a service owner writes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
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
from .scalars import ATOMIC, Keyed, Label, ObjectName, PartName, Port, PortName, ShortText
from .scaling import Autoscaling, Replicas
from .spec_rules import RULES, TRANSITIONS
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
            cel="has(self.microservice) != has(self.__namespace__)",  # namespace is a word of CEL,
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


class MicroserviceSpec(Model):
    """Spec of a Microservice; `image` is the only required field."""

    environment: ObjectName | None = None
    suspend: bool = False
    image: Image
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    image_pull_secrets: Annotated[list[SourceRef], Field(max_length=16), Keyed(("name",))] | None = None
    command: Command | None = None
    args: Command | None = None
    ports: Annotated[
        list[ServicePort],
        Field(default_factory=lambda: [ServicePort()], min_length=1, max_length=32),
        Keyed(("name",)),
    ]
    service: ServiceOptions | None = None
    replicas: Replicas | None = None
    autoscaling: Autoscaling | None = None
    resources: Resources | None = None
    env: Annotated[list[EnvVar], Field(max_length=256), Keyed(("name",))] | None = None
    env_from: Annotated[list[EnvFrom], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    volumes: Annotated[list[Volume], Field(max_length=64), Keyed(("name",))] | None = None
    volume_mounts: Annotated[list[VolumeMount], Field(max_length=64), Keyed(("mountPath",))] | None = None
    init_containers: Annotated[list[Container], Field(max_length=8), Keyed(("name",))] | None = None
    sidecars: Annotated[list[Container], Field(max_length=8), Keyed(("name",))] | None = None
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
    dependencies: Annotated[list[Dependency], Field(max_length=64), Keyed(("name",))] | None = None
    access: Access | None = None
    databases: Annotated[list[Database], Field(max_length=1), Keyed(("name",))] | None = None
    tables: Annotated[list[Table], Field(max_length=32), Keyed(("name",))] | None = None
    metrics: Metrics | None = None
    rules = RULES
    transitions = TRANSITIONS
