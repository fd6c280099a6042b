"""The service's pods, and how one version replaces another.

`replicas` is absent where an autoscaler, or another controller, owns the count. That is not enough when it was there
before: server-side apply removes a field whose only manager drops it, and the count would fall back to 1. So
`cluster.writes` first hands the count that it finds to another field manager; then the field survives, and the
autoscaler goes on from it. A Deployment that is made (anew) begins with the autoscaler's least, or with what the spec
says, not with Kubernetes' default of one.
"""

from dataclasses import replace
from typing import Any

from .. import names
from ..api.pods import Strategy, is_zero
from .context import Child, Context
from .image import version_label
from .metadata import child
from .pod import pod_template
from .prerequisites import facts_missing, rollout_wait
from .probes import start_seconds
from .replicas import declared_replicas, first_replicas, owned_replicas

PROGRESS_DEADLINE = 600
# What a pod needs beside the time that its probes grant: a node, the image, its volumes.
BEFORE_THE_START = 300
REVISIONS = 3


def deployment(context: Context) -> Child:
    """The Deployment; held while what the pods need is not there, so that those that run stay."""
    microservice, held = context.microservice, rollout_wait(context)
    if facts_missing(context):
        return Child("Deployment", microservice.name, None, held)
    owned, template = owned_replicas(context), pod_template(context)
    spec: dict[str, Any] = {"replicas": declared_replicas(context)} if owned else {}
    spec |= {
        "selector": {"matchLabels": names.selector_labels(microservice.name)},
        "strategy": _strategy(microservice.spec.strategy),
        "progressDeadlineSeconds": _deadline(template),
        "revisionHistoryLimit": REVISIONS,
        "template": template,
    }
    metadata = {"labels": {names.LABEL_VERSION: version_label(microservice.spec.image)}}
    made = child(context, "Deployment", microservice.name, {"metadata": metadata, "spec": spec})
    return replace(made, held=held, initial={} if owned else {"replicas": first_replicas(context)})


def _deadline(template: dict[str, Any]) -> int:
    """When a rollout is stuck: not before the containers have had the time that their probes give them."""
    spec = template["spec"]
    waits = sum(start_seconds(container) for container in (*spec.get("initContainers", []), *spec["containers"]))
    return max(PROGRESS_DEADLINE, BEFORE_THE_START + waits)


def _strategy(given: Strategy | None) -> dict[str, Any]:
    """No pod goes before its successor is ready, unless the spec says so."""
    if given is not None and given.type == "Recreate":
        return {"type": "Recreate"}
    rolling = given.rolling_update.manifest() if given and given.rolling_update else {}
    # both zero is refused: who allows no pod more has one of those that run replaced at a time
    unavailable = 1 if is_zero(rolling.get("maxSurge")) else 0
    return {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": 1} | rolling}
