"""Assembles the order service: PostgreSQL, two upstream services, topic and queue, routes, readiness."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi import FastAPI
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from order_service.aws import Aws
from order_service.backlog import BacklogMetrics
from order_service.cancel_order import CancelOrder
from order_service.confirm_order import ConfirmOrder
from order_service.consumer import Consumer
from order_service.event_queue import Queue
from order_service.model import CANCELLING, PENDING
from order_service.outbox import PostgresOutbox
from order_service.place_order import PlaceOrder
from order_service.placement_store import PostgresPlacements
from order_service.polling import PollingLoop
from order_service.products import HttpProducts
from order_service.recovery import Recovery
from order_service.relay import Publish, Relay
from order_service.routes import routes
from order_service.store import PostgresOrders
from order_service.sweeper import Sweeper
from order_service.topic import Topic
from order_service.users import HttpUsers
from shop_shared import application, background, callers, postgres, retention
from shop_shared.callers import CallerSettings
from shop_shared.field_types import DEFAULT_CURRENCY, CurrencyCode
from shop_shared.resilience.breaker import BreakerPolicy
from shop_shared.resilience.upstream import Upstream, UpstreamPolicy

PURGE_SECONDS = 60


class OrderSettings(CallerSettings):
    service_name: str = "order"
    database_url: SecretStr = Field(examples=["postgresql://app@localhost/orders"])
    user_url: str = Field(pattern="^https?://", examples=["http://user"])
    product_url: str = Field(pattern="^https?://", examples=["http://product"])
    upstream_timeout_seconds: float = Field(default=3, gt=0)
    breaker_open_seconds: float = Field(default=30, gt=0)
    aws_region: str = "us-east-1"
    order_created_topic_arn: str | None = Field(default=None, pattern="^arn:[a-z-]+:sns:")
    order_events_queue_url: str | None = Field(default=None, pattern="^https?://", validate_default=True)
    # SQS answers as soon as there is a message. A longer wait means fewer calls and a slower shutdown.
    queue_wait_seconds: int = Field(default=5, ge=1, le=20)
    # How long the product service keeps the goods for an order until its event arrives.
    reservation_seconds: int = Field(default=3600, ge=1, le=3600)
    # The first pause of a message that met an outage. It doubles with each receive, up to 16 times as long.
    queue_retry_seconds: int = Field(default=20, ge=1, le=2000)
    # An order that is pending for longer is settled from the table.
    pending_seconds: float = Field(default=retention.PENDING_ORDERS.total_seconds(), gt=0)
    sample_seconds: float = Field(default=15, gt=0)
    shop_currency: CurrencyCode = DEFAULT_CURRENCY

    @field_validator("order_events_queue_url")
    @classmethod
    def _both_or_neither(cls, url: str | None, info: ValidationInfo) -> str | None:
        if (url is None) != (info.data.get("order_created_topic_arn") is None):
            raise ValueError("set it together with ORDER_CREATED_TOPIC_ARN, or omit both")
        return url


def create_app(settings: OrderSettings) -> FastAPI:
    url = settings.database_url.get_secret_value()
    engine = postgres.engine(url, settings)
    probe = postgres.Probe(url, settings)
    user = Upstream("user", settings.user_url, _policy(settings))
    product = Upstream("product", settings.product_url, _policy(settings))
    verifier, keys = callers.verifier(settings)
    aws = Aws(settings.aws_region, settings.queue_wait_seconds)
    products = HttpProducts(product, settings.reservation_seconds)
    orders = PostgresOrders(engine, settings.shop_currency)
    confirm_order = ConfirmOrder(products, orders)
    cancel_order = CancelOrder(products, orders)
    # After twice the request timeout, no request can still be working on the order.
    placements = PostgresPlacements(engine, 2 * settings.request_timeout_seconds, settings.shop_currency)
    recovery = PollingLoop(Recovery(products, placements).step, idle_seconds=settings.request_timeout_seconds / 2)
    purge = PollingLoop(placements.purge, idle_seconds=PURGE_SECONDS)

    async def check_dependencies() -> None:
        await probe()
        await products.check()

    settle = {PENDING: confirm_order.settle, CANCELLING: cancel_order.settle}
    sweeper = Sweeper(orders, settle, check_dependencies, timedelta(seconds=settings.pending_seconds))
    sweep = PollingLoop(sweeper.step, idle_seconds=settings.pending_seconds / 5)
    messaging = _messaging(settings, aws, confirm_order, check_dependencies)
    relay = PollingLoop(Relay(PostgresOutbox(engine), messaging.publish).step, idle_seconds=1)
    backlog = PollingLoop(BacklogMetrics(orders.backlog).sample, settings.sample_seconds)
    place_order = PlaceOrder(HttpUsers(user), products, placements, relay.wake)
    service = application.ServiceDefinition(
        title="Order service",
        routes=routes,
        state={"place_order": place_order, "cancel_order": cancel_order, "orders": orders, "callers": verifier},
        probe=probe,
        outages=postgres.OUTAGES,
        background=(recovery.run, purge.run, sweep.run, relay.run, backlog.run, *messaging.consume),
        close=(engine.dispose, probe.close, user.close, product.close, aws.close, keys.close),
    )
    return application.build(settings, service)


@dataclass(frozen=True)
class _Messaging:
    """Where events go. Without topic and queue, the service handles them directly."""

    publish: Publish
    consume: Sequence[background.Work] = ()


def _messaging(
    settings: OrderSettings, aws: Aws, confirm_order: ConfirmOrder, check_dependencies: Callable[[], Awaitable[None]]
) -> _Messaging:
    topic, url = settings.order_created_topic_arn, settings.order_events_queue_url
    if topic is None or url is None:
        return _Messaging(confirm_order.handle_all)
    queue = Queue(aws, url, settings.queue_wait_seconds)
    consumer = Consumer(queue, confirm_order.handle, check_dependencies, settings.queue_retry_seconds)
    consume = PollingLoop(consumer.step, idle_seconds=0)
    return _Messaging(Topic(aws, topic).publish, (consume.run,))


def _policy(settings: OrderSettings) -> UpstreamPolicy:
    return UpstreamPolicy(
        timeout_seconds=settings.upstream_timeout_seconds,
        breaker=BreakerPolicy(open_seconds=settings.breaker_open_seconds),
    )
