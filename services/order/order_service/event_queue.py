"""The queue of SQS through which the events of the topic come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from order_service.aws import Aws

log = structlog.get_logger(__name__)

BATCH = 10
"""As many as SQS gives in one call."""


@dataclass(frozen=True)
class Message:
    id: str
    body: str
    attributes: Mapping[str, str]
    receipt: str


class Queue:
    def __init__(self, aws: Aws, url: str, wait_seconds: int) -> None:
        self._aws = aws
        self._url = url
        self._wait_seconds = wait_seconds

    async def receive(self) -> Sequence[Message]:
        """Waits for the first message, a while at most; nobody else sees them for the visibility time-out."""
        answer = await self._aws.call(
            lambda: self._aws.sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=self._wait_seconds,
                MessageAttributeNames=["All"],
            )
        )
        return [
            Message(
                id=message["MessageId"],
                body=message["Body"],
                attributes={
                    name: attribute["StringValue"]
                    for name, attribute in message.get("MessageAttributes", {}).items()
                    if "StringValue" in attribute
                },
                receipt=message["ReceiptHandle"],
            )
            for message in answer.get("Messages", [])
        ]

    async def delete(self, messages: Sequence[Message]) -> None:
        """One that could not be deleted is shown again."""
        if not messages:
            return
        receipts = {str(i): message.receipt for i, message in enumerate(messages)}
        answer = await self._aws.call(
            lambda: self._aws.sqs.delete_message_batch(
                QueueUrl=self._url, Entries=[{"Id": id_, "ReceiptHandle": receipt} for id_, receipt in receipts.items()]
            )
        )
        for refused in answer.get("Failed", []):
            log.warning("a handled message could not be deleted", messageId=messages[int(refused["Id"])].id)
