"""Puts the order service together: PostgreSQL store, two upstream services, routes, readiness."""

from fastapi import FastAPI
from pydantic import Field, SecretStr

from order_service.placement import Placement
from order_service.products import HttpProducts
from order_service.routes import router
from order_service.store import PostgresOrders
from order_service.upstream import Upstream
from order_service.users import HttpUsers
from shop_shared import application, postgres
from shop_shared.settings import ServiceSettings


class OrderSettings(ServiceSettings):
    service_name: str = "order"
    database_url: SecretStr = Field(examples=["postgresql://app@localhost/orders"])
    user_url: str = Field(pattern="^https?://", examples=["http://user"])
    product_url: str = Field(pattern="^https?://", examples=["http://product"])
    upstream_timeout_seconds: float = Field(default=3, gt=0)


def create_app(settings: OrderSettings) -> FastAPI:
    url = settings.database_url.get_secret_value()
    engine = postgres.engine(url, settings)
    probe = postgres.Probe(url, settings)
    user = Upstream("user", settings.user_url, settings.upstream_timeout_seconds)
    product = Upstream("product", settings.product_url, settings.upstream_timeout_seconds)
    orders = PostgresOrders(engine)
    parts = application.Parts(
        title="Order service",
        routes=router(Placement(HttpUsers(user), HttpProducts(product), orders), orders),
        probe=probe,
        outages=postgres.OUTAGES,
        close=(engine.dispose, probe.close, user.close, product.close),
    )
    return application.build(settings, parts)
