"""`Microservice`: what a service owner writes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .autoscaling import Autoscaling, Replicas
from .base import Model, Rule
from .containers import (
    Command,
    Container,
    EnvFrom,
    EnvVar,
    Image,
    Lifecycle,
    LocalRef,
    PodSecurityContext,
    Probe,
    Resources,
    SecurityContext,
    VolumeMount,
)
from .environment import Host, Tags
from .messaging import Queue, Subscription, Topic
from .pods import Affinity, DisruptionBudget, Labels, Strategy, Toleration, TopologySpreadConstraint, Volume
from .routes import API
from .scalars import (
    ATOMIC,
    CIDR,
    METADATA_SERVICES,
    Keyed,
    Label,
    ObjectName,
    PartName,
    Port,
    PortName,
    ShortText,
    WithoutNulls,
    is_cidr,
    is_metadata,
)
from .spec_rules import DEFAULT_PORT, RULES, TRANSITIONS
from .stores import Database, Duration, Table, TableRef

# lists of certificates or of tags; Kubernetes bounds only the sum, 256 KiB for an object
AnnotationValue = Annotated[str, StringConstraints(max_length=8192)]


class ServicePort(Model):
    """A port of the container and of the Service before it."""

    name: PortName = DEFAULT_PORT
    """Name, by which probes and metrics refer to it."""
    container_port: Port = 8080
    """Port that the container listens on."""
    service_port: Port = 80
    """Port that the Service offers."""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    """TCP, UDP or SCTP."""
    app_protocol: ShortText | None = None
    """Application protocol, such as http or grpc, for load balancers and meshes."""


class ServiceOptions(Model):
    """The Service's type and annotations."""

    type: Literal["ClusterIP", "LoadBalancer", "NodePort"] = "ClusterIP"
    """ClusterIP, LoadBalancer or NodePort."""
    annotations: Annotated[dict[ShortText, AnnotationValue], Field(max_length=32), WithoutNulls] | None = None
    """Annotations of the Service."""


class Dependency(Model):
    """Another Microservice of the same namespace that this one calls."""

    name: PartName
    """Name of the other Microservice; its address arrives as NAME_URL."""
    optional: bool = False
    """True: its absence is reported, and does not make this service unready."""


class Caller(Model):
    """Who may call this service: a Microservice of the same namespace, or every pod of another namespace."""

    microservice: PartName | None = None
    """Name of a Microservice in the same namespace."""
    namespace: Label | None = None
    """Name of a namespace, all of whose pods may call."""
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
    """DNS name outside the cluster."""
    cidr: CIDR | None = None
    """Network, such as 10.20.0.0/16."""
    ports: Annotated[list[Port], Field(min_length=1, max_length=32, json_schema_extra=ATOMIC)]
    """TCP ports."""
    rules = (
        Rule(
            cel="has(self.host) != has(self.cidr)",
            holds=lambda self: (self.host is None) != (self.cidr is None),
            message="access.to takes exactly one of host and cidr in each item",
        ),
        Rule(
            cel="!has(self.cidr) || isCIDR(self.cidr)",
            holds=lambda self: self.cidr is None or is_cidr(self.cidr),
            message="access.to: cidr is no network; write one such as 10.20.0.0/16",
            field="cidr",
        ),
        Rule(
            cel="!has(self.cidr) || !isCIDR(self.cidr) || !("
            + " || ".join(f"cidr('{service}').containsCIDR(self.cidr)" for service in METADATA_SERVICES)
            + ")",
            holds=lambda self: self.cidr is None or not is_metadata(self.cidr),
            message="access.to: cidr is the address of the metadata service, which hands out the node's credentials;"
            " remove it",
            field="cidr",
        ),
    )


class Access(Model):
    """Who may call this service, and what it may call."""

    from_: Annotated[list[Caller] | None, Field(alias="from", max_length=64, json_schema_extra=ATOMIC)] = None
    """Who may call this service; dependencies of others need consent here."""
    to: Annotated[list[Destination], Field(max_length=64, json_schema_extra=ATOMIC)] | None = None
    """What this service may call outside the cluster."""

    def admits(self, microservice: str, namespace: str) -> bool:
        """Whether a Microservice is among the callers."""
        return any(caller.microservice == microservice or caller.namespace == namespace for caller in self.from_ or [])


class Metrics(Model):
    """What Prometheus scrapes, by a ServiceMonitor where that CRD exists."""

    port: PortName = DEFAULT_PORT
    """Name of the port that serves metrics."""
    path: Annotated[str, StringConstraints(max_length=1024, pattern=r"^/")] = "/metrics"
    """Path of the metrics."""
    interval: Duration = "30s"
    """How often they are scraped, such as 30s."""


class MicroserviceSpec(Model):
    """Spec of a Microservice; `image` is the only required field."""

    environment: ObjectName | None = None
    """Name of the Environment; by default the namespace's label, then the Environment marked default."""
    suspend: bool = False
    """While true, nothing is written; a condition says so."""
    image: Image
    """Container image, with a tag or digest."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When the image is pulled."""
    image_pull_secrets: Annotated[list[LocalRef], Field(max_length=16), Keyed(("name",))] | None = None
    """Secrets with registry credentials, in the same namespace."""
    command: Command | None = None
    """Replaces the image's entry point."""
    args: Command | None = None
    """Arguments of the command."""
    ports: Annotated[
        list[ServicePort],
        Field(default_factory=lambda: [ServicePort()], min_length=1, max_length=32),
        Keyed(("name",)),
    ]
    """Ports of the container and of the Service; by default http, 8080 behind 80."""
    service: ServiceOptions | None = None
    """Type and annotations of the Service."""
    replicas: Replicas | None = None
    """Number of pods; not together with autoscaling."""
    replicas_managed_by: Literal["Operator", "External"] = "Operator"
    """Operator: replicas holds at all times. External: replicas is only the number of pods that a Deployment begins
    with; another controller sets it from then on, such as KEDA."""
    autoscaling: Autoscaling | None = None
    """Lets a HorizontalPodAutoscaler own the number of pods."""
    resources: Resources | None = None
    """Requests and limits of the container."""
    env: Annotated[list[EnvVar], Field(max_length=256), Keyed(("name",))] | None = None
    """Environment variables beside those that declared parts give."""
    env_from: Annotated[list[EnvFrom], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """Secrets and ConfigMaps whose keys become environment variables."""
    volumes: Annotated[list[Volume], Field(max_length=64), Keyed(("name",))] | None = None
    """Volumes; one named tmp, an emptyDir at /tmp, is there already."""
    volume_mounts: Annotated[list[VolumeMount], Field(max_length=64), Keyed(("mountPath",))] | None = None
    """Where volumes are mounted in the container."""
    init_containers: Annotated[list[Container], Field(max_length=8), Keyed(("name",))] | None = None
    """Containers that end before the main one starts."""
    sidecars: Annotated[list[Container], Field(max_length=8), Keyed(("name",))] | None = None
    """Containers that run beside the main one, named unlike the Microservice."""
    liveness_probe: Probe | None = None
    """Restarts the container when it fails; default GET /health, of a service that speaks HTTP."""
    readiness_probe: Probe | None = None
    """Takes the pod out of the Service while it fails; default GET /ready, of a service that speaks HTTP."""
    startup_probe: Probe | None = None
    """Holds the other probes back until it succeeds; default what the liveness probe asks, for at least as long."""
    lifecycle: Lifecycle | None = None
    """Hooks after start and before stop; by default a short sleep before stop."""
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=86400)] = 30
    """Seconds from the stop signal to the kill."""
    strategy: Strategy | None = None
    """How a new version replaces the old; by default rolling, no pod unavailable."""
    pod_disruption_budget: DisruptionBudget | None = None
    """How many pods may be evicted at once; by default one, where there is more than one."""
    topology_spread_constraints: (
        Annotated[list[TopologySpreadConstraint], Field(max_length=16, json_schema_extra=ATOMIC)] | None
    ) = None
    """How pods spread over zones and nodes; by default evenly, if possible."""
    affinity: Affinity | None = None
    """Which nodes and which other pods' company are wanted."""
    node_selector: Labels | None = None
    """Labels that a node must have."""
    tolerations: Annotated[list[Toleration], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """Taints of nodes that are tolerated."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of the pods."""
    security_context: SecurityContext | None = None
    """Laid over the hardened default of the containers; can only tighten."""
    pod_security_context: PodSecurityContext | None = None
    """Laid over the hardened default of the pod; can only tighten."""
    tags: Tags | None = None
    """AWS tags and Kubernetes labels of everything that belongs to the service."""
    dependencies: Annotated[list[Dependency], Field(max_length=64), Keyed(("name",))] | None = None
    """Microservices of the same namespace that this one calls."""
    access: Access | None = None
    """Who may call this service, and what it may call outside."""
    databases: Annotated[list[Database], Field(max_length=1), Keyed(("name",))] | None = None
    """PostgreSQL databases; each yields database, roles, connection Secret and variables."""
    tables: Annotated[list[Table], Field(max_length=32), Keyed(("name",))] | None = None
    """DynamoDB tables; each yields table, variables and rights."""
    table_refs: Annotated[list[TableRef], Field(max_length=32), Keyed(("microservice", "table"))] | None = None
    """Tables of other Microservices of the same namespace that admit this one; each yields variable and rights."""
    topics: Annotated[list[Topic], Field(max_length=32), Keyed(("name",))] | None = None
    """SNS topics; each yields topic, variable and the right to publish."""
    queues: Annotated[list[Queue], Field(max_length=32), Keyed(("name",))] | None = None
    """SQS queues; each yields queue, variable and the right to receive and send."""
    subscriptions: Annotated[list[Subscription], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """Which topics lead to which queues."""
    api: API | None = None
    """Routes on the Environment's API gateway, taken from the service's OpenAPI document."""
    metrics: Metrics | None = None
    """What Prometheus scrapes, where ServiceMonitors exist."""
    rules = RULES
    transitions = TRANSITIONS
