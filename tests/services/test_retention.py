"""The times for which services and queues remember things fit together, wherever each is declared."""

from datetime import timedelta

import pytest
import yaml

from microservice_operator.api.messaging import seconds
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.aws.messaging.desired import LONGEST_RETENTION
from order_service.app import OrderSettings
from order_service.consumer import HANDLING_SECONDS, MAX_DOUBLINGS
from product_service import model
from shop_shared import retention
from tests.services.processes import SERVICES

OUTAGE = timedelta(hours=8)
"""The longest outage that no message may leave the queue in."""


def spec(service: str) -> MicroserviceSpec:
    body = yaml.safe_load((SERVICES / service / "microservice.yaml").read_text(encoding="utf-8"))
    return MicroserviceSpec.model_validate(body["spec"])


def default(name: str) -> float:
    return float(OrderSettings.model_fields[name].default)


@pytest.mark.parametrize("remembered", [retention.HANDLED_EVENTS, retention.ENDED_RESERVATIONS])
def test_what_is_remembered_outlives_every_message(remembered: timedelta) -> None:
    in_dead_letters, redriven = retention.DEAD_LETTERS, retention.DEAD_LETTERS
    assert remembered >= in_dead_letters + redriven + retention.MARGIN
    assert timedelta(days=1) <= retention.MARGIN


def test_the_queue_is_declared_as_the_table_says() -> None:
    (queue,) = spec("order").queues or []
    assert seconds(queue.retention) == retention.QUEUE.total_seconds()
    assert queue.dead_letter is not None
    assert retention.DEAD_LETTERS.total_seconds() == LONGEST_RETENTION
    assert retention.QUEUE < retention.DEAD_LETTERS
    assert queue.visibility_timeout_seconds > HANDLING_SECONDS


def test_a_message_survives_a_long_outage_in_the_queue() -> None:
    (queue,) = spec("order").queues or []
    assert queue.dead_letter is not None
    first = int(default("queue_retry_seconds"))
    delays = [first * 2 ** min(receive, MAX_DOUBLINGS) for receive in range(queue.dead_letter.max_receive_count)]
    assert timedelta(seconds=sum(delays)) >= OUTAGE
    assert max(delays) <= 12 * 3600  # SQS's maximum of a visibility timeout


def test_an_order_is_settled_long_before_its_goods_are_released() -> None:
    held = timedelta(seconds=default("reservation_seconds"))
    assert held <= retention.HELD_RESERVATIONS == timedelta(seconds=model.MAX_TTL_SECONDS)
    assert held >= 4 * retention.PENDING_ORDERS
    assert retention.PENDING_ORDERS.total_seconds() == default("pending_seconds")


def test_a_cancellation_finds_its_reservation() -> None:
    assert retention.CANCELLATION + timedelta(days=1) <= retention.ENDED_RESERVATIONS


def test_a_repeated_request_is_recognized_while_its_goods_are_held() -> None:
    assert retention.IDEMPOTENCY_KEYS > retention.HELD_RESERVATIONS
