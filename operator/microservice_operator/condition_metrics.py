"""Metrics of each Microservice: whether it is Ready or Stalled, as its status says.

Without them, alerts need kube-state-metrics with a configuration for this resource. The series are written at each
scrape from the watched objects, so a deleted Microservice leaves none.
"""

from collections.abc import Mapping

from . import metrics
from .facts import Reason
from .raw_objects import Item, mappings, text

TYPES = ("Ready", "Stalled")
REASONS = frozenset(reason.value for reason in Reason)
UNKNOWN = "Unknown"  # no status yet, or a reason that this version does not have


def export_conditions(microservices: Mapping[tuple[str, str], Item]) -> None:
    """Replace all series by those of these Microservices, by namespace and name.

    Both conditions have the reason of Ready.
    """
    metrics.CONDITIONS.clear()
    for (namespace, name), body in microservices.items():
        conditions = {text(each, "type"): each for each in mappings(body.get("status"), "conditions")}
        reason = text(conditions.get("Ready"), "reason")
        for kind in TYPES:
            holds = text(conditions.get(kind), "status") == "True"
            metrics.CONDITIONS.labels(namespace, name, kind, reason if reason in REASONS else UNKNOWN).set(holds)
