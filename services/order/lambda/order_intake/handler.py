"""API Gateway → an order, stored once and published: Lambda calls it for each request.

It accepts the events of REST APIs (1.0) and of HTTP APIs (2.0): both have a body and headers, and get the same answer.
The authorizer of the API has verified the token, and the event contains its claims. A caller orders as the customer
whose id is the subject of the token, and never as another one.
"""

import base64
import binascii
import json
import os
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from order_intake.intake import CONFIG, Intake, OrderDiffers
from order_intake.model import Order, field_errors
from order_intake.observability import continue_trace, logger, metrics, tracer
from order_intake.settings import load

Answer = dict[str, Any]

_settings = load(dict(os.environ))
_idempotency_config = IdempotencyConfig(
    event_key_jmespath="[customerId, id]",  # the customer is the caller
    payload_validation_jmespath="[customerId, items, total]",
    expires_after_seconds=24 * 3600,
    raise_on_no_idempotency_key=True,
)
_idempotency_store = DynamoDBPersistenceLayer(table_name=_settings.idempotency_table, boto_config=CONFIG)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Answer:
    _idempotency_config.register_lambda_context(context)
    traceparent = continue_trace(event.get("headers") or {})
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    subject = _subject(event)
    if not subject:
        metrics.add_metric("OrdersRefused", MetricUnit.Count, 1)
        return _problem(HTTPStatus.UNAUTHORIZED, "unauthorized", "no verified token; the route needs a JWT authorizer")
    try:
        order = Order.model_validate_json(_body(event))
    except ValidationError as error:
        metrics.add_metric("OrdersRefused", MetricUnit.Count, 1)
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", "a field is invalid", field_errors(error))
    if order.customer_id != subject:
        metrics.add_metric("OrdersRefused", MetricUnit.Count, 1)
        detail = "customerId: is not the subject of the token; order in your own name"
        return _problem(HTTPStatus.FORBIDDEN, "foreign-customer", detail)
    return _answer(order, traceparent)


def _answer(order: Order, traceparent: str) -> Answer:
    try:
        answer: Answer = _take_once(content=order.to_message(), order=order, traceparent=traceparent)
    except (IdempotencyValidationError, OrderDiffers):
        detail = "id: another order has this id; use a new id for a new order"
        return _problem(HTTPStatus.CONFLICT, "order-differs", detail)
    except IdempotencyAlreadyInProgressError:
        detail = "another request with the same order is in progress; send the request again later"
        return _problem(HTTPStatus.CONFLICT, "in-progress", detail)
    except (IdempotencyPersistenceLayerError, ClientError, BotoCoreError) as error:
        logger.error("cannot take the order now", exception_name=type(error).__name__)
        detail = "DynamoDB or SNS does not answer; send the same order again after the time in Retry-After"
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail)
    return {"statusCode": HTTPStatus.OK, "headers": {"Content-Type": "application/json"}, "body": json.dumps(answer)}


@idempotent_function(  # type: ignore[untyped-decorator]  # Powertools does not type it
    data_keyword_argument="content", persistence_store=_idempotency_store, config=_idempotency_config
)
def _take_once(*, content: dict[str, Any], order: Order, traceparent: str) -> Answer:
    del content  # the key of the stored answer
    _intake().take(order, traceparent)
    metrics.add_metric("OrdersCreated", MetricUnit.Count, 1)
    logger.info(
        "Order created", extra={"orderId": order.id, "customerId": order.customer_id, "total": str(order.total)}
    )
    return {"orderId": order.id}


@cache
def _intake() -> Intake:
    return Intake(_settings)


def _subject(event: dict[str, Any]) -> str:
    """Return `sub` of the verified token, or "". REST APIs have the claims one level higher than HTTP APIs."""
    authorizer = (event.get("requestContext") or {}).get("authorizer") or {}
    claims = (authorizer.get("jwt") or authorizer).get("claims") or {}
    return str(claims.get("sub") or "")


def _body(event: dict[str, Any]) -> str | bytes:
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return ""  # validation then rejects it as a body that is not JSON


def _problem(status: HTTPStatus, kind: str, detail: str, errors: list[dict[str, str]] | None = None) -> Answer:
    body = {
        "type": f"urn:shop:problem:{kind}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "traceId": logger.get_current_keys().get("traceId"),
        **({"errors": errors} if errors else {}),
    }
    retry = {"Retry-After": "2"} if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT} else {}
    headers = {"Content-Type": "application/problem+json", **retry}
    return {"statusCode": int(status), "headers": headers, "body": json.dumps(body)}
