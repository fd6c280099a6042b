"""Assembles the gateway: AWS, routes, keys, forwarding, and the storefront if the local issuer is on."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter, FastAPI
from pydantic import Field

from gateway_service import local_routes, proxy_route
from gateway_service.aws import AWS
from gateway_service.forwarding import MAX_CONCURRENT_OF_ONE, MAX_PAYLOAD_BYTES, Forwarder
from gateway_service.jwt_authorizer import JwtAuthorizer
from gateway_service.local_issuer import LocalIssuer, LocalOrDiscoveredKeys
from gateway_service.pipeline import Pipeline
from gateway_service.route_refresh import RouteRefresher
from gateway_service.storefront.app import Storefront
from gateway_service.storefront.error_pages import ErrorPages
from gateway_service.storefront.system_status import SystemStatus
from shop_shared import application
from shop_shared.settings import ServiceSettings
from shop_shared.token_keys import DiscoveredKeys


class GatewaySettings(ServiceSettings):
    """boto3 reads ``AWS_ENDPOINT_URL`` and the credentials itself."""

    service_name: str = "gateway"
    aws_region: str
    cluster_id: str = ""
    """UID of kube-system, if several clusters share an account"""
    local_issuer: str = Field(default="", pattern=r"^(https://[^/?#\s]+)?$")
    """the issuer's URL in the routes; turns on the local issuer and the storefront, where customers need no password"""
    order_url: str = Field(default="", pattern=r"^(https?://.*)?$")
    """the order service, whose circuit breakers the storefront shows"""
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    """of amounts for which the services name no currency"""
    refresh_seconds: float = Field(default=3, gt=0)
    request_timeout_seconds: float = Field(default=30, gt=0, le=30)  # the maximum of API Gateway
    max_body_bytes: int = Field(default=MAX_PAYLOAD_BYTES, ge=1)
    max_held_body_bytes: int = Field(default=67_108_864, ge=1)
    max_calls_per_service: int = Field(default=MAX_CONCURRENT_OF_ONE, ge=1)
    management_port: int = Field(default=8081, ge=1, le=65535)
    """the port of probes and metrics: clients do not reach it, and routes may have their paths"""
    service_addresses: dict[str, str] = Field(default_factory=dict)
    """`<name>.<namespace>` → URL, for services outside the cluster"""


def create_app(settings: GatewaySettings) -> FastAPI:
    aws = AWS(settings.aws_region)
    refresher = RouteRefresher(aws, settings.environment, settings.cluster_id)
    discovered = DiscoveredKeys()
    local = LocalIssuer(settings.local_issuer) if settings.local_issuer else None
    keys = LocalOrDiscoveredKeys(local, discovered) if local else discovered
    forwarder = Forwarder(settings.request_timeout_seconds, settings.service_addresses, settings.max_calls_per_service)
    pipeline = Pipeline(refresher, JwtAuthorizer(keys), forwarder)
    close: list[Callable[[], Awaitable[None]]] = [aws.close, discovered.close, forwarder.close]
    routes = APIRouter()
    storefront = None
    if local:
        status = SystemStatus(aws, settings.order_url)
        storefront = Storefront(pipeline, refresher, local, status, settings.currency)
        routes.include_router(local_routes.router(local, refresher))
        routes.include_router(storefront.routes())
        close.append(storefront.close)
    service = application.ServiceDefinition(
        title="Gateway",
        routes=routes,
        state={"storefront": storefront},
        probe=refresher.probe,
        background=(partial(refresher.run, settings.refresh_seconds),),
        close=close,
        management_port=settings.management_port,
        answers_head=False,  # a route for GET does not match HEAD in API Gateway, either
    )
    app = application.build(settings, service)
    app.include_router(proxy_route.router(pipeline))
    if storefront:
        app.add_middleware(ErrorPages, sessions=storefront.sessions)
    return app
