"""The table that stores the orders, and the topic that publishes them.

An order is written once: the write's condition is that its id is new. Every request for a stored order publishes it
again, so a repeated request completes one that was stopped between the write and the publication. The event's id is
derived from the order's id, so subscribers can detect duplicates.
"""

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from order_intake.model import Order
from order_intake.observability import SERVICE, TRACEPARENT
from order_intake.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

PENDING, CONFIRMED = "PENDING", "CONFIRMED"
_EVENTS = UUID("6d1c8f0e-5a3f-4f5e-9a53-0d2f6a1b7c44")
"""Any UUID works if it never changes."""

# With one retry, shorter than the function's timeout of ten seconds.
CONFIG = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})


class OrderDiffers(Exception):
    """Another order has this id."""


class OrderUnknown(Exception):
    """There is no order with this id."""


class Intake:
    def __init__(self, settings: Settings) -> None:
        self._table = settings.orders_table
        self._topic = settings.topic_arn
        self._dynamodb: DynamoDBClient = boto3.client("dynamodb", config=CONFIG)
        self._sns: SNSClient = boto3.client("sns", config=CONFIG)

    def take(self, order: Order, traceparent: str) -> None:
        """Store the order once and publish it. Raises ``OrderDiffers``."""
        content = json.dumps(order.to_message(), sort_keys=True)
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={**_item(order), "status": {"S": PENDING}, "content": {"S": content}},
                ConditionExpression="attribute_not_exists(orderId)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            stored = _stored(error)
            if stored["content"]["S"] != content:
                raise OrderDiffers from None
        self._publish(order, traceparent)

    def confirm(self, order_id: str) -> None:
        """Set the order to CONFIRMED. Idempotent. Raises ``OrderUnknown``."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"orderId": {"S": order_id}},
                UpdateExpression="SET #status = :confirmed",
                ConditionExpression="attribute_exists(orderId)",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":confirmed": {"S": CONFIRMED}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise OrderUnknown(order_id) from None

    def _publish(self, order: Order, traceparent: str) -> None:
        attributes = {"eventId": str(uuid5(_EVENTS, order.id)), TRACEPARENT: traceparent, "source": SERVICE}
        self._sns.publish(
            TopicArn=self._topic,
            Message=json.dumps(order.to_message()),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


def _item(order: Order) -> dict[str, Any]:
    """Return the order with the article's attributes."""
    return {
        "orderId": {"S": order.id},
        "customerId": {"S": order.customer_id},
        "items": {"L": [{"M": _line(item)} for item in order.to_message()["items"]]},
        "total": {"N": str(order.total)},
    }


def _line(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "productId": {"S": item["productId"]},
        "quantity": {"N": str(item["quantity"])},
        "unitPrice": {"N": item["unitPrice"]},
    }


def _stored(error: ClientError) -> dict[str, Any]:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    item: dict[str, Any] = error.response["Item"]  # type: ignore[typeddict-item]  # ALL_OLD adds it
    return item
