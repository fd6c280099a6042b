"""Puts the product service together: DynamoDB store, routes, readiness."""

from fastapi import FastAPI

from product_service.dynamodb import DynamoDB
from product_service.ports import StoreUnavailable
from product_service.routes import router
from product_service.store import DynamoProducts
from shop_shared import application
from shop_shared.settings import ServiceSettings


class ProductSettings(ServiceSettings):
    """``AWS_ENDPOINT_URL`` and the credentials are read by boto3 itself."""

    service_name: str = "product"
    table_name: str
    aws_region: str


def create_app(settings: ProductSettings) -> FastAPI:
    dynamodb = DynamoDB(settings.aws_region)
    products = DynamoProducts(dynamodb, settings.table_name)
    parts = application.Parts(
        title="Product service",
        routes=router(products),
        probe=products.probe,
        outages=(StoreUnavailable,),
        close=(dynamodb.close,),
    )
    return application.build(settings, parts)
