"""Builds the ServiceMonitor: what Prometheus scrapes, if the Prometheus operator is installed."""

from .. import names
from .context import Child, Context
from .metadata import child


def service_monitors(context: Context) -> tuple[Child, ...]:
    """Build the ServiceMonitor, if the spec declares metrics and the cluster serves the kind."""
    microservice = context.microservice
    metrics = microservice.spec.metrics
    if metrics is None or not context.service_monitors:
        return ()
    spec = {
        "selector": {"matchLabels": names.selector_labels(microservice.name)},
        "jobLabel": names.LABEL_NAME,
        "endpoints": [{"port": metrics.port, "path": metrics.path, "interval": metrics.interval}],
    }
    return (child(context, "ServiceMonitor", microservice.name, {"spec": spec}),)
