"""Facts: everything that a reconciliation found out, as pure data.

`aws`, `postgres` and `cluster` produce facts, `reconcile` collects them, and `status` computes the status from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from .errors import NeedsPerson, NotYet, Problem

PERSON_SECONDS = 300.0  # what waits for a person is read again then, so that it recovers after somebody has acted


class State(StrEnum):
    """State of one part."""

    READY = "Ready"
    PROGRESSING = "Progressing"  # resolves without a person
    STALLED = "Stalled"  # a person must act
    UNKNOWN = "Unknown"  # could not be read
    DELETING = "Deleting"
    RETAINED = "Retained"  # kept by policy, with our tags


class Section(StrEnum):
    """The condition of the status that an external resource belongs to."""

    DATABASES = "databases"
    TABLES = "tables"
    MESSAGING = "messaging"
    IDENTITY = "identity"
    ROUTES = "routes"


class Reason(StrEnum):
    """All reasons of conditions and Events."""

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
    JOB_FAILED = "JobFailed"
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
    PASSWORD_ROTATED = "PasswordRotated"  # noqa: S105 a reason, no password
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
    AUTH_MISSING = "AuthMissing"
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
    RESTORE_REFUSED = "RestoreRefused"
    AWS_UNAVAILABLE = "AWSUnavailable"
    AWS_THROTTLED = "AWSThrottled"
    ACCESS_DENIED = "AccessDenied"
    ACCOUNT_MISMATCH = "AccountMismatch"
    ASSUME_ROLE_REFUSED = "AssumeRoleRefused"
    DEPENDENCY_MISSING = "DependencyMissing"
    DEPENDENCY_NOT_READY = "DependencyNotReady"
    DEPENDENCY_NOT_ADMITTED = "DependencyNotAdmitted"
    DEPENDENCY_WITHOUT_PORT = "DependencyWithoutPort"
    CHILD_CREATED = "Created"
    CHILD_UPDATED = "Updated"
    CHILD_DELETED = "Deleted"
    OVERRIDDEN = "Overridden"
    DELETING = "Deleting"
    ABANDONED = "Abandoned"
    RECONCILIATION_TIMEOUT = "ReconciliationTimeout"
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True)
class Event:
    """Something that happened in this reconciliation; posted once, on the Microservice."""

    type: Literal["Normal", "Warning"]
    reason: Reason
    message: str


@dataclass(frozen=True)
class Part:
    """State of one resource at the end of a reconciliation.

    `kind` is the resource's kind (`Deployment`, `Table`, `Database`); `id` is its identifier, such as an ARN, if any;
    `after` requests a requeue in that many seconds, `None` means at the resync.
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
    failed: bool = False  # an attempt failed and is retried with growing backoff
    unmarked: bool = False  # AWS shows no owner tags on it at all, so the owner is unknown
    optional: bool = False  # its problem is reported but does not affect readiness

    @property
    def problem(self) -> Problem:
        """The part's problem, as a problem of the spec's field."""
        return Problem(self.field, self.message)

    @property
    def is_over(self) -> bool:
        """Whether its deletion is finished."""
        return self.state in (State.READY, State.RETAINED)


def with_error(part: Part, error: NeedsPerson | NotYet) -> Part:
    """Report an error in a part: Stalled if a person must act, otherwise the old state and a retry."""
    part = replace(part, reason=Reason(error.reason), message=str(error))
    if isinstance(error, NotYet):
        return replace(part, after=error.after, failed=True)
    return replace(part, state=State.STALLED, after=PERSON_SECONDS, field=error.field or part.field)


@dataclass(frozen=True)
class Trouble:
    """A problem that a child or a pod reports.

    `remedy` says what to do. A state that is normal for a while has `since`, an RFC 3339 time, and `patience`, the
    seconds from then on during which it is not reported.
    """

    reason: Reason
    message: str
    remedy: str = ""
    state: State = State.PROGRESSING
    since: str = ""
    patience: float = 0.0

    @property
    def sentence(self) -> str:
        """The message with the remedy."""
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    def due(self, now: datetime) -> float:
        """Return the seconds until it must be reported; 0 if it is due."""
        try:
            begun = datetime.fromisoformat(self.since)
        except ValueError:
            return 0.0
        return max(0.0, self.patience - (now - begun).total_seconds())


@dataclass(frozen=True)
class Workload:
    """State of the Deployment: counts, and the first pod's problem, if any.

    Ready means that the declared version has replaced the old one and that a pod answers; `short` means that some pods
    are not ready yet. `observed` is false until the Deployment's controller has seen the current spec. `after` requests
    a requeue in that many seconds.
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
class Credentials:
    """The login that new pods of a service use for a database, and when its password was rotated, "" if never."""

    database: str
    login: str
    rotated_at: str = ""


@dataclass(frozen=True)
class Job:
    """State of a migration Job, and its problem."""

    phase: Literal["Running", "Done", "Failed"]
    trouble: Trouble | None = None


@dataclass(frozen=True)
class JobRun:
    """A run of the scheduled job `job`: when it ended, "" while it runs, and why it failed, "" if it did not.

    The CronJob shows the last run that succeeded, too.
    """

    job: str
    ended_at: str = ""
    failure: str = ""


@dataclass(frozen=True)
class JobResult:
    """The last run of a scheduled job that has ended; `message` says why it failed."""

    job: str
    succeeded: bool
    ended_at: str
    message: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that `status` needs; a field that is `None` was not observed, and its condition is not shown."""

    generation: int
    workload: Workload | None = None
    sections: Mapping[Section, tuple[Part, ...]] = field(default_factory=dict)  # external resources; none: not shown
    dependencies: tuple[Part, ...] | None = None
    children: tuple[Part, ...] = ()
    jobs: tuple[JobResult, ...] | None = None
    deletion: tuple[Part, ...] = ()
    left: tuple[Part, ...] = ()  # deleted or retained in this reconciliation, while the Microservice stays
    suspended: bool = False
    refused: Part | None = None  # the spec or its Environment stops the whole reconciliation
    problems: tuple[Problem, ...] = field(default=())
    notices: tuple[Problem, ...] = ()  # warnings, which do not affect readiness
    endpoint: str = ""
    gateway: str = ""  # the public URL of the routes
    selector: str = ""
    environment: str = ""
    environment_from: str = ""
    reconcile_requested_at: str = ""
    recreated: str = ""
    credentials: tuple[Credentials, ...] = ()
    rotated: str = ""  # the last request for a rotation that is carried out
    again: float | None = None  # requeue the whole Microservice in that many seconds

    @property
    def external(self) -> tuple[Part, ...]:
        """Everything outside the cluster that is declared or still leaving."""
        return tuple(part for section in Section for part in self.sections.get(section, ()))
