"""The stable address before the pods."""

from typing import Any

from .. import names
from ..api.microservice import ServiceOptions, ServicePort
from .context import Child, Context
from .metadata import child


def service(context: Context) -> Child:
    """The Service."""
    microservice = context.microservice
    options = microservice.spec.service or ServiceOptions()
    fields = {
        "metadata": {"annotations": options.annotations or {}},
        "spec": {
            "type": options.type,
            "selector": names.selector_labels(microservice.name),
            "ports": [_port(port) for port in microservice.spec.ports],
        },
    }
    return child(context, "Service", microservice.name, fields)


def _port(port: ServicePort) -> dict[str, Any]:
    """The target is a name: while a rollout changes the container's port, old and new pods are both reached."""
    entry = {"name": port.name, "port": port.service_port, "targetPort": port.name, "protocol": port.protocol}
    return entry | ({"appProtocol": port.app_protocol} if port.app_protocol else {})
