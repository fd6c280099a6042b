"""Computes how many pods a Microservice runs, and who owns that count."""

from .context import Context

DEFAULT = 2


def declared_replicas(context: Context) -> int:
    """Return the count that applies without an autoscaler: the spec's, otherwise the Environment's, otherwise two.

    With two, one pod may fail.
    """
    spec = context.microservice.spec
    if spec.replicas is not None:
        return spec.replicas
    defaults = context.environment.spec.defaults if context.environment else None
    return DEFAULT if defaults is None or defaults.replicas is None else defaults.replicas


def owned_replicas(context: Context) -> bool:
    """Return whether the operator owns the count, and not an autoscaler or another controller."""
    spec = context.microservice.spec
    return spec.autoscaling is None and spec.replicas_managed_by == "Operator"


def first_replicas(context: Context) -> int:
    """Return the number of pods with which a Deployment starts."""
    autoscaling = context.microservice.spec.autoscaling
    return autoscaling.min_replicas if autoscaling else declared_replicas(context)
