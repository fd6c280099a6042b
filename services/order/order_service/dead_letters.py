"""``python -m order_service redrive``: moves the events of the dead letter queue back into the queue.

An administrator runs it after fixing the cause; `--list` only lists the messages. The consumer ignores an event that is
already handled, so moving a message twice does no harm. The administrator needs sqs:ReceiveMessage,
sqs:ChangeMessageVisibility and sqs:DeleteMessage on the dead letter queue; the service's role has no permissions on it.
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
VISIBILITY_SECONDS = 60
"""How long a message that is being moved stays invisible to other consumers."""


class DeadLetters:
    def __init__(self, region: str, queue_url: str) -> None:
        config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})
        self._sqs: SQSClient = boto3.session.Session(region_name=region).client("sqs", config=config)
        self._queue_url = queue_url
        self._dead_url = self._find_dead_letter_queue()

    def list_ids(self) -> list[str]:
        """Return the ids of all dead letters, and make the messages visible again at once."""
        seen: dict[str, str] = {}
        while messages := self._receive():
            seen |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        for handle in seen.values():
            self._sqs.change_message_visibility(QueueUrl=self._dead_url, ReceiptHandle=handle, VisibilityTimeout=0)
        return list(seen)

    def redrive(self) -> int:
        """Move the messages back one by one: send first, then delete. Returns their number."""
        moved = 0
        while messages := self._receive():
            for message in messages:
                attributes = {name: _sendable(value) for name, value in message.get("MessageAttributes", {}).items()}
                self._sqs.send_message(
                    QueueUrl=self._queue_url, MessageBody=message["Body"], MessageAttributes=attributes
                )
                self._sqs.delete_message(QueueUrl=self._dead_url, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
        return moved

    def _find_dead_letter_queue(self) -> str:
        """Return the URL of the dead letter queue that the queue's redrive policy names."""
        answer = self._sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["RedrivePolicy"])
        policy = answer.get("Attributes", {}).get("RedrivePolicy")
        if policy is None:
            raise SystemExit(f"{self._queue_url} has no dead letter queue; declare deadLetter in microservice.yaml")
        name = json.loads(policy)["deadLetterTargetArn"].rsplit(":", 1)[-1]
        return self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def _receive(self) -> "list[MessageTypeDef]":
        answer = self._sqs.receive_message(
            QueueUrl=self._dead_url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=VISIBILITY_SECONDS,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])


def _sendable(value: "MessageAttributeValueOutputTypeDef") -> "MessageAttributeValueTypeDef":
    """Drop the empty lists that ReceiveMessage adds and SendMessage rejects."""
    return {"DataType": value["DataType"], "StringValue": value.get("StringValue", "")}
