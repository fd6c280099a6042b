"""Autoscaling under Kubernetes' names: short fields for the common case, `metrics` and `behavior` for the rest."""

from typing import Annotated, Literal

from pydantic import Field

from .base import Model, Rule
from .pods import LabelSelector
from .scalars import ATOMIC, Quantity, ShortText

Percent = Annotated[int, Field(ge=1, le=1000)]
Replicas = Annotated[int, Field(ge=0, le=10000)]


_TARGETS = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}


class MetricTarget(Model):
    """autoscaling/v2 MetricTarget."""

    type: Literal["Utilization", "Value", "AverageValue"]
    average_utilization: Percent | None = None
    average_value: Quantity | None = None
    value: Quantity | None = None
    rules = (
        Rule(
            cel="has(self.averageUtilization) == (self.type == 'Utilization')"
            " && has(self.averageValue) == (self.type == 'AverageValue') && has(self.value) == (self.type == 'Value')",
            holds=lambda self: set(self.manifest()) == {"type", _TARGETS[self.type]},
            message="a metric's target must set only the field of its type: averageUtilization, averageValue or value",
        ),
    )


class MetricIdentifier(Model):
    """autoscaling/v2 MetricIdentifier."""

    name: ShortText
    selector: LabelSelector | None = None


class ResourceMetric(Model):
    """autoscaling/v2 ResourceMetricSource."""

    name: ShortText
    target: MetricTarget


class ContainerResourceMetric(Model):
    """autoscaling/v2 ContainerResourceMetricSource."""

    container: ShortText
    name: ShortText
    target: MetricTarget


class PodsMetric(Model):
    """autoscaling/v2 PodsMetricSource."""

    metric: MetricIdentifier
    target: MetricTarget


class DescribedObject(Model):
    """autoscaling/v2 CrossVersionObjectReference."""

    kind: ShortText
    name: ShortText
    api_version: ShortText | None = None


class ObjectMetric(Model):
    """autoscaling/v2 ObjectMetricSource."""

    described_object: DescribedObject
    metric: MetricIdentifier
    target: MetricTarget


class ExternalMetric(Model):
    """autoscaling/v2 ExternalMetricSource."""

    metric: MetricIdentifier
    target: MetricTarget


class Metric(Model):
    """autoscaling/v2 MetricSpec; set only the source that `type` names."""

    type: Literal["Resource", "ContainerResource", "Pods", "Object", "External"]
    resource: ResourceMetric | None = None
    container_resource: ContainerResourceMetric | None = None
    pods: PodsMetric | None = None
    object: ObjectMetric | None = None
    external: ExternalMetric | None = None
    rules = (
        Rule(
            cel="[has(self.resource) && self.type == 'Resource',"
            " has(self.containerResource) && self.type == 'ContainerResource', has(self.pods) && self.type == 'Pods',"
            " has(self.object) && self.type == 'Object', has(self.external) && self.type == 'External']"
            ".filter(x, x).size() == 1 && [has(self.resource), has(self.containerResource), has(self.pods),"
            " has(self.object), has(self.external)].filter(x, x).size() == 1",
            holds=lambda self: set(self.manifest()) == {"type", self.type[0].lower() + self.type[1:]},
            message="a metric must set exactly the source that its type names",
        ),
    )


class ScalingPolicy(Model):
    """autoscaling/v2 HPAScalingPolicy."""

    type: Literal["Pods", "Percent"]
    value: Annotated[int, Field(ge=1, le=10000)]
    period_seconds: Annotated[int, Field(ge=1, le=1800)]


class ScalingRules(Model):
    """autoscaling/v2 HPAScalingRules."""

    stabilization_window_seconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    select_policy: Literal["Max", "Min", "Disabled"] | None = None
    policies: Annotated[list[ScalingPolicy], Field(max_length=8, json_schema_extra=ATOMIC)] | None = None
    tolerance: Quantity | None = None


class Behavior(Model):
    """autoscaling/v2 HorizontalPodAutoscalerBehavior."""

    scale_up: ScalingRules | None = None
    scale_down: ScalingRules | None = None


class Autoscaling(Model):
    """A HorizontalPodAutoscaler; without any target it aims at 80 % of the requested CPU."""

    min_replicas: Annotated[int, Field(ge=1, le=10000)] = 2
    """Minimum number of pods."""
    max_replicas: Annotated[int, Field(ge=1, le=10000)]
    """Maximum number of pods."""
    target_cpu_utilization_percentage: Annotated[Percent | None, Field(alias="targetCPUUtilizationPercentage")] = None
    """Target CPU utilization, in percent of the request."""
    target_memory_utilization_percentage: Percent | None = None
    """Target memory utilization, in percent of the request."""
    metrics: Annotated[list[Metric], Field(max_length=16, json_schema_extra=ATOMIC)] | None = None
    """Additional metrics, as in autoscaling/v2."""
    behavior: Behavior | None = None
    """How fast the number of pods changes, as in autoscaling/v2."""
    rules = (
        Rule(
            cel="self.minReplicas <= self.maxReplicas",
            holds=lambda self: self.min_replicas <= self.max_replicas,
            message="autoscaling: minReplicas must not exceed maxReplicas; raise maxReplicas or lower minReplicas",
        ),
    )
