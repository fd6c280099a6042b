"""The SQS queue that is subscribed to the topic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from order_service.aws import Aws

log = structlog.get_logger(__name__)

BATCH = 10
"""The maximum of one SQS call."""


@dataclass(frozen=True, eq=False)
class Message:
    id: str
    body: str
    attributes: Mapping[str, str]
    receipt: str
    receives: int
    """how often SQS has handed it out, this time included"""


class Queue:
    def __init__(self, aws: Aws, url: str, wait_seconds: int) -> None:
        self._aws = aws
        self._url = url
        self._wait_seconds = wait_seconds

    async def receive(self, limit: int) -> Sequence[Message]:
        """Wait up to `wait_seconds` for messages. They stay invisible to others for the visibility timeout."""
        answer = await self._aws.call(
            lambda: self._aws.sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=self._wait_seconds,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
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
                receives=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for message in answer.get("Messages", [])
        ]

    async def delete(self, messages: Sequence[Message]) -> None:
        """Delete messages. A message whose deletion fails becomes visible again."""
        if not messages:
            return
        receipts = {str(i): message.receipt for i, message in enumerate(messages)}
        answer = await self._aws.call(
            lambda: self._aws.sqs.delete_message_batch(
                QueueUrl=self._url, Entries=[{"Id": id_, "ReceiptHandle": receipt} for id_, receipt in receipts.items()]
            )
        )
        for refused in answer.get("Failed", []):
            log.warning("cannot delete a handled message", messageId=messages[int(refused["Id"])].id)

    async def hide(self, seconds: Mapping[Message, int]) -> None:
        """Keep messages invisible for a time. If that fails, they stay so for the rest of the visibility timeout."""
        if not seconds:
            return
        messages = list(seconds)
        answer = await self._aws.call(
            lambda: self._aws.sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(i), "ReceiptHandle": message.receipt, "VisibilityTimeout": seconds[message]}
                    for i, message in enumerate(messages)
                ],
            )
        )
        for refused in answer.get("Failed", []):
            log.warning("cannot delay a message", messageId=messages[int(refused["Id"])].id, code=refused["Code"])
