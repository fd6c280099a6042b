"""What of a service the outside reaches: the routes of its OpenAPI document, on its Environment's API gateway."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .scalars import ATOMIC, CIDR, Key, ObjectName, is_cidr

URL = Annotated[str, StringConstraints(min_length=9, max_length=512, pattern=r"^https://[^\s?#]+$")]
Audience = Annotated[str, StringConstraints(min_length=1, max_length=256)]
# Characters of Name and StageName: "CreateApi" and "CreateStage" in the API Gateway V2 API Reference.
GatewayName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$")]
StageName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^(\$default|[A-Za-z0-9_-]+)$")]
VPCLinkID = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9]+$")]
ListenerARN = Annotated[
    str,
    StringConstraints(
        max_length=512,
        pattern=r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/(app|net)/[A-Za-z0-9/-]+$",
    ),
]
Origin = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^(\*|https?://(\*|[A-Za-z0-9.-]+)(:[0-9]{1,5})?)$")
]


class ConfigMapKey(Model):
    """A key of a ConfigMap in the Microservice's namespace."""

    name: ObjectName
    """Name of the ConfigMap."""
    key: Key = "openapi.yaml"
    """Key that holds the document."""


class OpenAPISource(Model):
    """Where the OpenAPI document is."""

    config_map_key_ref: ConfigMapKey
    """The ConfigMap's key that holds an OpenAPI 3.0 or 3.1 document, YAML or JSON."""
    base_path: Literal["Prepend", "Ignore"] | None = None
    """What becomes of a base path in the document's servers: Prepend puts it before each route's path, Ignore leaves
    it out; a document that has one is refused without it."""


class JWT(Model):
    """Tokens that the gateway accepts."""

    issuer: URL
    """Issuer, whose /.well-known/openid-configuration API Gateway reads."""
    audiences: Annotated[list[Audience], Field(min_length=1, max_length=50, json_schema_extra=ATOMIC)]
    """Audiences, one of which a token must name."""


class Auth(Model):
    """Who may pass the gateway: exactly one of jwt and none."""

    jwt: JWT | None = None
    """Tokens that the gateway accepts; asked for by every operation whose security in the document is not empty."""
    none: bool = False
    """Asks nobody, for the service itself checks what its document asks for."""
    rules = (
        Rule(
            cel="has(self.jwt) != self.none",
            holds=lambda self: (self.jwt is not None) != self.none,
            message="api.auth takes either jwt or none: true; remove one of them, or set one",
        ),
    )


class API(Model):
    """The routes of a service."""

    open_api: Annotated[OpenAPISource, Field(alias="openAPI")]
    """Where the OpenAPI document is; it is read again at every resync."""
    auth: Auth | None = None
    """Who may pass the gateway; without it everybody may, and a document that asks for security is refused."""


class APIGateway(Model):
    """One HTTP API for the whole Environment, made when the first Microservice declares routes."""

    name: GatewayName
    """Name of the API in AWS."""
    vpc_link_id: Annotated[VPCLinkID, Field(alias="vpcLinkID")]
    """VPC link that leads to the load balancer."""
    listener_arn: Annotated[ListenerARN, Field(alias="listenerARN")]
    """Listener of the internal ALB or NLB that leads to the services, by path or by the header x-microservice."""
    stage: StageName = "$default"
    """Stage, deployed at every change; its name is part of the URL unless it is $default."""
    cors_origins: Annotated[list[Origin], Field(min_length=1, max_length=64, json_schema_extra=ATOMIC)] | None = None
    """Origins whose pages may call the API from a browser."""
    source_cidrs: Annotated[
        list[CIDR] | None, Field(alias="sourceCIDRs", min_length=1, max_length=32, json_schema_extra=ATOMIC)
    ] = None
    """Networks that the load balancer calls pods from; admitted to every Microservice with routes."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What becomes of the API, and with it of its URL, when the last route is gone: Retain or Delete."""
    rules = (
        Rule(
            cel="!has(self.sourceCIDRs) || self.sourceCIDRs.all(c, isCIDR(c))",
            holds=lambda self: all(is_cidr(cidr) for cidr in self.source_cidrs or []),
            message="apiGateway.sourceCIDRs holds something that is no network; write one such as 10.20.0.0/16",
            field="sourceCIDRs",
        ),
    )
