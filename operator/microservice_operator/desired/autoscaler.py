"""Builds the HorizontalPodAutoscaler, which sets the number of pods by their load."""

from typing import Any

from ..api.autoscaling import Autoscaling
from .context import Child, Context
from .metadata import child

DEFAULT_CPU_PERCENT = 80


def autoscalers(context: Context) -> tuple[Child, ...]:
    """Build the HorizontalPodAutoscaler, if the spec declares one."""
    microservice = context.microservice
    autoscaling = microservice.spec.autoscaling
    if autoscaling is None:
        return ()
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": microservice.name},
        "minReplicas": autoscaling.min_replicas,
        "maxReplicas": autoscaling.max_replicas,
        "metrics": _metrics(autoscaling),
    }
    if autoscaling.behavior:
        spec["behavior"] = autoscaling.behavior.manifest()
    return (child(context, "HorizontalPodAutoscaler", microservice.name, {"spec": spec}),)


def _metrics(autoscaling: Autoscaling) -> list[dict[str, Any]]:
    """Build the metrics: first the short fields, then `metrics`.

    Without any, CPU is the target, because an autoscaler without a target does nothing.
    """
    short = {
        "cpu": autoscaling.target_cpu_utilization_percentage,
        "memory": autoscaling.target_memory_utilization_percentage,
    }
    metrics = [_utilization(resource, percent) for resource, percent in short.items() if percent]
    metrics += [metric.manifest() for metric in autoscaling.metrics or []]
    return metrics or [_utilization("cpu", DEFAULT_CPU_PERCENT)]


def _utilization(resource: str, percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}
