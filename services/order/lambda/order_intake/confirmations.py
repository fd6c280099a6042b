"""SQS → confirmed orders in the table: Lambda calls it with a batch of messages of the topic.

It handles each message separately. The answer lists the failed messages, and SQS delivers only those again.
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
from order_intake.observability import TRACEPARENT, continue_trace, logger, metrics, tracer
from order_intake.settings import load

# If all messages fail, the answer has the same form: an exception would also make SQS deliver all of them again.
_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class _Created(BaseModel):
    id: Id


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    metrics.add_metric("Messages", MetricUnit.Count, len(event["Records"]))
    return process_partial_response(event=event, record_handler=_confirm, processor=_processor, context=context)


def _confirm(record: SQSRecord) -> None:
    message, headers = _unwrap(record)
    continue_trace(headers)
    try:
        order_id = _Created.model_validate_json(message).id
        _intake().confirm(order_id)
    except Exception as error:
        metrics.add_metric("ConfirmationsFailed", MetricUnit.Count, 1)
        # Logs only the type: the exception's message quotes the content of the SQS message.
        logger.error("cannot handle a message", messageId=record.message_id, exception_name=type(error).__name__)
        raise
    metrics.add_metric("OrdersConfirmed", MetricUnit.Count, 1)
    logger.info("Order confirmed", orderId=order_id)


def _unwrap(record: SQSRecord) -> tuple[str, dict[str, str]]:
    """Return the message and its trace headers, from a raw message or from the envelope of SNS."""
    attributes = record.raw_event.get("messageAttributes", {})
    trace = {TRACEPARENT: attributes[TRACEPARENT]["stringValue"]} if TRACEPARENT in attributes else {}
    try:
        envelope = json.loads(record.body)
    except ValueError:
        return record.body, trace
    if not (isinstance(envelope, dict) and envelope.get("Type") == "Notification"):
        return record.body, trace
    traceparent = envelope.get("MessageAttributes", {}).get(TRACEPARENT, {})
    return envelope["Message"], {TRACEPARENT: traceparent.get("Value", "")}


@cache
def _intake() -> Intake:
    return Intake(load(dict(os.environ)))
