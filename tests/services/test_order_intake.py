"""The Lambda functions from the unpacked zip, with recorded events, on the emulator's table and topic."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from tests.services.intake_function import (
    LINE,
    PRICED,
    SQS,
    Event,
    Function,
    body_of,
    build,
    ordered,
    priced,
    recorded,
)


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
    assert stored["items"] == {
        "L": [{"M": {"productId": {"S": "lamp"}, "quantity": {"N": "2"}, "unitPrice": {"N": "29.99"}}}]
    }
    assert stored["total"] == {"N": "59.98"}
    assert stored["status"] == {"S": "PENDING"}
    (message,) = function.published()
    items = [{"productId": "lamp", "quantity": 2, "unitPrice": "29.99"}]
    assert json.loads(message["Body"]) == body_of(event) | {"items": items, "total": "59.98"}


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
    event = priced("10.00")
    order_id = body_of(event)["id"]
    function(event)
    if forgotten:
        function.forget_answers()

    answer = function(priced("0.01", id=order_id))

    assert answer["statusCode"] == 409
    assert json.loads(answer["body"])["type"] == "urn:shop:problem:order-differs"
    assert function.stored(order_id)["total"] == {"N": "10.00"}
    assert len(function.published()) == 1


@pytest.mark.parametrize(
    ("event", "where"),
    [
        (recorded("article") | {"body": None}, "body"),
        (recorded("article") | {"body": "no json"}, "body"),
        (recorded("article") | {"body": "%%%", "isBase64Encoded": True}, "body"),
        (ordered(id=""), "id"),
        (ordered(customerId=None), "customerId"),
        (ordered(items=[]), "items"),
        (ordered(items=[PRICED, PRICED]), "items"),
        (ordered(items=[PRICED | {"quantity": 0}]), "items.0.quantity"),
        (ordered(items=[LINE]), "items.0.unitPrice"),
        (ordered(total="0.01"), "total"),
        (ordered(items=[PRICED | {"quantity": 3}], total="100.00"), "total"),
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
