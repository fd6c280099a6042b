"""Creates topic, queue, dead letter queue and subscription of order's microservice.yaml, as the operator does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from tests.services.conftest import CREDENTIALS, REGION

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

LISTENED: Any = {"FilterPolicy": json.dumps({"source": ["order"]}), "RawMessageDelivery": "true"}


@dataclass(frozen=True)
class Messaging:
    sns: "SNSClient"
    sqs: "SQSClient"
    url: str
    topic_arn: str
    queue_url: str
    dead_url: str
    audit_url: str
    """a second queue that is subscribed to the topic and keeps all messages"""

    @property
    def variables(self) -> dict[str, str]:
        return {
            "ORDER_CREATED_TOPIC_ARN": self.topic_arn,
            "ORDER_EVENTS_QUEUE_URL": self.queue_url,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "QUEUE_WAIT_SECONDS": "1",
            **CREDENTIALS,
        }

    def send(self, body: str, **attributes: str) -> None:
        """Send a message directly to the queue."""
        carried: Any = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body, MessageAttributes=carried)

    def taken(self, url: str) -> "list[MessageTypeDef]":
        """Receive and delete all messages of a queue."""
        messages: list[MessageTypeDef] = []
        while answer := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in answer:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            messages += answer
        return messages

    def waiting(self, url: str) -> int:
        """Return the number of visible and invisible messages."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))


@contextmanager
def messaging(aws_url: str, name: str, visibility_seconds: int, receives: int) -> Iterator[Messaging]:
    session = boto3.session.Session("test", "test", region_name=REGION)
    sns = session.client("sns", endpoint_url=aws_url)
    sqs = session.client("sqs", endpoint_url=aws_url)

    def queue(suffix: str, **attributes: str) -> tuple[str, str]:
        url = sqs.create_queue(QueueName=f"{name}-{suffix}", Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # names are literals there
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    dead_url, dead_arn = queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": receives})
    queue_url, queue_arn = queue("events", VisibilityTimeout=str(visibility_seconds), RedrivePolicy=redrive)
    audit_url, audit_arn = queue("audit")
    topic_arn = sns.create_topic(Name=f"{name}-created")["TopicArn"]
    for arn in (queue_arn, audit_arn):
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes=LISTENED)
    yield Messaging(sns, sqs, aws_url, topic_arn, queue_url, dead_url, audit_url)
    sns.close()
    sqs.close()
