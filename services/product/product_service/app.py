"""Assembles the product service: DynamoDB store, routes, readiness."""

from fastapi import APIRouter, FastAPI
from pydantic import Field

from product_service import reservation_routes, routes
from product_service.catalogue import Catalogue, ReachedOnce
from product_service.dynamodb import DynamoDB
from product_service.expiry import Expiry
from product_service.expiry_index import SHARDS, DynamoExpiryIndex
from product_service.ports import Contended, StoreUnavailable
from product_service.reservations import DynamoReservations
from product_service.store import DynamoProducts
from shop_shared import application, callers
from shop_shared.callers import CallerSettings
from shop_shared.field_types import DEFAULT_CURRENCY, CurrencyCode


class ProductSettings(CallerSettings):
    """boto3 reads ``AWS_ENDPOINT_URL`` and the credentials itself."""

    service_name: str = "product"
    products_table: str = Field(examples=["shop-products"])
    reservations_table: str = Field(examples=["shop-reservations"])
    aws_region: str = Field(examples=["us-east-1"])
    dynamodb_timeout_seconds: float = Field(default=3, gt=0)
    expiry_interval_seconds: float = Field(default=10, gt=0)
    shop_currency: CurrencyCode = DEFAULT_CURRENCY


def create_app(settings: ProductSettings) -> FastAPI:
    dynamodb = DynamoDB(settings.aws_region, settings.dynamodb_timeout_seconds)
    products = DynamoProducts(dynamodb, settings.products_table, settings.shop_currency)
    reservations = DynamoReservations(
        dynamodb, settings.products_table, settings.reservations_table, settings.shop_currency
    )
    index = DynamoExpiryIndex(dynamodb, settings.reservations_table)
    expiry = Expiry(reservations, index, SHARDS, settings.expiry_interval_seconds)
    verifier, keys = callers.verifier(settings)
    all_routes = APIRouter()
    all_routes.include_router(routes.routes)
    all_routes.include_router(reservation_routes.routes)
    service = application.ServiceDefinition(
        title="Product service",
        routes=all_routes,
        state={
            "products": products,
            "catalogue": Catalogue(products),
            "reservations": reservations,
            "callers": verifier,
        },
        probe=ReachedOnce(products),
        outages=(StoreUnavailable, Contended),
        background=(expiry.run,),
        close=(dynamodb.close, keys.close),
    )
    return application.build(settings, service)
