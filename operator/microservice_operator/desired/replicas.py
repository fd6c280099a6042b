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


def certain_replicas(context: Context) -> int:
    """How many run at all times."""
    autoscaling = context.microservice.spec.autoscaling
    return autoscaling.min_replicas if autoscaling else declared_replicas(context)
