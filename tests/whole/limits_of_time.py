"""What AWS refuses or does not show for a time after something else, each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.proxy import Answer, Call, Emulator

from .faults import says
from .world import World

HOUR = 3600.0
Spec = Mapping[str, Any]
TABLE: dict[str, Any] = {"name": "carts", "partitionKey": {"name": "id"}, "deletionPolicy": "Delete"}
QUEUE: dict[str, Any] = {"name": "events", "deletionPolicy": "Delete"}
DATABASE: dict[str, Any] = {"name": "orders", "deletionPolicy": "Delete"}


@dataclass(frozen=True)
class Limit:
    """For `seconds` after one of `after`, AWS refuses `action` with `code`; without a code, a read shows the old state.

    `change` leads from the first spec, or from the one `between`, to the second. Without it, the Microservice is
    deleted and made again.
    """

    name: str
    source: str
    seconds: float
    service: str
    action: str
    after: tuple[str, ...]
    first: Spec
    change: Spec | None
    between: Spec | None = None
    code: str = ""
    message: str = ""

    @property
    def second(self) -> Spec:
        return {**self.first, **(self.change or {})}


@dataclass
class Clocked:
    """A layer in front of another that keeps one limit, for another time than documented if `seconds` says so."""

    world: World
    limit: Limit
    seconds: float
    began: float = float("-inf")
    until: float = 0.0  # the end of the last window that was met
    windows: int = 0
    refused: list[float] = field(default_factory=list)  # times
    behind: Any = None
    _shown: dict[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.behind, self.world.faults.behind = self.world.faults.behind, self

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        lasts = self.world.now - self.began < self.seconds
        if (call.service, call.action) == (self.limit.service, self.limit.action):
            if self.limit.code and lasts:
                self.until = self.began + self.seconds
                self.refused.append(self.world.now)
                return says(call, self.limit.code, self.limit.message, 400)
            if not self.limit.code:
                return self._late(call, emulator, lasts=lasts)
        answer: Answer = self.behind(call, emulator)
        if call.action in self.limit.after and answer.status < 300 and (self.limit.code or not lasts):
            self.windows += 1
            self.began = self.world.now  # the same value, written again, is on its way since the first time
        return answer

    def _late(self, call: Call, emulator: Emulator, *, lasts: bool) -> Answer:
        page = {key: value for key, value in call.body.items() if key != "NextToken"}
        if not lasts and page == call.body:
            self._shown.clear()  # pages of an older list do not fit
        if lasts:
            self.until = self.began + self.seconds
        key = str(sorted(call.body.items(), key=str))
        if not lasts or key not in self._shown:
            self._shown[key] = self.behind(call, emulator)
        return self._shown[key]


def _provisioned(low: int) -> Spec:
    both = {"read": {"min": low, "max": 20}, "write": {"min": low, "max": 20}}
    return {"tables": [{**TABLE, "billingMode": "Provisioned", "capacity": both}]}


LIMITS = (
    Limit(
        name="a deleted queue's name",
        source='Amazon SQS API Reference, "DeleteQueue": wait at least 60 seconds before using its name again',
        seconds=60,
        service="sqs",
        action="CreateQueue",
        after=("DeleteQueue",),
        first={"queues": [QUEUE]},
        change=None,
        code="AWS.SimpleQueueService.QueueDeletedRecently",
        message="You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    ),
    Limit(
        name="attributes of a queue",
        source='Amazon SQS API Reference, "SetQueueAttributes": up to 60 seconds to propagate throughout the system',
        seconds=60,
        service="sqs",
        action="GetQueueAttributes",
        after=("SetQueueAttributes",),
        first={"queues": [QUEUE]},
        change={"queues": [{**QUEUE, "visibilityTimeoutSeconds": 77}]},
    ),
    Limit(
        name="retention of a queue",
        source='Amazon SQS API Reference, "SetQueueAttributes": MessageRetentionPeriod can take up to 15 minutes',
        seconds=900,
        service="sqs",
        action="GetQueueAttributes",
        after=("SetQueueAttributes",),
        first={"queues": [QUEUE]},
        change={"queues": [{**QUEUE, "retention": "13h"}]},
    ),
    Limit(
        name="time to live",
        source='Amazon DynamoDB API Reference, "UpdateTimeToLive": up to one hour, other calls for the table in this'
        " time fail",
        seconds=HOUR,
        service="dynamodb",
        action="UpdateTimeToLive",
        after=("UpdateTimeToLive",),
        first={"tables": [{**TABLE, "timeToLiveAttribute": "expires"}]},
        change={"tables": [{**TABLE, "timeToLiveAttribute": "gone"}]},
        code="ValidationException",
        message="Time to live has been modified multiple times within a fixed interval",
    ),
    Limit(
        name="tags of a table",
        source='Amazon DynamoDB API Reference, "TagResource": ListTagsOfResource may be old or empty for a few seconds;'
        " public reports of two minutes",
        seconds=120,
        service="dynamodb",
        action="ListTagsOfResource",
        after=("CreateTable", "TagResource"),
        first={"tables": [TABLE]},
        change={"tags": {"team": "carts"}},
    ),
    Limit(
        name="backups of a new table",
        source='Amazon DynamoDB API Reference, "UpdateContinuousBackups": ContinuousBackupsUnavailableException; the'
        " Terraform provider repeats it for 20 minutes",
        seconds=1200,
        service="dynamodb",
        action="UpdateContinuousBackups",
        after=("CreateTable",),
        first={"topics": [{"name": "created"}]},
        change={"tables": [TABLE]},
        code="ContinuousBackupsUnavailableException",
        message="Backups are being enabled for the table: carts. Please retry later",
    ),
    Limit(
        name="a new role",
        source='IAM User Guide, "Troubleshoot IAM": changes are not always immediately visible; the Terraform provider'
        " waits two minutes",
        seconds=30,
        service="iam",
        action="PutRolePolicy",
        after=("CreateRole",),
        first={},
        change={"queues": [QUEUE]},
        code="NoSuchEntity",
        message="The role with name … cannot be found.",
    ),
    Limit(
        name="optimization of a disk",
        source='Amazon RDS User Guide, "Working with storage": six hours, or until the optimization has ended',
        seconds=6 * HOUR,
        service="rds",
        action="ModifyDBInstance",
        after=("ModifyDBInstance",),
        first={"databases": [{**DATABASE, "storage": {"size": "30Gi"}}]},
        between={"databases": [{**DATABASE, "storage": {"size": "40Gi"}}]},
        change={"databases": [{**DATABASE, "storage": {"size": "50Gi"}}]},
        code="InvalidParameterCombination",
        message="You can't currently modify the storage of this DB instance because the previous storage change is"
        " being optimized.",
    ),
    Limit(
        name="interfaces of a deleted instance",
        source='Amazon EC2 API Reference, "DeleteSecurityGroup": DependencyViolation while an interface uses it',
        seconds=600,
        service="ec2",
        action="DeleteSecurityGroup",
        after=("DeleteDBInstance",),
        first={"databases": [DATABASE]},
        change=None,
        code="DependencyViolation",
        message="resource sg-1 has a dependent object",
    ),
    Limit(
        name="changes of the billing mode",
        source='Amazon DynamoDB Developer Guide, "Service quotas": to on-demand up to four times in 24 hours',
        seconds=24 * HOUR,
        service="dynamodb",
        action="UpdateTable",
        after=("CreateTable",),
        first=_provisioned(5),
        change={"tables": [TABLE]},
        code="LimitExceededException",
        message="Subscriber limit exceeded: Update to PayPerRequest mode are limited to 4 times in 1 day(s). After the"
        " last update, the next update is available after some hours.",
    ),
)
