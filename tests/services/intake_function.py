"""The Lambda functions as Lambda runs them: from the unpacked zip, on the emulator's table and topic."""

import base64
import json
import os
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from tests.services.processes import CREDENTIALS, REGION, ROOT

Event = dict[str, Any]
API, SQS = "order_intake.handler.lambda_handler", "order_intake.confirmations.lambda_handler"
BUILD = ROOT / "services" / "order" / "lambda" / "build.py"
EVENTS = Path(__file__).parent / "events"


LINE = {"productId": "lamp", "quantity": 1}
PRICED = LINE | {"unitPrice": "100.00"}


def recorded(name: str) -> Event:
    event: Event = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def body_of(event: Event) -> dict[str, Any]:
    text = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
    order: dict[str, Any] = json.loads(text)
    return order


def ordered(**fields: Any) -> Event:
    """Return the article's event with another order."""
    article = recorded("article")
    return {**article, "body": json.dumps(body_of(article) | {"id": str(uuid4())} | fields)}


def priced(total: str, **fields: Any) -> Event:
    """Return the event of an order of one item at this price."""
    return ordered(items=[LINE | {"unitPrice": total}], total=total, **fields)


@dataclass
class Function:
    """A running execution environment with its AWS resources."""

    process: "subprocess.Popen[str]"
    dynamodb: Any
    sns: Any
    sqs: Any
    topic: str
    queue_url: str
    log: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, event: Event, handler: str = API) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"handler": handler, "event": event}) + "\n")
        self.process.stdin.flush()
        self.log.clear()
        for line in self.process.stdout:
            if line.startswith("ANSWER "):
                answer: dict[str, Any] = json.loads(line.removeprefix("ANSWER "))
                return answer
            self.log.append(json.loads(line))
        raise AssertionError(f"the function ended: {self.process.wait()}")

    def make_topic(self) -> None:
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])
        self.topic = self.sns.create_topic(Name="intake-order-created")["TopicArn"]
        self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )

    def forget_answers(self) -> None:
        """Delete the stored answers, which happens after a day."""
        for row in self.dynamodb.scan(TableName="order-idempotency")["Items"]:
            self.dynamodb.delete_item(TableName="order-idempotency", Key={"id": row["id"]})

    def stored(self, order_id: str) -> dict[str, Any]:
        item = self.dynamodb.get_item(TableName="Orders", Key={"orderId": {"S": order_id}}, ConsistentRead=True)
        found: dict[str, Any] = item.get("Item", {})
        return found

    def published(self) -> list[dict[str, Any]]:
        """Return the messages published since the last call."""
        messages: list[dict[str, Any]] = []
        while answer := self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in answer:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
            messages += answer
        return messages


def build(target: Path) -> Path:
    """Build the zip for the architecture of the test machine."""
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    options = ["--architecture", machine, "--python", f"{sys.version_info.major}.{sys.version_info.minor}"]
    subprocess.run([sys.executable, str(BUILD), "--output", str(target), *options], check=True, capture_output=True)
    return target


@pytest.fixture(scope="package")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("lambda") / "order-intake.zip")


@pytest.fixture(scope="package")
def function(
    package: Path, aws_url: str, product_tables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    """It depends on product's tables because they exist only after the emulator has started."""
    assert product_tables
    session = boto3.session.Session("test", "test", region_name=REGION)
    dynamodb = session.client("dynamodb", endpoint_url=aws_url)
    sns = session.client("sns", endpoint_url=aws_url)
    sqs = session.client("sqs", endpoint_url=aws_url)
    for table, key in (("Orders", "orderId"), ("order-idempotency", "id")):
        dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    queue_url = sqs.create_queue(QueueName="intake-listener")["QueueUrl"]
    topic = "arn:aws:sns:us-east-1:123456789012:intake-order-created"
    unpacked = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(unpacked)
    variables = {
        "PATH": os.environ["PATH"],
        "ORDERS_TABLE": "Orders",
        "IDEMPOTENCY_TABLE": "order-idempotency",
        "ORDER_CREATED_TOPIC_ARN": topic,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": aws_url,
        **CREDENTIALS,
    }
    # -I -S: only the zip and the standard library, as in Lambda.
    runtime = str(Path(__file__).with_name("lambda_runtime.py"))
    command = [sys.executable, "-I", "-S", "-W", "error", runtime, str(unpacked)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables) as process:
        running = Function(process, dynamodb, sns, sqs, topic, queue_url)
        running.make_topic()
        assert running.topic == topic
        yield running
        process.kill()
    for client in (dynamodb, sns, sqs):
        client.close()
