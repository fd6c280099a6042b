"""How many pods a drained node may take away at once."""

from .. import names
from .context import Child, Context
from .metadata import child
from .replicas import first_replicas


def disruption_budgets(context: Context) -> tuple[Child, ...]:
    """The PodDisruptionBudget: as declared, else where more than one pod runs, or may run without our knowledge.

    One for a single pod would keep its node from being drained, or mean nothing. A pod that is not ready anyway may go:
    otherwise a broken service blocks the drain.
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
