"""Scheduled jobs of a service under the names of Kubernetes' CronJob, without what the service itself declares."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .containers import Command, EnvVar, Resources
from .patterns import pattern
from .scalars import Keyed, PartName

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def _field(number: str, names: list[str] | None = None) -> str:
    """Build the pattern of one field: `*`, `5`, `1-5`, `*/15`, or a list of these."""
    value = f"({'|'.join([number, *(names or []), *map(str.lower, names or [])])})"
    item = rf"(\*|\?|{value}(-{value})?)(/[1-9][0-9]{{0,3}})?"
    return f"{item}(,{item})*"


_FIELDS = (
    _field("[0-5]?[0-9]"),
    _field("[01]?[0-9]|2[0-3]"),
    _field("0?[1-9]|[12][0-9]|3[01]"),
    _field("0?[1-9]|1[0-2]", _MONTHS),
    _field("0?[0-6]", _DAYS),
)
# What the API server accepts for a CronJob, without `*-5` and `1,`, which it misreads. It checks in addition that a
# range does not end before it begins.
SCHEDULE = pattern(
    f"^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|{' +'.join(_FIELDS)})$",
    "minute, hour, day of month, month and day of week, such as 15 3 * * 1-5, or a macro such as @daily",
)
TIME_ZONE = pattern(
    r"^[A-Za-z]([-+/_A-Za-z0-9]*[A-Za-z0-9])?$", "the name of a time zone, such as Etc/UTC or Europe/Vienna"
)
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class ScheduledJob(Model):
    """A command that runs on a schedule in a pod like the service's; batchv1.CronJobSpec without the pod."""

    name: PartName
    """Name of the job; the CronJob is named <service>-<job>."""
    schedule: Annotated[str, StringConstraints(max_length=253, pattern=SCHEDULE)]
    """When it runs, in the syntax of cron: 15 3 * * * is every day at 03:15."""
    time_zone: Annotated[str, StringConstraints(max_length=64, pattern=TIME_ZONE)] | None = None
    """Time zone of the schedule; by default that of the control plane, mostly UTC."""
    command: Command | None = None
    """Command of the container; replaces the image's entrypoint."""
    args: Command | None = None
    """Arguments of the command."""
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] = "Forbid"
    """What happens if the job is due while it still runs: Forbid skips the run, Replace ends the old one, Allow runs
    both. The default of Kubernetes is Allow."""
    starting_deadline_seconds: Annotated[int, Field(ge=10, le=2**31 - 1)] | None = None
    """Seconds after which a missed run is skipped; by default a missed run starts as soon as possible."""
    active_deadline_seconds: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Seconds after which a run is ended and counts as failed; by default it may run for ever."""
    backoff_limit: Count | None = None
    """How often a failed pod is replaced before the run counts as failed; by default 6 times."""
    successful_jobs_history_limit: Annotated[int, Field(ge=0, le=100)] | None = None
    """How many successful runs are kept, with their pods and logs; by default 3."""
    failed_jobs_history_limit: Annotated[int, Field(ge=0, le=100)] | None = None
    """How many failed runs are kept, with their pods and logs; by default 1."""
    suspend: bool = False
    """If true, no further run starts; one that runs is not ended."""
    resources: Resources | None = None
    """CPU and memory requests and limits; by default those of the service."""
    env: Annotated[list[EnvVar], Field(max_length=64), Keyed(("name",))] | None = None
    """Environment variables, in addition to those of the service, which they override."""
    rules = (
        Rule(
            cel="(has(self.command) && self.command.size() > 0) || (has(self.args) && self.args.size() > 0)",
            holds=lambda self: bool(self.command) or bool(self.args),
            message="jobs: a job without command and args would run the service itself and never end; set one of them",
        ),
    )
