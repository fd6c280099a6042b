"""Schema of a Microservice's status, only for the CRD; the operator builds the value in its module `status`."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .base import Model
from .scalars import ATOMIC, Keyed, PartName, ShortText

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
    """URLs of the service."""

    internal: Identifier | None = None
    """URL inside the cluster."""
    gateway: Identifier | None = None
    """URL of the API gateway's stage, if the service has routes."""


class Resource(Model):
    """A child object in Kubernetes, or an external resource."""

    layer: Literal["Kubernetes", "AWS", "PostgreSQL"]
    kind: Word
    name: ShortText
    id: Identifier | None = None
    """Identifier of the resource, such as its ARN."""
    state: Word
    message: Sentence | None = None


class Credentials(Model):
    """The service's login to one database."""

    database: PartName
    login: ShortText
    """Role that new pods log in as."""
    rotated_at: Annotated[str, Field(json_schema_extra=DATE_TIME)] | None = None
    """Time of the last rotation of its password; absent before the first one."""


class JobResult(Model):
    """The last run of one scheduled job that has ended."""

    name: PartName
    """Name of the job in spec.jobs."""
    last_result: Literal["Succeeded", "Failed"]
    last_ended_at: Annotated[str, Field(json_schema_extra=DATE_TIME)]
    """Time at which the run ended."""
    message: Sentence | None = None
    """Why the run failed."""


class Trouble(Model):
    """One problem of this Microservice."""

    severity: Literal["Error", "Warning", "Info"] | None = None
    field: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """Path of the field that causes the problem, such as spec.tables[0].capacity."""
    message: Sentence


class MicroserviceStatus(Model):
    """State that the operator observed in its last reconciliation."""

    observed_generation: int | None = None
    """Generation of the spec that this status describes; -1 until the first reconciliation."""
    conditions: Annotated[list[Condition], Field(max_length=16), Keyed(("type",))] | None = None
    """Ready, Reconciling, Stalled, and one condition for each declared section of the spec."""
    replicas: Count | None = None
    """Number of pods."""
    ready_replicas: Count | None = None
    """Number of ready pods."""
    selector: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """Label selector of the pods, as the scale subresource needs it."""
    environment: ShortText | None = None
    """Name of the Environment in use."""
    environment_from: Word | None = None
    """Source of that name: Spec, Namespace (the namespace's label) or Default (the Environment's annotation)."""
    endpoints: Endpoints | None = None
    """URLs of the service."""
    resources: Annotated[list[Resource], Field(max_length=256, json_schema_extra=ATOMIC)] | None = None
    """All child objects and external resources, with their states."""
    problems: Annotated[list[Trouble], Field(max_length=64, json_schema_extra=ATOMIC)] | None = None
    """Problems that need attention, with the field that causes each."""
    deletion: Annotated[list[Resource], Field(max_length=256, json_schema_extra=ATOMIC)] | None = None
    """Resources that still block the deletion, with the reasons."""
    credentials: Annotated[list[Credentials], Field(max_length=16, json_schema_extra=ATOMIC)] | None = None
    """Logins to the databases whose passwords are rotated."""
    jobs: Annotated[list[JobResult], Field(max_length=16, json_schema_extra=ATOMIC)] | None = None
    """Last results of the scheduled jobs; a job that has not ended a run yet is absent."""
    last_handled_reconcile_at: ShortText | None = None
    """Last value of the annotation microservice-operator.dev/reconcile-requested-at that the operator acted on."""
    last_handled_recreate: ShortText | None = None
    """Last value of the annotation microservice-operator.dev/recreate that the operator acted on; each value allows one
    recreation."""
    last_handled_rotate_at: ShortText | None = None
    """Last value of the annotation microservice-operator.dev/rotate-requested-at that is carried out: all passwords are
    rotated, and the earlier logins are no longer valid."""
