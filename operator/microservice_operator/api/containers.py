"""Kubernetes types of one container under Kubernetes' names, without fields that give an author more than RBAC does."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .patterns import pattern
from .quantity import amount
from .scalars import (
    ATOMIC,
    AlwaysFalse,
    AlwaysTrue,
    Key,
    Keyed,
    ObjectName,
    PartName,
    Port,
    PortName,
    PortRef,
    Quantity,
    Seconds,
    ShortText,
    Text,
    WithoutNulls,
)

EnvName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=253,
        pattern=pattern(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$", "letters, digits and - . _, not starting with a digit"),
    ),
]
Image = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=pattern(r"^[^\s]+$", "no spaces"))]
# long enough for an inline script
Argument = Annotated[str, StringConstraints(max_length=32768)]
Command = Annotated[list[Argument], Field(max_length=64, json_schema_extra=ATOMIC)]


class KeyRef(Model):
    """A key of a Secret or ConfigMap in the Microservice's own namespace."""

    name: ObjectName
    key: Key
    optional: bool | None = None


class FieldRef(Model):
    """A field of the pod, from the downward API."""

    field_path: ShortText
    api_version: ShortText | None = None


class ResourceFieldRef(Model):
    """A resource of the container, from the downward API."""

    resource: ShortText
    container_name: ShortText | None = None
    divisor: Quantity | None = None


class EnvVarSource(Model):
    """Source of a variable's value; set exactly one."""

    secret_key_ref: KeyRef | None = None
    config_map_key_ref: KeyRef | None = None
    field_ref: FieldRef | None = None
    resource_field_ref: ResourceFieldRef | None = None
    rules = (
        Rule(
            cel="[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef), has(self.resourceFieldRef)]"
            ".filter(x, x).size() == 1",
            holds=lambda self: len(self.manifest()) == 1,
            message="valueFrom must set exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef",
        ),
    )


class EnvVar(Model):
    """One environment variable; set `value` or `valueFrom`, not both."""

    name: EnvName
    value: Annotated[str, StringConstraints(max_length=32768)] | None = None
    value_from: EnvVarSource | None = None
    rules = (
        Rule(
            cel="!(has(self.value) && has(self.valueFrom))",
            holds=lambda self: self.value is None or self.value_from is None,
            message="env: set value or valueFrom, not both",
        ),
    )


class LocalRef(Model):
    """An object in the Microservice's namespace."""

    name: ObjectName


class SourceRef(Model):
    """A Secret or ConfigMap in the Microservice's namespace."""

    name: ObjectName
    optional: bool | None = None


class EnvFrom(Model):
    """All keys of one Secret or ConfigMap, as environment variables."""

    prefix: ShortText | None = None
    secret_ref: SourceRef | None = None
    config_map_ref: SourceRef | None = None
    rules = (
        Rule(
            cel="has(self.secretRef) != has(self.configMapRef)",
            holds=lambda self: (self.secret_ref is None) != (self.config_map_ref is None),
            message="envFrom must set exactly one of secretRef and configMapRef",
        ),
    )


class Resources(Model):
    """corev1.ResourceRequirements, without claims."""

    requests: Annotated[dict[ShortText, Quantity], Field(max_length=16), WithoutNulls] | None = None
    limits: Annotated[dict[ShortText, Quantity], Field(max_length=16), WithoutNulls] | None = None
    rules = (
        Rule(
            cel="!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits)"
            " || quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",
            holds=lambda self: all(
                name not in (self.limits or {}) or amount(value) <= amount(self.limits[name])
                for name, value in (self.requests or {}).items()
            ),
            message="resources: a request exceeds its limit; raise the limit or lower the request",
        ),
    )


class VolumeMount(Model):
    """corev1.VolumeMount."""

    name: PartName
    mount_path: Annotated[
        str,
        StringConstraints(
            min_length=1, max_length=1024, pattern=pattern(r"^/[^:]*$", "a path that starts with / and has no colon")
        ),
    ]
    sub_path: ShortText | None = None
    sub_path_expr: ShortText | None = None
    read_only: bool | None = None
    rules = (
        Rule(
            cel="!has(self.subPath) || !has(self.subPathExpr)",
            holds=lambda self: self.sub_path is None or self.sub_path_expr is None,
            message="volumeMounts: set subPath or subPathExpr, not both",
        ),
        Rule(
            cel="!has(self.subPathExpr) || (!self.subPathExpr.startsWith('/')"
            " && self.subPathExpr.split('/').all(p, p != '..'))",
            holds=lambda self: (
                self.sub_path_expr is None
                or (not self.sub_path_expr.startswith("/") and ".." not in self.sub_path_expr.split("/"))
            ),
            message="volumeMounts: subPathExpr must be a path inside the volume; remove the slash at its start, and ..",
            field="subPathExpr",
        ),
    )


class HTTPHeader(Model):
    """One header of an HTTP probe."""

    name: ShortText
    value: Text


class HTTPGet(Model):
    """corev1.HTTPGetAction; the port defaults to the first declared port."""

    path: Annotated[str, StringConstraints(max_length=2048, pattern=pattern(r"^/", "a path that starts with /"))] = "/"
    port: PortRef | None = None
    scheme: Literal["HTTP", "HTTPS"] | None = None
    http_headers: Annotated[list[HTTPHeader], Field(max_length=16, json_schema_extra=ATOMIC)] | None = None


class TCPSocket(Model):
    """corev1.TCPSocketAction."""

    port: PortRef


class Exec(Model):
    """corev1.ExecAction."""

    command: Command


class GRPC(Model):
    """corev1.GRPCAction."""

    port: Port
    service: ShortText | None = None


class Probe(Model):
    """corev1.Probe, merged over the operator's default for this probe; `disabled: true` removes the probe."""

    disabled: bool | None = None
    """If true, the container has no such probe."""
    http_get: HTTPGet | None = None
    tcp_socket: TCPSocket | None = None
    exec: Exec | None = None
    grpc: GRPC | None = None
    initial_delay_seconds: Seconds | None = None
    period_seconds: Annotated[int, Field(ge=1, le=86400)] | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=86400)] | None = None
    success_threshold: Annotated[int, Field(ge=1, le=100)] | None = None
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] | None = None
    termination_grace_period_seconds: Annotated[int, Field(ge=1, le=86400)] | None = None
    rules = (
        Rule(
            cel="[has(self.httpGet), has(self.tcpSocket), has(self.exec), has(self.grpc)].filter(x, x).size() <= 1",
            holds=lambda self: [self.http_get, self.tcp_socket, self.exec, self.grpc].count(None) >= 3,  # noqa: PLR2004 at most one of four
            message="a probe must set at most one of httpGet, tcpSocket, exec and grpc",
        ),
    )


class Sleep(Model):
    """corev1.SleepAction."""

    seconds: Annotated[int, Field(ge=0, le=3600)]


class LifecycleHandler(Model):
    """corev1.LifecycleHandler; set exactly one of its fields."""

    exec: Exec | None = None
    http_get: HTTPGet | None = None
    sleep: Sleep | None = None
    rules = (
        Rule(
            cel="[has(self.exec), has(self.httpGet), has(self.sleep)].filter(x, x).size() == 1",
            holds=lambda self: len(self.manifest()) == 1,
            message="a lifecycle handler must set exactly one of exec, httpGet and sleep",
        ),
    )


class Lifecycle(Model):
    """corev1.Lifecycle."""

    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None


class Capabilities(Model):
    """Linux capabilities: all are dropped; Pod Security `restricted` allows one to be added again."""

    add: Annotated[list[Literal["NET_BIND_SERVICE"]], Field(max_length=1, json_schema_extra=ATOMIC)] | None = None
    drop: Annotated[list[ShortText], Field(max_length=64, json_schema_extra=ATOMIC)] | None = None


class SeccompProfile(Model):
    """corev1.SeccompProfile, without Unconfined."""

    type: Literal["RuntimeDefault", "Localhost"]
    localhost_profile: ShortText | None = None


GroupID = Annotated[int, Field(ge=1, le=4294967294)]


class SecurityContext(Model):
    """corev1.SecurityContext within Pod Security `restricted`; merged over the hardened default."""

    run_as_user: Annotated[int, Field(ge=1, le=4294967294)] | None = None
    run_as_group: Annotated[int, Field(ge=1, le=4294967294)] | None = None
    run_as_non_root: AlwaysTrue | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: AlwaysFalse | None = None
    capabilities: Capabilities | None = None
    seccomp_profile: SeccompProfile | None = None


class PodSecurityContext(Model):
    """corev1.PodSecurityContext within Pod Security `restricted`."""

    run_as_user: Annotated[int, Field(ge=1, le=4294967294)] | None = None
    run_as_group: Annotated[int, Field(ge=1, le=4294967294)] | None = None
    run_as_non_root: AlwaysTrue | None = None
    fs_group: Annotated[int, Field(ge=1, le=4294967294)] | None = None
    fs_group_change_policy: Literal["OnRootMismatch", "Always"] | None = None
    supplemental_groups: Annotated[list[GroupID], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    seccomp_profile: SeccompProfile | None = None


class ContainerPort(Model):
    """A port of a sidecar."""

    name: PortName
    container_port: Port
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"


class Container(Model):
    """An init container or a sidecar, hardened like the main container."""

    name: PartName
    """Name of the container."""
    image: Image
    """Container image."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    command: Command | None = None
    args: Command | None = None
    working_dir: (
        Annotated[
            str, StringConstraints(min_length=1, max_length=1024, pattern=pattern(r"^/", "a path that starts with /"))
        ]
        | None
    ) = None
    env: Annotated[list[EnvVar], Field(max_length=256), Keyed(("name",))] | None = None
    env_from: Annotated[list[EnvFrom], Field(max_length=32, json_schema_extra=ATOMIC)] | None = None
    resources: Resources | None = None
    """CPU and memory requests and limits."""
    volume_mounts: Annotated[list[VolumeMount], Field(max_length=64), Keyed(("mountPath",))] | None = None
    ports: Annotated[list[ContainerPort], Field(max_length=32), Keyed(("name",))] | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    security_context: SecurityContext | None = None
