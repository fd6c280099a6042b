"""`Microservice`: the resource that a service's author writes."""

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
from .environment import Host
from .jobs import ScheduledJob
from .messaging import Queue, Subscription, Topic
from .patterns import pattern
from .pod_fields import POD_RULES, AnnotationValue, DNSConfig, HostAliases, PodAnnotations, PodLabels, WorkingDir
from .pods import Affinity, DisruptionBudget, Labels, Strategy, Toleration, TopologySpreadConstraint, Volume
from .port_rules import PORT_RULES
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
    Seconds,
    ShortText,
    WithoutNulls,
    is_cidr,
    is_metadata,
)
from .spec_rules import DEFAULT_PORT, RULES, TRANSITIONS
from .stores import Database, Duration, Table, TableRef
from .tags import TAG_RULES, Tags


class ServicePort(Model):
    """A port of the container and of its Service."""

    name: PortName = DEFAULT_PORT
    """Name of the port, for probes and metrics."""
    container_port: Port = 8080
    """Port that the container listens on."""
    service_port: Port = 80
    """Port of the Service."""
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
    """Name of the other Microservice; the variable NAME_URL holds its address."""
    optional: bool = False
    """If true, its absence is reported but does not make this service unready."""


class Caller(Model):
    """A permitted caller: a Microservice of the same namespace, or every pod of another namespace."""

    microservice: PartName | None = None
    """Name of a Microservice in the same namespace."""
    namespace: Label | None = None
    """Name of a namespace; all its pods may call this service."""
    rules = (
        Rule(
            cel="has(self.microservice) != has(self.__namespace__)",  # namespace is a reserved word in CEL
            holds=lambda self: (self.microservice is None) != (self.namespace is None),
            message="each item of access.from must set exactly one of microservice and namespace",
        ),
    )


class Destination(Model):
    """A destination that this service may call in addition to its dependencies: a host or a CIDR, with ports."""

    host: Host | None = None
    """DNS name outside the cluster."""
    cidr: CIDR | None = None
    """Network in CIDR notation, such as 10.20.0.0/16."""
    ports: Annotated[list[Port], Field(min_length=1, max_length=32, json_schema_extra=ATOMIC)]
    """TCP ports of the destination."""
    rules = (
        Rule(
            cel="has(self.host) != has(self.cidr)",
            holds=lambda self: (self.host is None) != (self.cidr is None),
            message="each item of access.to must set exactly one of host and cidr",
        ),
        Rule(
            cel="!has(self.cidr) || isCIDR(self.cidr)",
            holds=lambda self: self.cidr is None or is_cidr(self.cidr),
            message="access.to: cidr is not a network; write one such as 10.20.0.0/16",
            field="cidr",
        ),
        Rule(
            cel="!has(self.cidr) || !isCIDR(self.cidr) || !("
            + " || ".join(f"cidr('{service}').containsCIDR(self.cidr)" for service in METADATA_SERVICES)
            + ")",
            holds=lambda self: self.cidr is None or not is_metadata(self.cidr),
            message="access.to: cidr is the address of the metadata service, which returns the node's credentials;"
            " remove it",
            field="cidr",
        ),
    )


class Access(Model):
    """Network access: the callers of this service, and its destinations outside the cluster."""

    from_: Annotated[list[Caller] | None, Field(alias="from", max_length=64, json_schema_extra=ATOMIC)] = None
    """Permitted callers; a dependency, tableRef or subscription of another service works only if it is listed here."""
    to: Annotated[list[Destination], Field(max_length=64, json_schema_extra=ATOMIC)] | None = None
    """Destinations outside the cluster that this service may call."""

    def admits(self, microservice: str, namespace: str) -> bool:
        """Return whether a Microservice is among the permitted callers."""
        return any(caller.microservice == microservice or caller.namespace == namespace for caller in self.from_ or [])


class Metrics(Model):
    """Endpoint that Prometheus scrapes, through a ServiceMonitor if that CRD is installed."""

    port: PortName = DEFAULT_PORT
    """Name of the port that serves metrics."""
    path: Annotated[str, StringConstraints(max_length=1024, pattern=pattern(r"^/", "a path that starts with /"))] = (
        "/metrics"
    )
    """HTTP path of the metrics."""
    interval: Duration = "30s"
    """Interval between scrapes, such as 30s."""


class MicroserviceSpec(Model):
    """Spec of a Microservice; `image` is the only required field."""

    environment: ObjectName | None = None
    """Name of the Environment; if unset, the namespace's label names it, else the default Environment applies."""
    suspend: bool = False
    """If true, the operator writes nothing and reports this in a condition."""
    image: Image
    """Container image, with a tag or digest."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """When the kubelet pulls the image."""
    image_pull_secrets: Annotated[list[LocalRef], Field(max_length=16), Keyed(("name",))] | None = None
    """Secrets with registry credentials, in the same namespace."""
    command: Command | None = None
    """Command of the container; replaces the image's entrypoint."""
    args: Command | None = None
    """Arguments of the command."""
    working_dir: WorkingDir | None = None
    """Working directory of the container, also for a migration; by default that of the image."""
    # atomic: from a list with keys, server-side apply drops an empty list, which would become the default port
    ports: Annotated[
        list[ServicePort],
        Field(default_factory=lambda: [ServicePort()], max_length=32, json_schema_extra=ATOMIC),
    ]
    """Ports of the container and the Service; by default port http, with containerPort 8080 and servicePort 80. With an
    empty list, for example for a worker, there is no Service and no default probe."""
    service: ServiceOptions | None = None
    """Type and annotations of the Service."""
    replicas: Replicas | None = None
    """Number of pods; cannot be combined with autoscaling."""
    replicas_managed_by: Literal["Operator", "External"] = "Operator"
    """Operator: the operator keeps replicas at this number. External: replicas is only the initial number of pods;
    after that another controller sets it, such as KEDA."""
    autoscaling: Autoscaling | None = None
    """HorizontalPodAutoscaler that sets the number of pods."""
    resources: Resources | None = None
    """CPU and memory requests and limits of the container."""
    env: Annotated[list[EnvVar], Field(max_length=256), Keyed(("name",))] | None = None
    """Environment variables, in addition to those that databases, tables, topics, queues and dependencies provide."""
    env_from: Annotated[list[EnvFrom], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """Secrets and ConfigMaps whose keys become environment variables."""
    volumes: Annotated[list[Volume], Field(max_length=64), Keyed(("name",))] | None = None
    """Volumes; tmp, an emptyDir at /tmp, is built in."""
    volume_mounts: Annotated[list[VolumeMount], Field(max_length=64), Keyed(("mountPath",))] | None = None
    """Mount points of the volumes in the container."""
    init_containers: Annotated[list[Container], Field(max_length=8), Keyed(("name",))] | None = None
    """Init containers; they finish before the main container starts."""
    sidecars: Annotated[list[Container], Field(max_length=8), Keyed(("name",))] | None = None
    """Containers that run next to the main one; their names must differ from the Microservice's."""
    liveness_probe: Probe | None = None
    """Probe that restarts the container when it fails; by default GET /health if the service uses HTTP."""
    readiness_probe: Probe | None = None
    """Probe that removes the pod from the Service while it fails; by default GET /ready if the service uses HTTP."""
    startup_probe: Probe | None = None
    """Probe that delays the other probes until it succeeds; by default the liveness probe's request, for at least as
    long."""
    lifecycle: Lifecycle | None = None
    """Hooks after start and before stop; by default the container sleeps briefly before it stops."""
    min_ready_seconds: Seconds | None = None
    """Seconds for which a new pod must be ready until it counts as available; by default 0."""
    progress_deadline_seconds: Annotated[int, Field(ge=1, le=86400)] | None = None
    """Seconds after which a rollout without progress counts as stuck; by default 600, or more if probes need it."""
    termination_grace_period_seconds: Annotated[int, Field(ge=0, le=86400)] = 30
    """Seconds between the stop signal and the kill."""
    strategy: Strategy | None = None
    """How a new version replaces the old one; by default a rolling update with no pod unavailable."""
    pod_disruption_budget: DisruptionBudget | None = None
    """How many pods may be evicted at once; by default one, if there is more than one pod."""
    topology_spread_constraints: (
        Annotated[list[TopologySpreadConstraint], Field(max_length=16, json_schema_extra=ATOMIC)] | None
    ) = None
    """How pods spread across zones and nodes; by default evenly, if possible."""
    affinity: Affinity | None = None
    """Node affinity, pod affinity and pod anti-affinity."""
    node_selector: Labels | None = None
    """Labels that a node must have."""
    tolerations: Annotated[list[Toleration], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """Node taints that the pods tolerate."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of the pods."""
    runtime_class_name: ObjectName | None = None
    """RuntimeClass of the pods, also of migrations."""
    dns_config: DNSConfig | None = None
    """DNS servers, search domains and options of the pods, in addition to the cluster's; also for migrations."""
    host_aliases: HostAliases | None = None
    """Additional lines of /etc/hosts in the pods, also of migrations."""
    pod_labels: PodLabels | None = None
    """Additional labels of the service's pods, for example for a mesh; not the operator's and Kubernetes' own keys. A
    label overrides a tag with the same key."""
    pod_annotations: PodAnnotations | None = None
    """Additional annotations of the service's pods, for example for a mesh or an agent."""
    security_context: SecurityContext | None = None
    """Merged over the hardened default of the containers; can only make it stricter."""
    pod_security_context: PodSecurityContext | None = None
    """Merged over the hardened default of the pod; can only make it stricter."""
    tags: Tags | None = None
    """AWS tags for all resources of the service except its IAM role; the Environment's tags are added, and override
    tags with the same key. A key has up to 127 characters and a value up to 256: letters, digits, spaces and
    _ . : / = + - @. A tag is also a label of the service's Kubernetes objects if its key and value have the syntax of
    labels and the key contains no slash."""
    dependencies: Annotated[list[Dependency], Field(max_length=64), Keyed(("name",))] | None = None
    """Microservices of the same namespace that this one calls."""
    access: Access | None = None
    """Permitted callers of this service, and destinations outside the cluster that it may call."""
    databases: Annotated[list[Database], Field(max_length=1), Keyed(("name",))] | None = None
    """PostgreSQL databases; each creates a database, roles, a connection Secret and variables."""
    tables: Annotated[list[Table], Field(max_length=32), Keyed(("name",))] | None = None
    """DynamoDB tables; each creates a table, variables and permissions."""
    table_refs: Annotated[list[TableRef], Field(max_length=32), Keyed(("microservice", "table"))] | None = None
    """Tables of other Microservices of the same namespace that allow this one; each creates a variable and
    permissions."""
    topics: Annotated[list[Topic], Field(max_length=32), Keyed(("name",))] | None = None
    """SNS topics; each creates a topic, a variable and the permission to publish."""
    queues: Annotated[list[Queue], Field(max_length=32), Keyed(("name",))] | None = None
    """SQS queues; each creates a queue, a variable and the permission to receive and send."""
    subscriptions: Annotated[list[Subscription], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    """Subscriptions that deliver messages from topics to queues."""
    api: API | None = None
    """Routes on the Environment's API gateway, read from the service's OpenAPI document."""
    jobs: Annotated[list[ScheduledJob], Field(max_length=16), Keyed(("name",))] | None = None
    """Scheduled jobs; each creates a CronJob whose pods have the service's image, variables, identity and network
    access."""
    metrics: Metrics | None = None
    """Endpoint that Prometheus scrapes, if the ServiceMonitor CRD is installed."""
    rules = (*RULES, *PORT_RULES, *POD_RULES, *TAG_RULES)
    transitions = TRANSITIONS
