"""Puts the gateway together: AWS, routes, keys, services behind it, and the storefront where there is an issuer."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter, FastAPI
from pydantic import Field

from gateway_service import http, local_routes
from gateway_service.apis import APIs
from gateway_service.aws import AWS
from gateway_service.entry import Entry
from gateway_service.forwarding import Forwarder
from gateway_service.issuers import DiscoveredKeys
from gateway_service.local_issuer import LocalIssuer, WithLocal
from gateway_service.storefront import storefront
from gateway_service.tokens import Guard
from shop_shared import application
from shop_shared.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """``AWS_ENDPOINT_URL`` and the credentials are read by boto3 itself."""

    service_name: str = "gateway"
    aws_region: str
    cluster_id: str = ""
    """UID of kube-system, where several clusters share an account"""
    local_issuer: str = Field(default="", pattern=r"^(https://[^/?#\s]+)?$")
    """as routes name it; turns on the local issuer and the storefront, whose customers it knows without a password"""
    order_url: str = Field(default="", pattern=r"^(https?://.*)?$")
    """of which the storefront shows the circuit breakers"""
    refresh_seconds: float = Field(default=3, gt=0)
    request_timeout_seconds: float = Field(default=30, gt=0, le=30)  # what API Gateway waits at most
    max_body_bytes: int = Field(default=1_048_576, ge=1)
    service_addresses: dict[str, str] = Field(default_factory=dict)
    """`<name>.<namespace>` → URL, for services that run outside the cluster"""


def create_app(settings: GatewaySettings) -> FastAPI:
    aws = AWS(settings.aws_region)
    apis = APIs(aws, settings.environment, settings.cluster_id)
    discovered = DiscoveredKeys()
    local = LocalIssuer(settings.local_issuer) if settings.local_issuer else None
    forwarder = Forwarder(settings.request_timeout_seconds, settings.service_addresses)
    entry = Entry(apis, Guard(WithLocal(local, discovered) if local else discovered), forwarder)
    closing: list[Callable[[], Awaitable[None]]] = [aws.close, discovered.close, forwarder.close]
    pages = APIRouter()
    if local:
        front = storefront(entry, apis, local, aws, settings.order_url)
        pages.include_router(local_routes.router(local, apis))
        pages.include_router(front.routes)
        closing.append(front.close)
    parts = application.ServiceDefinition(
        title="Gateway",
        routes=pages,
        probe=apis.probe,
        background=(partial(apis.keep_reading, settings.refresh_seconds),),
        close=closing,
    )
    app = application.build(settings, parts)
    app.include_router(http.router(entry))
    return app
