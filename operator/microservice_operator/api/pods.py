"""Kubernetes types of a pod other than its containers: volumes and scheduling, under Kubernetes' names."""

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .containers import FieldRef, ResourceFieldRef
from .patterns import pattern
from .scalars import ATOMIC, IntOrPercent, Key, ObjectName, PartName, Quantity, ShortText, WithoutNulls

# audiences of API servers; the names that kubeadm, kind and EKS use
API_SERVER = r"^(https://)?kubernetes(\.default(\.svc(\.cluster\.local)?)?)?(:[0-9]+)?/?$"


class KeyToPath(Model):
    """Writes one key of a Secret or ConfigMap to a file."""

    key: Key
    path: ShortText
    mode: Annotated[int, Field(ge=0, le=511)] | None = None


Items = Annotated[list[KeyToPath], Field(max_length=64, json_schema_extra=ATOMIC)]
Mode = Annotated[int, Field(ge=0, le=511)]


class EmptyDir(Model):
    """corev1.EmptyDirVolumeSource."""

    medium: Literal["", "Memory"] | None = None
    size_limit: Quantity | None = None


class ConfigMapVolume(Model):
    """corev1.ConfigMapVolumeSource."""

    name: ObjectName
    items: Items | None = None
    default_mode: Mode | None = None
    optional: bool | None = None


class SecretVolume(Model):
    """corev1.SecretVolumeSource."""

    secret_name: ObjectName
    items: Items | None = None
    default_mode: Mode | None = None
    optional: bool | None = None


class ProjectedSource(Model):
    """A Secret or ConfigMap in a projected volume."""

    name: ObjectName
    items: Items | None = None
    optional: bool | None = None


class DownwardItem(Model):
    """One file from the downward API."""

    path: ShortText
    field_ref: FieldRef | None = None
    resource_field_ref: ResourceFieldRef | None = None
    mode: Mode | None = None


class DownwardSource(Model):
    """Fields of the pod as files."""

    items: Annotated[list[DownwardItem], Field(max_length=32, json_schema_extra=ATOMIC)]


class ServiceAccountToken(Model):
    """corev1.ServiceAccountTokenProjection, for a declared audience other than the API server."""

    audience: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=pattern(r"^[^\s]+$", "no spaces"))]
    expiration_seconds: Annotated[int, Field(ge=600, le=86400)] | None = None
    path: Annotated[
        str,
        StringConstraints(
            max_length=253, pattern=pattern(r"^[A-Za-z0-9_][-A-Za-z0-9_.]*$", "a file name such as token")
        ),
    ]
    rules = (
        Rule(
            cel=f"!self.audience.matches('{API_SERVER}')".replace("\\", "\\\\"),
            holds=lambda self: not re.search(API_SERVER, self.audience),
            message="serviceAccountToken: a token for this audience could call the Kubernetes API; set audience to the"
            " name of the service that verifies the token",
            field="audience",
        ),
    )


class Projection(Model):
    """One source of a projected volume."""

    secret: ProjectedSource | None = None
    config_map: ProjectedSource | None = None
    downward_api: Annotated[DownwardSource | None, Field(alias="downwardAPI")] = None
    service_account_token: ServiceAccountToken | None = None
    rules = (
        Rule(
            cel="[has(self.secret), has(self.configMap), has(self.downwardAPI), has(self.serviceAccountToken)]"
            ".filter(x, x).size() == 1",
            holds=lambda self: len(self.manifest()) == 1,
            message="a projected source must set exactly one of secret, configMap, downwardAPI and serviceAccountToken",
        ),
    )


class Projected(Model):
    """corev1.ProjectedVolumeSource."""

    sources: Annotated[list[Projection], Field(max_length=32, json_schema_extra=ATOMIC)]
    default_mode: Mode | None = None


class ClaimVolume(Model):
    """corev1.PersistentVolumeClaimVolumeSource."""

    claim_name: ObjectName
    read_only: bool | None = None


class Volume(Model):
    """corev1.Volume, limited to types that Pod Security `restricted` allows and that grant no permissions."""

    name: PartName
    empty_dir: EmptyDir | None = None
    config_map: ConfigMapVolume | None = None
    secret: SecretVolume | None = None
    projected: Projected | None = None
    persistent_volume_claim: ClaimVolume | None = None
    rules = (
        Rule(
            cel="[has(self.emptyDir), has(self.configMap), has(self.secret), has(self.projected),"
            " has(self.persistentVolumeClaim)].filter(x, x).size() == 1",
            holds=lambda self: len(self.manifest()) == 2,  # noqa: PLR2004 the name and one source
            message="a volume must set exactly one of emptyDir, configMap, secret, projected and persistentVolumeClaim",
        ),
    )


Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]
Values = Annotated[list[ShortText], Field(max_length=64, json_schema_extra=ATOMIC)]
Labels = Annotated[dict[ShortText, ShortText], Field(max_length=64), WithoutNulls]


class LabelExpression(Model):
    """metav1.LabelSelectorRequirement."""

    key: ShortText
    operator: Operator
    values: Values | None = None
    rules = (
        Rule(
            cel="self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0"
            " : !has(self.values) || self.values.size() == 0",
            holds=lambda self: (self.operator in ("In", "NotIn")) == bool(self.values),
            message="a label expression lists values exactly when its operator is In or NotIn; add them or change the"
            " operator",
            field="values",
        ),
    )


class LabelSelector(Model):
    """metav1.LabelSelector."""

    match_labels: Labels | None = None
    match_expressions: Annotated[list[LabelExpression], Field(max_length=16, json_schema_extra=ATOMIC)] | None = None


class NodeExpression(Model):
    """corev1.NodeSelectorRequirement."""

    key: ShortText
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: Values | None = None


NodeExpressions = Annotated[list[NodeExpression], Field(max_length=16, json_schema_extra=ATOMIC)]


class NodeSelectorTerm(Model):
    """corev1.NodeSelectorTerm."""

    match_expressions: NodeExpressions | None = None
    match_fields: NodeExpressions | None = None


class NodeSelector(Model):
    """corev1.NodeSelector."""

    node_selector_terms: Annotated[list[NodeSelectorTerm], Field(max_length=16, json_schema_extra=ATOMIC)]


Weight = Annotated[int, Field(ge=1, le=100)]


class PreferredNodes(Model):
    """corev1.PreferredSchedulingTerm."""

    weight: Weight
    preference: NodeSelectorTerm


class NodeAffinity(Model):
    """corev1.NodeAffinity."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: (
        Annotated[list[PreferredNodes], Field(max_length=16, json_schema_extra=ATOMIC)] | None
    ) = None


class PodAffinityTerm(Model):
    """corev1.PodAffinityTerm."""

    topology_key: ShortText
    label_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    namespaces: Values | None = None


class PreferredPods(Model):
    """corev1.WeightedPodAffinityTerm."""

    weight: Weight
    pod_affinity_term: PodAffinityTerm


class PodAffinity(Model):
    """corev1.PodAffinity and PodAntiAffinity."""

    required_during_scheduling_ignored_during_execution: (
        Annotated[list[PodAffinityTerm], Field(max_length=16, json_schema_extra=ATOMIC)] | None
    ) = None
    preferred_during_scheduling_ignored_during_execution: (
        Annotated[list[PreferredPods], Field(max_length=16, json_schema_extra=ATOMIC)] | None
    ) = None


class Affinity(Model):
    """corev1.Affinity."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class Toleration(Model):
    """corev1.Toleration."""

    key: ShortText | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: ShortText | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class TopologySpreadConstraint(Model):
    """corev1.TopologySpreadConstraint; the selector defaults to the service's own pods."""

    max_skew: Annotated[int, Field(ge=1, le=1000)]
    topology_key: ShortText
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"]
    label_selector: LabelSelector | None = None
    min_domains: Annotated[int, Field(ge=1, le=1000)] | None = None
    match_label_keys: Values | None = None
    node_affinity_policy: Literal["Honor", "Ignore"] | None = None
    node_taints_policy: Literal["Honor", "Ignore"] | None = None


def is_zero(count: int | str | None) -> bool:
    """Return whether a number or percentage is zero."""
    return str(count) in ("0", "0%")


class RollingUpdate(Model):
    """appsv1.RollingUpdateDeployment."""

    max_unavailable: IntOrPercent | None = None
    max_surge: IntOrPercent | None = None
    rules = (
        Rule(
            cel="!has(self.maxSurge) || !has(self.maxUnavailable) || !(string(self.maxSurge) in ['0', '0%'])"
            " || !(string(self.maxUnavailable) in ['0', '0%'])",
            holds=lambda self: not is_zero(self.max_surge) or not is_zero(self.max_unavailable),
            message="strategy: maxSurge and maxUnavailable are both zero, so no pod could be replaced; raise one of"
            " them",
        ),
    )


class Strategy(Model):
    """appsv1.DeploymentStrategy."""

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    rolling_update: RollingUpdate | None = None
    rules = (
        Rule(
            cel="self.type == 'RollingUpdate' || !has(self.rollingUpdate)",
            holds=lambda self: self.type == "RollingUpdate" or self.rolling_update is None,
            message="strategy: rollingUpdate requires type RollingUpdate; remove it or change the type",
        ),
    )


class DisruptionBudget(Model):
    """policyv1.PodDisruptionBudgetSpec, without the selector."""

    max_unavailable: IntOrPercent | None = None
    min_available: IntOrPercent | None = None
    rules = (
        Rule(
            cel="has(self.maxUnavailable) != has(self.minAvailable)",
            holds=lambda self: (self.max_unavailable is None) != (self.min_available is None),
            message="podDisruptionBudget must set exactly one of maxUnavailable and minAvailable",
        ),
    )
