"""SQS → orders confirmed in the table: what Lambda calls with a batch of messages of the topic.

Each message stands for itself: the answer names those that failed, and SQS shows only them again.
"""

import json
import os
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from order_intake.intake import Intake
from order_intake.model import Id
from order_intake.observing import TRACEPARENT, continued, logger, metrics, tracer
from order_intake.settings import load

# A batch of which nothing could be handled is answered like any other: raising would show all of it again, too.
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class _Created(BaseModel):
    id: Id


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    metrics.add_metric("Messages", MetricUnit.Count, len(event["Records"]))
    return process_partial_response(event=event, record_handler=_confirmed, processor=_processor, context=context)


def _confirmed(record: SQSRecord) -> None:
    message, headers = _delivered(record)
    continued(headers)
    try:
        order_id = _Created.model_validate_json(message).id
        _intake().confirm(order_id)
    except Exception as error:
        metrics.add_metric("ConfirmationsFailed", MetricUnit.Count, 1)
        # Without its text: that quotes what was in the message.
        logger.error("a message cannot be handled", messageId=record.message_id, exception_name=type(error).__name__)
        raise
    metrics.add_metric("OrdersConfirmed", MetricUnit.Count, 1)
    logger.info("Order confirmed", orderId=order_id)


def _delivered(record: SQSRecord) -> tuple[str, dict[str, str]]:
    """The message and its trace: raw, or out of the envelope that SNS puts around it."""
    attributes = record.raw_event.get("messageAttributes", {})
    trace = {TRACEPARENT: attributes[TRACEPARENT]["stringValue"]} if TRACEPARENT in attributes else {}
    try:
        envelope = json.loads(record.body)
    except ValueError:
        return record.body, trace
    if not (isinstance(envelope, dict) and envelope.get("Type") == "Notification"):
        return record.body, trace
    inside = envelope.get("MessageAttributes", {}).get(TRACEPARENT, {})
    return envelope["Message"], {TRACEPARENT: inside.get("Value", "")}


@cache
def _intake() -> Intake:
    return Intake(load(dict(os.environ)))
