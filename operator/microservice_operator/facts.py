"""What a pass has found out: the values that its parts hand to `status`; nothing else passes between them.

Pure data. `cloud`, `postgres` and `cluster` make facts, `reconcile` gathers them, `status` sums them up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from .errors import Problem


class State(StrEnum):
    """How one part stands."""

    READY = "Ready"
    PROGRESSING = "Progressing"  # comes by itself
    STALLED = "Stalled"  # a person must act
    UNKNOWN = "Unknown"  # could not be read
    DELETING = "Deleting"
    RETAINED = "Retained"  # left in place by policy, our marks kept


class Section(StrEnum):
    """Which condition of the status a part outside the cluster counts for."""

    DATABASES = "databases"
    TABLES = "tables"
    MESSAGING = "messaging"
    IDENTITY = "identity"
    ROUTES = "routes"


class Reason(StrEnum):
    """Condition and Event reasons, all of them."""

    READY = "Ready"
    PROGRESSING = "Progressing"
    WAITING = "Waiting"
    SUSPENDED = "Suspended"
    INVALID_SPEC = "InvalidSpec"
    ENVIRONMENT_MISSING = "EnvironmentMissing"
    ENVIRONMENT_REFUSED = "EnvironmentRefused"
    CONFLICT = "Conflict"
    FORBIDDEN = "Forbidden"
    REJECTED = "Rejected"
    QUOTA_EXCEEDED = "QuotaExceeded"
    ROLLOUT_PROGRESSING = "RolloutProgressing"
    ROLLOUT_STUCK = "RolloutStuck"
    ROLLOUT_PAUSED = "RolloutPaused"
    REPLICAS_UNAVAILABLE = "ReplicasUnavailable"
    UNSCHEDULABLE = "Unschedulable"
    PROBE_FAILING = "ProbeFailing"
    CONTAINER_FAILING = "ContainerFailing"
    IMAGE_UNAVAILABLE = "ImageUnavailable"
    SCALED_TO_ZERO = "ScaledToZero"
    MIGRATION_RUNNING = "MigrationRunning"
    MIGRATION_FAILED = "MigrationFailed"
    MIGRATION_SUSPENDED = "MigrationSuspended"
    AUTOSCALING_INACTIVE = "AutoscalingInactive"
    DISRUPTION_BUDGET_INACTIVE = "DisruptionBudgetInactive"
    LOAD_BALANCER_PENDING = "LoadBalancerPending"
    LOAD_BALANCER_FAILING = "LoadBalancerFailing"
    DATABASE_CREATING = "DatabaseCreating"
    DATABASE_CREATED = "DatabaseCreated"
    DATABASE_UPDATING = "DatabaseUpdating"
    DATABASE_DELETING = "DatabaseDeleting"
    DATABASE_DELETED = "DatabaseDeleted"
    DATABASE_RETAINED = "DatabaseRetained"
    DATABASE_UNREACHABLE = "DatabaseUnreachable"
    DATABASE_LOST = "DatabaseLost"
    DATABASE_UNUSABLE = "DatabaseUnusable"
    PASSWORD_RENEWED = "PasswordRenewed"  # noqa: S105 a reason, no password
    TABLE_CREATING = "TableCreating"
    TABLE_CREATED = "TableCreated"
    TABLE_UPDATING = "TableUpdating"
    TABLE_DELETING = "TableDeleting"
    TABLE_DELETED = "TableDeleted"
    TABLE_RETAINED = "TableRetained"
    TABLE_LOST = "TableLost"
    TABLE_UNUSABLE = "TableUnusable"
    MESSAGING_CREATING = "MessagingCreating"
    MESSAGING_CREATED = "MessagingCreated"
    MESSAGING_UPDATING = "MessagingUpdating"
    MESSAGING_DELETING = "MessagingDeleting"
    MESSAGING_DELETED = "MessagingDeleted"
    MESSAGING_RETAINED = "MessagingRetained"
    TOPIC_MISSING = "TopicMissing"
    TOPIC_NOT_ADMITTED = "TopicNotAdmitted"
    INVALID_DOCUMENT = "InvalidDocument"
    API_CREATING = "APICreating"
    API_CREATED = "APICreated"
    API_UPDATING = "APIUpdating"
    API_DELETING = "APIDeleting"
    API_DELETED = "APIDeleted"
    API_RETAINED = "APIRetained"
    API_LOST = "APILost"
    API_UNUSABLE = "APIUnusable"
    IDENTITY_CREATING = "IdentityCreating"
    IDENTITY_CREATED = "IdentityCreated"
    IDENTITY_UPDATING = "IdentityUpdating"
    IDENTITY_DELETING = "IdentityDeleting"
    IDENTITY_DELETED = "IdentityDeleted"
    CHANGE_REFUSED = "ChangeRefused"
    ADOPTION_REFUSED = "AdoptionRefused"
    AWS_UNAVAILABLE = "AWSUnavailable"
    AWS_THROTTLED = "AWSThrottled"
    ACCESS_DENIED = "AccessDenied"
    ACCOUNT_MISMATCH = "AccountMismatch"
    DEPENDENCY_MISSING = "DependencyMissing"
    DEPENDENCY_NOT_READY = "DependencyNotReady"
    DEPENDENCY_NOT_ADMITTED = "DependencyNotAdmitted"
    CHILD_CREATED = "Created"
    CHILD_UPDATED = "Updated"
    CHILD_DELETED = "Deleted"
    OVERRIDDEN = "Overridden"
    DELETING = "Deleting"
    ABANDONED = "Abandoned"
    PASS_OVERRUN = "PassOverrun"  # noqa: S105 a reason, no password
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True)
class Event:
    """One thing that happened in this pass; posted once, on the Microservice."""

    type: Literal["Normal", "Warning"]
    reason: Reason
    message: str


@dataclass(frozen=True)
class Part:
    """How one resource stands at the end of a pass.

    `kind` is the resource's kind (`Deployment`, `Table`, `Database`); `id` an ARN or the like, if any;
    `after` asks for another look in that many seconds, `None` for no look before the resync.
    """

    layer: Literal["Kubernetes", "AWS", "PostgreSQL"]
    kind: str
    name: str
    state: State
    reason: Reason = Reason.READY
    message: str = ""
    id: str = ""
    field: str = ""
    after: float | None = None
    events: tuple[Event, ...] = ()
    failed: bool = False  # an attempt failed and is made again, with a back-off that grows
    unmarked: bool = False  # AWS shows no owner's marks on it at all: whose it is cannot be told
    optional: bool = False  # its trouble is reported and keeps nothing from being ready

    @property
    def problem(self) -> Problem:
        """The part's trouble as a problem of the spec's field."""
        return Problem(self.field, self.message)


@dataclass(frozen=True)
class Trouble:
    """What a child or a pod reports of itself that keeps something from working.

    `remedy` says what to do about it. What is normal for a while has `since`, an RFC 3339 time, and `patience`, the
    seconds from then on during which nobody is told.
    """

    reason: Reason
    message: str
    remedy: str = ""
    state: State = State.PROGRESSING
    since: str = ""
    patience: float = 0.0

    @property
    def sentence(self) -> str:
        """What is wrong, and what to do."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    def due(self, now: datetime) -> float:
        """Seconds until it is to be told; 0 when it is."""
        try:
            begun = datetime.fromisoformat(self.since)
        except ValueError:
            return 0.0
        return max(0.0, self.patience - (now - begun).total_seconds())


@dataclass(frozen=True)
class Workload:
    """How the Deployment stands: counts, and the first pod's trouble if there is any.

    Ready means that the declared version has replaced its predecessors and that somebody answers; `short` that it is so
    while some pods are still awaited. `observed` is false until the Deployment's controller has seen the present spec.
    `after` asks for another look in that many seconds.
    """

    replicas: int = 0
    ready: int = 0
    updated: int = 0
    state: State = State.PROGRESSING
    reason: Reason = Reason.ROLLOUT_PROGRESSING
    message: str = ""
    available: int = 0
    short: bool = False
    observed: bool = True
    after: float | None = None

    @property
    def serves(self) -> bool:
        """Whether at least one pod answers."""
        return self.available > 0


@dataclass(frozen=True)
class Job:
    """How a migration Job stands, and what it suffers from."""

    phase: Literal["Running", "Done", "Failed"]
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Facts:
    """Everything `status` needs; a field left `None` was not looked at, and its condition is not shown."""

    generation: int
    workload: Workload | None = None
    sections: Mapping[Section, tuple[Part, ...]] = field(default_factory=dict)  # external resources; none: not shown
    dependencies: tuple[Part, ...] | None = None
    children: tuple[Part, ...] = ()
    deletion: tuple[Part, ...] = ()
    left: tuple[Part, ...] = ()  # gone or given up in this pass, while the Microservice stays
    suspended: bool = False
    refused: Part | None = None  # the spec or its Environment keeps the whole pass from going on
    problems: tuple[Problem, ...] = field(default=())
    notices: tuple[Problem, ...] = ()  # what is said and comes to nothing, and keeps nothing from being ready
    endpoint: str = ""
    gateway: str = ""  # the address at which the routes are reached from outside
    selector: str = ""
    environment: str = ""
    environment_from: str = ""
    reconcile_requested_at: str = ""
    recreated: str = ""
    again: float | None = None  # another look at the whole in that many seconds

    @property
    def external(self) -> tuple[Part, ...]:
        """Everything outside the cluster that is declared or still leaving."""
        return tuple(part for section in Section for part in self.sections.get(section, ()))
