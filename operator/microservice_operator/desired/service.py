"""Builds the Service, the stable address of the pods."""

from typing import Any

from .. import names
from ..api.microservice import ServiceOptions, ServicePort
from .context import Child, Context
from .metadata import child


def services(context: Context) -> tuple[Child, ...]:
    """Build the Service; none without ports, because Kubernetes refuses a Service without them."""
    microservice = context.microservice
    if not microservice.spec.ports:
        return ()
    options = microservice.spec.service or ServiceOptions()
    fields = {
        "metadata": {"annotations": options.annotations or {}},
        "spec": {
            "type": options.type,
            "selector": names.selector_labels(microservice.name),
            "ports": [_port(port) for port in microservice.spec.ports],
        },
    }
    return (child(context, "Service", microservice.name, fields),)


def _port(port: ServicePort) -> dict[str, Any]:
    """Build a port; its target is a name, so it reaches old and new pods while a rollout changes the container port."""
    entry = {"name": port.name, "port": port.service_port, "targetPort": port.name, "protocol": port.protocol}
    return entry | ({"appProtocol": port.app_protocol} if port.app_protocol else {})
