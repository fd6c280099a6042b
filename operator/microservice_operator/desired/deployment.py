"""Builds the Deployment: the service's pods, and how one version replaces another.

`replicas` is absent if an autoscaler or another controller owns the count. If the operator set it before, absence alone
is not enough: server-side apply removes a field when its only manager drops it, and the count would fall back to 1. So
`cluster.apply_requests` first makes another field manager own the current count. Then the field stays, and the
autoscaler continues from it. A Deployment that is created, or created again, starts with the autoscaler's minimum or
the count of the spec, not with Kubernetes' default of one.
"""

from dataclasses import replace
from typing import Any

from .. import names
from ..api.microservice import MicroserviceSpec
from ..api.pods import Strategy, is_zero
from .context import Child, Context
from .image import version_label
from .metadata import child
from .pod import pod_template
from .prerequisites import facts_missing, rollout_wait
from .probes import start_seconds
from .replicas import declared_replicas, first_replicas, owned_replicas

PROGRESS_DEADLINE = 600
# Seconds that a pod needs in addition to the time that its probes allow: for a node, the image and its volumes.
BEFORE_THE_START = 300
REVISIONS = 3


def deployment(context: Context) -> Child:
    """Build the Deployment; it is held while something that its pods need is missing, so running pods stay."""
    microservice, held = context.microservice, rollout_wait(context)
    if facts_missing(context):
        return Child("Deployment", microservice.name, None, held)
    owned, template = owned_replicas(context), pod_template(context)
    spec: dict[str, Any] = {"replicas": declared_replicas(context)} if owned else {}
    spec |= {
        "selector": {"matchLabels": names.selector_labels(microservice.name)},
        "strategy": _strategy(microservice.spec.strategy),
        **_times(microservice.spec, template),
        "revisionHistoryLimit": REVISIONS,
        "template": template,
    }
    metadata = {"labels": {names.LABEL_VERSION: version_label(microservice.spec.image)}}
    made = child(context, "Deployment", microservice.name, {"metadata": metadata, "spec": spec})
    return replace(made, held=held, initial={} if owned else {"replicas": first_replicas(context)})


def _times(given: MicroserviceSpec, template: dict[str, Any]) -> dict[str, int]:
    """Return when a pod counts as available, and a rollout as stuck: by default after the time that pods may need."""
    ready = given.min_ready_seconds or 0
    pod = template["spec"]
    waits = sum(start_seconds(container) for container in (*pod.get("initContainers", []), *pod["containers"]))
    deadline = given.progress_deadline_seconds or max(PROGRESS_DEADLINE, BEFORE_THE_START + waits + ready)
    return {"progressDeadlineSeconds": deadline} | ({"minReadySeconds": ready} if ready else {})


def _strategy(given: Strategy | None) -> dict[str, Any]:
    """Build the update strategy: unless the spec says otherwise, no pod ends before its successor is ready."""
    if given is not None and given.type == "Recreate":
        return {"type": "Recreate"}
    rolling = given.rolling_update.manifest() if given and given.rolling_update else {}
    # Kubernetes refuses zero for both: without an additional pod, one running pod is replaced at a time
    unavailable = 1 if is_zero(rolling.get("maxSurge")) else 0
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": 1} | rolling}
