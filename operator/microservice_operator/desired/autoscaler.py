"""How many pods run, decided by their load."""

from typing import Any

from ..api.autoscaling import Autoscaling
from .context import Child, Context
from .metadata import child

DEFAULT_CPU_PERCENT = 80


def autoscalers(context: Context) -> tuple[Child, ...]:
    """The HorizontalPodAutoscaler, if the spec asks for one."""
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
    """The short fields, then the long ones; an autoscaler without a target would do nothing."""
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
