"""Puts the order service together: PostgreSQL, two upstream services, topic and queue, routes, readiness."""

from fastapi import FastAPI
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from order_service.aws import Aws
from order_service.consumer import Consumer
from order_service.event_queue import Queue
from order_service.loops import Loop
from order_service.outbox import PostgresOutbox
from order_service.placement import Placement
from order_service.placing import PostgresPlacements
from order_service.products import HttpProducts
from order_service.recovery import Recovery
from order_service.relay import Publish, Relay
from order_service.routes import router
from order_service.settlement import Settlement
from order_service.store import PostgresOrders
from order_service.topic import Topic
from order_service.users import HttpUsers
from shop_shared import application, postgres
from shop_shared.resilience.breaker import BreakerPolicy
from shop_shared.resilience.upstream import Upstream, UpstreamPolicy
from shop_shared.settings import ServiceSettings


class OrderSettings(ServiceSettings):
    service_name: str = "order"
    database_url: SecretStr = Field(examples=["postgresql://app@localhost/orders"])
    user_url: str = Field(pattern="^https?://", examples=["http://user"])
    product_url: str = Field(pattern="^https?://", examples=["http://product"])
    upstream_timeout_seconds: float = Field(default=3, gt=0)
    breaker_open_seconds: float = Field(default=30, gt=0)
    aws_region: str = "us-east-1"
    order_created_topic_arn: str | None = Field(default=None, pattern="^arn:[a-z-]+:sns:")
    order_events_queue_url: str | None = Field(default=None, pattern="^https?://", validate_default=True)
    # SQS answers as soon as there is a message. A longer wait means fewer calls, and a process that ends later.
    queue_wait_seconds: int = Field(default=5, ge=1, le=20)
    # How long product keeps the goods for an order whose event is still on its way.
    reservation_seconds: int = Field(default=3600, ge=1, le=3600)

    @field_validator("order_events_queue_url")
    @classmethod
    def _both_or_neither(cls, url: str | None, info: ValidationInfo) -> str | None:
        if (url is None) != (info.data.get("order_created_topic_arn") is None):
            raise ValueError("set it together with ORDER_CREATED_TOPIC_ARN, or leave out both")
        return url


def create_app(settings: OrderSettings) -> FastAPI:
    url = settings.database_url.get_secret_value()
    engine = postgres.engine(url, settings)
    probe = postgres.Probe(url, settings)
    policy = UpstreamPolicy(
        timeout_seconds=settings.upstream_timeout_seconds,
        breaker=BreakerPolicy(open_seconds=settings.breaker_open_seconds),
    )
    user = Upstream("user", settings.user_url, policy)
    product = Upstream("product", settings.product_url, policy)
    aws = Aws(settings.aws_region, settings.queue_wait_seconds)
    products = HttpProducts(product, settings.reservation_seconds)
    orders = PostgresOrders(engine)
    settlement = Settlement(products, orders)
    # Nobody is at work on an order any more when twice the time is over that its request may take.
    placements = PostgresPlacements(engine, 2 * settings.request_timeout_seconds)
    recovery = Loop(Recovery(products, placements).step, idle_seconds=settings.request_timeout_seconds / 2)

    async def able() -> None:
        await probe()
        await products.reachable()

    works = [recovery.run]
    if settings.order_created_topic_arn and settings.order_events_queue_url:
        publish: Publish = Topic(aws, settings.order_created_topic_arn).publish
        queue = Queue(aws, settings.order_events_queue_url, settings.queue_wait_seconds)
        works.append(Loop(Consumer(queue, settlement.handle, able).step, idle_seconds=0).run)
    else:
        publish = settlement.handle_all
    relay = Loop(Relay(PostgresOutbox(engine), publish).step, idle_seconds=1)
    works.append(relay.run)
    placement = Placement(HttpUsers(user), products, placements, relay.wake)
    parts = application.ServiceDefinition(
        title="Order service",
        routes=router(placement, orders),
        probe=probe,
        outages=postgres.OUTAGES,
        background=works,
        close=(engine.dispose, probe.close, user.close, product.close, aws.close),
    )
    return application.build(settings, parts)
