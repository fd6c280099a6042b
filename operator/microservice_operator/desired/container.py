"""Builds the containers of a pod: the service, its init containers and its sidecars, all with the same hardening."""

from typing import Any

from ..api.containers import Container, Resources
from ..api.jobs import ScheduledJob
from ..api.microservice import MicroserviceSpec, ServicePort
from .context import Context
from .probes import companion_port, companion_probes, first_port, hooks, main_probes
from .security import container_security
from .variables import job_variables, service_variables
from .volumes import TMP_MOUNT, mounts, overlaid

# No CPU limit: it would throttle a service although the node has CPU left. A memory limit, because a node cannot take
# memory back.
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
# Seconds until endpoints no longer contain a terminating pod; until then it still receives requests.
SLEEP_BEFORE_STOP = 5


def main_container(context: Context) -> dict[str, Any]:
    """Build the service's own container."""
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


def job_container(context: Context, job: ScheduledJob) -> dict[str, Any]:
    """Build the container of a scheduled job: the service's, without what only a server has.

    It has the service's name, which no other container of the pod may have.
    """
    microservice = context.microservice
    return present(
        {
            "name": microservice.name,
            **image_fields(context),
            **({"resources": job.resources.manifest()} if job.resources is not None else {}),
            "command": job.command,
            "args": job.args,
            "env": job_variables(context, job),
            "volumeMounts": overlaid(mounts(context), microservice.spec.volume_mounts, "mountPath"),
        }
    )


def image_fields(context: Context) -> dict[str, Any]:
    """Build the fields of every container that runs the service's image, including the migration's."""
    spec = context.microservice.spec
    return present(
        {
            "image": spec.image,
            "imagePullPolicy": spec.image_pull_policy,
            "workingDir": spec.working_dir,
            "envFrom": [source.manifest() for source in spec.env_from or []],
            "resources": resources(context, spec.resources),
            "securityContext": container_security(spec.security_context),
        }
    )


def init_containers(context: Context) -> list[dict[str, Any]]:
    """Build the init containers, then the sidecars: native ones, which start before the service and end after it."""
    spec = context.microservice.spec
    return [
        *(_companion(context, container) for container in spec.init_containers or []),
        *(_companion(context, container) | {"restartPolicy": "Always"} for container in spec.sidecars or []),
    ]


def resources(context: Context, given: Resources | None) -> dict[str, Any]:
    """Return the given resources, otherwise the Environment's, otherwise the default.

    Every container has resources, because autoscalers and quotas need those of all containers.
    """
    if given is not None:
        return given.manifest()
    defaults = context.environment.spec.defaults if context.environment else None
    return defaults.resources.manifest() if defaults and defaults.resources else RESOURCES


def present(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value."""
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
    """Build the lifecycle hooks; by default a sleep before the stop, if there are ports that receive requests.

    The sleep takes at most half of the grace period; the service needs the rest to finish its requests.
    """
    seconds = min(SLEEP_BEFORE_STOP, spec.termination_grace_period_seconds // 2)
    default = {"preStop": {"sleep": {"seconds": seconds}}} if seconds and spec.ports else {}
    return default | hooks(spec.lifecycle, first_port(spec))
