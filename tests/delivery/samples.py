"""Samples of Microservices with status, each with the expected result of Argo CD and of kstatus.

The operator's `status.summarise` computes the statuses, so a change of that function changes these files and is tested
with both tools.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from microservice_operator.cluster.child_states import ROLLING, SHORT
from microservice_operator.facts import Facts, Part, Reason, Section, State, Workload
from microservice_operator.status import summarise

NOW = "2026-11-28T06:00:00Z"
SPEC = {
    "image": "registry.example/shop/product:1.0.0",
    "tables": [{"name": "products", "partitionKey": {"name": "productId"}}],
}
_TABLE = Part("AWS", "Table", "products", State.READY, id="arn:aws:dynamodb:us-east-1:123456789012:table/products")
_RUNNING = Workload(2, 2, 2, State.READY, Reason.READY, available=2)
_ROLLING = Workload(3, 2, 1, State.PROGRESSING, Reason.ROLLOUT_PROGRESSING, ROLLING, available=2)
_SHORT = Workload(4, 2, 4, State.READY, Reason.REPLICAS_UNAVAILABLE, SHORT, available=2, short=True)
_READY = Facts(
    3, _RUNNING, sections={Section.TABLES: (_TABLE,)}, endpoint="http://product.shop.svc", environment="prod"
)
_INVALID = Part(
    "Kubernetes", "Microservice", "", State.STALLED, Reason.INVALID_SPEC, "spec.replicas: must be at least 0"
)


@dataclass(frozen=True)
class Sample:
    """One state; without facts the operator has not looked yet, and the status is the CRD's default."""

    name: str
    argocd: str  # Healthy, Progressing, Degraded, Suspended
    kstatus: str  # Current, InProgress, Failed, Terminating
    facts: Facts | None = None
    generation: int = 3
    spec: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def microservice(self) -> dict[str, Any]:
        """As the API server gives it."""
        metadata = {"name": "product", "namespace": "shop", "generation": self.generation, **self.metadata}
        return {
            "apiVersion": "microservice-operator.dev/v1alpha1",
            "kind": "Microservice",
            "metadata": metadata,
            "spec": {**SPEC, **self.spec},
            "status": summarise(self.facts, {}, NOW) if self.facts else {"observedGeneration": -1},
        }

    def text(self) -> str:
        """The file."""
        written: str = yaml.safe_dump(self.microservice(), sort_keys=False, width=120)
        return written


def _table(state: State, reason: Reason, message: str) -> Facts:
    return replace(_READY, sections={Section.TABLES: (replace(_TABLE, state=state, reason=reason, message=message),)})


SAMPLES = (
    Sample("new", "Progressing", "InProgress", generation=1),
    Sample("ready", "Healthy", "Current", _READY),
    Sample("rolling", "Progressing", "InProgress", replace(_READY, workload=_ROLLING)),
    Sample("scaling", "Healthy", "InProgress", replace(_READY, workload=_SHORT)),
    Sample(
        "table-creating",
        "Progressing",
        "InProgress",
        _table(State.PROGRESSING, Reason.TABLE_CREATING, "table products is being created; pods wait for it"),
    ),
    Sample(
        "aws-unavailable",
        "Progressing",
        "InProgress",
        _table(State.UNKNOWN, Reason.AWS_UNAVAILABLE, "DynamoDB does not answer; what is there is left as it is"),
    ),
    Sample(
        "table-lost",
        "Degraded",
        "Failed",
        _table(State.STALLED, Reason.TABLE_LOST, "table products is gone: restore it, or let an empty one be made"),
    ),
    Sample("invalid-spec", "Degraded", "Failed", Facts(3, refused=_INVALID)),
    Sample(
        "spec-changed",  # ready, and the spec is newer than that
        "Progressing",
        "InProgress",
        _READY,
        generation=4,
    ),
    Sample("suspended", "Suspended", "InProgress", replace(_READY, suspended=True), spec={"suspend": True}),
    Sample(
        "deleting",
        "Progressing",
        "Terminating",
        Facts(
            3,
            deletion=(replace(_TABLE, state=State.DELETING, reason=Reason.TABLE_DELETING, message="is being deleted"),),
        ),
        metadata={
            "deletionTimestamp": "2026-11-28T05:59:00Z",
            "finalizers": ["microservice-operator.dev/finalizer"],
        },
    ),
)
