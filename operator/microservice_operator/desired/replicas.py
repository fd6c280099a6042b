"""How many pods a Microservice runs."""

from .context import Context

DEFAULT = 2


def declared_replicas(context: Context) -> int:
    """The count where no autoscaler owns it: the spec's, else the Environment's, else two, so that one may fail."""
    spec = context.microservice.spec
    if spec.replicas is not None:
        return spec.replicas
    defaults = context.environment.spec.defaults if context.environment else None
    return DEFAULT if defaults is None or defaults.replicas is None else defaults.replicas


def owned_replicas(context: Context) -> bool:
    """Whether the count is the operator's to hold, and not that of an autoscaler or of another controller."""
    spec = context.microservice.spec
    return spec.autoscaling is None and spec.replicas_managed_by == "Operator"


def first_replicas(context: Context) -> int:
    """How many a Deployment begins with."""
    autoscaling = context.microservice.spec.autoscaling
    return autoscaling.min_replicas if autoscaling else declared_replicas(context)
