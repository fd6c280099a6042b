"""The SNS topic for new orders."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from order_service.aws import Aws
from order_service.events import Event

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef

log = structlog.get_logger(__name__)


class Topic:
    def __init__(self, aws: Aws, arn: str) -> None:
        self._aws = aws
        self._arn = arn

    async def publish(self, events: Sequence[Event]) -> Collection[UUID]:
        entries = [_entry(event) for event in events]
        answer = await self._aws.call(
            lambda: self._aws.sns.publish_batch(TopicArn=self._arn, PublishBatchRequestEntries=entries)
        )
        for rejected in answer.get("Failed", []):
            log.warning("SNS rejected an event", eventId=rejected["Id"], code=rejected["Code"])
        return {UUID(accepted["Id"]) for accepted in answer.get("Successful", []) if "Id" in accepted}


def _entry(event: Event) -> "PublishBatchRequestEntryTypeDef":
    return {
        "Id": str(event.event_id),
        "Message": event.body,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in event.attributes.items()
        },
    }
