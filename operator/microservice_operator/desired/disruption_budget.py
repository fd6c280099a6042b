"""Builds the PodDisruptionBudget: how many pods the drain of a node may evict at once."""

from .. import names
from .context import Child, Context
from .metadata import child
from .replicas import first_replicas


def disruption_budgets(context: Context) -> tuple[Child, ...]:
    """Build the PodDisruptionBudget: the declared one, otherwise a default if more than one pod may run.

    More than one may run if the count says so, or if another controller sets it. A budget for a single pod would block
    the drain of its node, or have no effect. Pods that are not ready may be evicted; otherwise a broken service would
    block the drain.
    """
    microservice = context.microservice
    given = microservice.spec.pod_disruption_budget
    external = microservice.spec.replicas_managed_by == "External"
    if given is None and first_replicas(context) <= 1 and not external:
        return ()
    spec = {
        "selector": {"matchLabels": names.selector_labels(microservice.name)},
        **(given.manifest() if given else {"maxUnavailable": 1}),
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return (child(context, "PodDisruptionBudget", microservice.name, {"spec": spec}),)
