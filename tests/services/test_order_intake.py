"""The Lambda functions from the unpacked zip, with recorded events, on the emulator's table and topic."""

import base64
import hashlib
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

from tests.services.conftest import CREDENTIALS, REGION
from tests.services.processes import ROOT

Event = dict[str, Any]
API, SQS = "order_intake.handler.lambda_handler", "order_intake.confirmations.lambda_handler"
BUILD = ROOT / "services" / "order" / "lambda" / "build.py"
EVENTS = Path(__file__).parent / "events"


def recorded(name: str) -> Event:
    event: Event = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def body_of(event: Event) -> dict[str, Any]:
    text = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
    order: dict[str, Any] = json.loads(text)
    return order


def ordered(**fields: Any) -> Event:
    """Return the article's event with another order."""
    return {"body": json.dumps(body_of(recorded("article")) | {"id": str(uuid4())} | fields)}


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


def test_the_zip_is_the_same_each_time(package: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again.zip")

    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (package, again)]
    assert digests[0] == digests[1]
    names = zipfile.ZipFile(package).namelist()
    assert "order_intake/handler.py" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_articles_event_gets_the_articles_answer(function: Function) -> None:
    event = recorded("article")

    answer = function(event)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"orderId": "order-1001"}
    stored = function.stored("order-1001")
    assert stored["customerId"] == {"S": "customer-7"}
    assert stored["items"] == {"L": [{"M": {"productId": {"S": "lamp"}, "quantity": {"N": "2"}}}]}
    assert stored["total"] == {"N": "59.98"}
    assert stored["status"] == {"S": "PENDING"}
    (message,) = function.published()
    assert json.loads(message["Body"]) == body_of(event) | {"total": "59.98"}


@pytest.mark.parametrize("name", ["rest-api", "http-api"])
def test_both_kinds_of_api_are_understood(name: str, function: Function) -> None:
    event = recorded(name)
    order, trace_id = body_of(event), event["headers"]["traceparent"].split("-")[1]

    answer = function(event)

    assert json.loads(answer["body"]) == {"orderId": order["id"]}
    assert function.stored(order["id"])["total"] == {"N": str(order["total"])}
    (message,) = function.published()
    assert message["MessageAttributes"]["traceparent"]["StringValue"].split("-")[1] == trace_id
    (line,) = [line for line in function.log if line.get("message") == "Order created"]
    assert (line["orderId"], line["customerId"], line["total"]) == (order["id"], "customer-7", str(order["total"]))
    assert (line["service"], line["traceId"]) == ("order-intake", trace_id)
    assert line["timestamp"]
    (metric,) = [line for line in function.log if "OrdersCreated" in line]
    assert (metric["_aws"]["CloudWatchMetrics"][0]["Namespace"], metric["OrdersCreated"]) == ("Shop", [1.0])


def test_the_same_event_twice_stores_and_publishes_one_order(function: Function) -> None:
    event = ordered()

    first, second = function(event), function(event)

    assert first == second
    assert first["statusCode"] == 200
    assert len(function.published()) == 1


def test_an_order_stays_unique_after_its_stored_answer_expires(function: Function) -> None:
    event = ordered()
    first = function(event)
    function.forget_answers()
    second = function(event)

    assert first == second
    messages = function.published()
    # Published again, because the function may have been stopped before. Subscribers detect the duplicate by its id.
    assert len(messages) == 2
    assert len({message["MessageAttributes"]["eventId"]["StringValue"] for message in messages}) == 1


@pytest.mark.parametrize("forgotten", [False, True])
def test_another_order_with_the_same_id_is_rejected(forgotten: bool, function: Function) -> None:
    event = ordered(total="10.00")
    order_id = body_of(event)["id"]
    function(event)
    if forgotten:
        function.forget_answers()

    answer = function(ordered(id=order_id, total="0.01"))

    assert answer["statusCode"] == 409
    assert json.loads(answer["body"])["type"] == "urn:shop:problem:order-differs"
    assert function.stored(order_id)["total"] == {"N": "10.00"}
    assert len(function.published()) == 1


LINE = {"productId": "lamp", "quantity": 1}


@pytest.mark.parametrize(
    ("event", "where"),
    [
        ({}, "body"),
        ({"body": "no json"}, "body"),
        ({"body": "%%%", "isBase64Encoded": True}, "body"),
        (ordered(id=""), "id"),
        (ordered(customerId=None), "customerId"),
        (ordered(items=[]), "items"),
        (ordered(items=[LINE, LINE]), "items"),
        (ordered(items=[LINE | {"quantity": 0}]), "items.0.quantity"),
        (ordered(total=-1), "total"),
        (ordered(total=1.001), "total"),
        (ordered(discount=1), "discount"),
    ],
)
def test_an_invalid_order_is_rejected_by_field(event: Event, where: str, function: Function) -> None:
    answer = function(event)

    assert answer["statusCode"] == 422
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in json.loads(answer["body"])["errors"]] == [where]
    assert function.published() == []


def test_a_missing_topic_gives_503_and_a_retry_publishes_the_order(function: Function) -> None:
    event = ordered()
    function.sns.delete_topic(TopicArn=function.topic)

    refused = function(event)
    function.make_topic()
    answer = function(event)

    assert (refused["statusCode"], refused["headers"]["Retry-After"]) == (503, "2")
    assert answer["statusCode"] == 200
    assert len(function.published()) == 1


def test_a_poisoned_message_fails_alone(function: Function) -> None:
    for order_id in ("order-1001", "order-1002"):
        if not function.stored(order_id):
            function(ordered(id=order_id))

    answer = function(recorded("sqs"), SQS)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da"}]}
    assert [function.stored(name)["status"]["S"] for name in ("order-1001", "order-1002")] == ["CONFIRMED"] * 2
    confirmed = {line["orderId"]: line["traceId"] for line in function.log if line.get("message") == "Order confirmed"}
    assert confirmed == {
        "order-1001": "4bf92f3577b34da6a3ce929d0e0e4736",
        "order-1002": "0af7651916cd43dd8448eb211c80319c",
    }
    assert function(recorded("sqs"), SQS) == answer  # shown again: nothing changes
