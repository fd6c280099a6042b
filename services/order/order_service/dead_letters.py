"""``python -m order_service redrive``: gives the events of the dead letter queue another try.

For a person who has mended why they could not be handled; `--list` looks and moves nothing. What is moved was never
handled, or is found to be: moving it twice does no harm. The rights on the dead letter queue (sqs:ReceiveMessage,
sqs:ChangeMessageVisibility and sqs:DeleteMessage) are the person's: the role of the service has none on it.
"""

import json
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        MessageAttributeValueOutputTypeDef,
        MessageAttributeValueTypeDef,
        MessageTypeDef,
    )

BATCH = 10
HELD_SECONDS = 60
"""How long nobody else sees what is being moved."""


class DeadLetters:
    def __init__(self, region: str, queue_url: str) -> None:
        config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
        self._sqs: SQSClient = boto3.session.Session(region_name=region).client("sqs", config=config)
        self._queue_url = queue_url
        self._dead_url = self._found()

    def listed(self) -> list[str]:
        """The ids of all messages there, each seen once; they can be taken by somebody else again at once."""
        seen: dict[str, str] = {}
        while messages := self._received():
            seen |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        for handle in seen.values():
            self._sqs.change_message_visibility(QueueUrl=self._dead_url, ReceiptHandle=handle, VisibilityTimeout=0)
        return list(seen)

    def redrive(self) -> int:
        """Back into the queue, one by one: sent first, then deleted. How many there were."""
        moved = 0
        while messages := self._received():
            for message in messages:
                attributes = {name: _sent(value) for name, value in message.get("MessageAttributes", {}).items()}
                self._sqs.send_message(
                    QueueUrl=self._queue_url, MessageBody=message["Body"], MessageAttributes=attributes
                )
                self._sqs.delete_message(QueueUrl=self._dead_url, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
        return moved

    def _found(self) -> str:
        """The dead letter queue, as the redrive policy of the queue names it."""
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["RedrivePolicy"])
        policy = answer.get("Attributes", {}).get("RedrivePolicy")
        if policy is None:
            raise SystemExit(f"{self._queue_url} has no dead letter queue: declare deadLetter in microservice.yaml")
        name = json.loads(policy)["deadLetterTargetArn"].rsplit(":", 1)[-1]
        return self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def _received(self) -> "list[MessageTypeDef]":
        answer = self._sqs.receive_message(
            QueueUrl=self._dead_url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HELD_SECONDS,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])


def _sent(value: "MessageAttributeValueOutputTypeDef") -> "MessageAttributeValueTypeDef":
    """Without the empty lists that receiving adds and sending refuses."""
    return {"DataType": value["DataType"], "StringValue": value.get("StringValue", "")}
