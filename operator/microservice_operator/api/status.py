"""Shape of a Microservice's status, for the CRD only: the operator builds the value in its own `status` module."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .base import Model
from .scalars import ATOMIC, Keyed, ShortText

Sentence = Annotated[str, StringConstraints(max_length=4096)]
Word = Annotated[str, StringConstraints(max_length=64)]
Identifier = Annotated[str, StringConstraints(max_length=2048)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
DATE_TIME: dict[str, Any] = {"format": "date-time"}


class Condition(Model):
    """metav1.Condition."""

    type: Annotated[
        str, StringConstraints(min_length=1, max_length=316, pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
    ]
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    ]
    message: Annotated[str, StringConstraints(max_length=32768)]
    last_transition_time: Annotated[str, Field(json_schema_extra=DATE_TIME)]
    observed_generation: Annotated[int, Field(ge=0)] | None = None


class Endpoints(Model):
    """Where the service answers."""

    internal: Identifier | None = None
    """URL inside the cluster."""
    gateway: Identifier | None = None
    """URL of the API gateway's stage, where the service has routes."""


class Resource(Model):
    """One child, in Kubernetes or outside."""

    layer: Literal["Kubernetes", "AWS", "PostgreSQL"]
    kind: Word
    name: ShortText
    id: Identifier | None = None
    """ARN or the like."""
    state: Word
    message: Sentence | None = None


class Trouble(Model):
    """One thing that is wrong."""

    severity: Literal["Error", "Warning", "Info"] | None = None
    field: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """Path of the field in this resource, such as spec.tables[0].capacity."""
    message: Sentence


class MicroserviceStatus(Model):
    """What the operator has observed."""

    observed_generation: int | None = None
    """Generation of the spec that this status is about; -1 until the operator has looked."""
    conditions: Annotated[list[Condition], Field(max_length=16), Keyed(("type",))] | None = None
    """Ready, Reconciling, Stalled, and one for each declared part."""
    replicas: Count | None = None
    """Pods that there are."""
    ready_replicas: Count | None = None
    """Pods that are ready."""
    selector: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """Label selector of the pods, for the scale subresource."""
    environment: ShortText | None = None
    """The Environment in use."""
    environment_from: Word | None = None
    """What chose it: Spec, Namespace (its label) or Default (the Environment's annotation)."""
    endpoints: Endpoints | None = None
    """Where the service answers."""
    resources: Annotated[list[Resource], Field(max_length=256, json_schema_extra=ATOMIC)] | None = None
    """Every child and how it stands."""
    problems: Annotated[list[Trouble], Field(max_length=64, json_schema_extra=ATOMIC)] | None = None
    """What is wrong, field by field."""
    deletion: Annotated[list[Resource], Field(max_length=256, json_schema_extra=ATOMIC)] | None = None
    """What still blocks removal, and why."""
    last_handled_reconcile_at: ShortText | None = None
    """The last microservice-operator.dev/reconcile-requested-at that was acted on."""
    last_handled_recreate: ShortText | None = None
    """The microservice-operator.dev/recreate that was acted on: it permits one new start, not every further one."""
