"""The containers of a pod: the service itself, its init containers and its sidecars, hardened alike."""

from typing import Any

from ..api.containers import Container, Resources
from ..api.microservice import MicroserviceSpec, ServicePort
from .context import Context
from .probes import companion_port, companion_probes, first_port, hooks, main_probes
from .security import container_security
from .variables import service_variables
from .volumes import TMP_MOUNT, mounts, overlaid

# No CPU limit: it throttles a service that the node could serve. A memory limit, because memory cannot be taken back.
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
# Endpoints need this long to forget a pod that is being ended; requests go on to arrive meanwhile.
SLEEP_BEFORE_STOP = 5


def main_container(context: Context) -> dict[str, Any]:
    """The service's own container."""
    microservice = context.microservice
    spec = microservice.spec
    return present(
        {
            "name": microservice.name,
            **image_fields(context),
            "command": spec.command,
            "args": spec.args,
            "ports": [_port(port) for port in spec.ports],
            "env": service_variables(context),
            "volumeMounts": overlaid(mounts(context), spec.volume_mounts, "mountPath"),
            **main_probes(spec),
            "lifecycle": _lifecycle(spec),
        }
    )


def image_fields(context: Context) -> dict[str, Any]:
    """What every container that runs the service's image has, the migration's too."""
    spec = context.microservice.spec
    return present(
        {
            "image": spec.image,
            "imagePullPolicy": spec.image_pull_policy,
            "envFrom": [source.manifest() for source in spec.env_from or []],
            "resources": resources(context, spec.resources),
            "securityContext": container_security(spec.security_context),
        }
    )


def init_containers(context: Context) -> list[dict[str, Any]]:
    """Init containers, then sidecars: native ones, which start before the service and end after it."""
    spec = context.microservice.spec
    return [
        *(_companion(context, container) for container in spec.init_containers or []),
        *(_companion(context, container) | {"restartPolicy": "Always"} for container in spec.sidecars or []),
    ]


def resources(context: Context, given: Resources | None) -> dict[str, Any]:
    """As given, else the Environment's, else the default: for every container, since autoscalers and quotas ask all."""
    if given is not None:
        return given.manifest()
    defaults = context.environment.spec.defaults if context.environment else None
    return defaults.resources.manifest() if defaults and defaults.resources else RESOURCES


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {key: value for key, value in fields.items() if value not in (None, [], {})}


def _companion(context: Context, container: Container) -> dict[str, Any]:
    return present(
        {
            **container.manifest(),
            "resources": resources(context, container.resources),
            "securityContext": container_security(container.security_context),
            "volumeMounts": overlaid([TMP_MOUNT], container.volume_mounts, "mountPath"),
            "lifecycle": hooks(container.lifecycle, companion_port(container, context.microservice.spec)),
            **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe")),
            **companion_probes(container, context.microservice.spec),
        }
    )


def _port(port: ServicePort) -> dict[str, Any]:
    return {"name": port.name, "containerPort": port.container_port, "protocol": port.protocol}


def _lifecycle(spec: MicroserviceSpec) -> dict[str, Any]:
    """The sleep takes at most half of the grace period, which the service needs to finish its requests."""
    seconds = min(SLEEP_BEFORE_STOP, spec.termination_grace_period_seconds // 2)
    default = {"preStop": {"sleep": {"seconds": seconds}}} if seconds else {}
    return default | hooks(spec.lifecycle, first_port(spec))
