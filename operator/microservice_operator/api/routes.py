"""Public routes of a service: those of its OpenAPI document, on its Environment's API gateway."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .arns import LISTENER_ARN, LOG_GROUP_ARN
from .base import Model, Rule
from .patterns import pattern
from .scalars import ATOMIC, CIDR, Key, ObjectName, is_cidr

URL = Annotated[
    str,
    StringConstraints(
        min_length=9,
        max_length=512,
        pattern=pattern(r"^https://[^\s?#]+$", "a URL that starts with https:// and has no spaces, ? and #"),
    ),
]
# A service receives its audiences in one variable, separated by commas.
Audience = Annotated[
    str, StringConstraints(min_length=1, max_length=256, pattern=pattern(r"^[^,]+$", "an audience without a comma"))
]
# Characters of Name and StageName: "CreateApi" and "CreateStage" in the API Gateway V2 API Reference.
GatewayName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=pattern(r"^[A-Za-z0-9._-]+$", "letters, digits and . _ -")),
]
StageName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=128,
        pattern=pattern(r"^(\$default|[A-Za-z0-9_-]+)$", "$default, or letters, digits, _ and -"),
    ),
]
VPCLinkID = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=64,
        pattern=pattern(r"^[a-z0-9]+$", "the ID of a VPC link: lower-case letters and digits"),
    ),
]
ListenerARN = Annotated[str, StringConstraints(max_length=512, pattern=LISTENER_ARN)]
LogGroupARN = Annotated[str, StringConstraints(max_length=600, pattern=LOG_GROUP_ARN)]
Origin = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=253,
        pattern=pattern(
            r"^(\*|https?://(\*|[A-Za-z0-9.-]+)(:[0-9]{1,5})?)$",
            "an origin such as https://shop.example.com, without a path, or *",
        ),
    ),
]


class ConfigMapKey(Model):
    """A key of a ConfigMap in the Microservice's namespace."""

    name: ObjectName
    """Name of the ConfigMap."""
    key: Key = "openapi.yaml"
    """Key that holds the document."""


class OpenAPISource(Model):
    """Location of the OpenAPI document."""

    config_map_key_ref: ConfigMapKey
    """Key of a ConfigMap that holds an OpenAPI 3.0 or 3.1 document, in YAML or JSON."""
    base_path: Literal["Prepend", "Ignore"] | None = None
    """How to treat a base path in the document's servers: Prepend adds it to each route's path, Ignore omits it. If
    unset, a document with a base path is refused."""


class JWT(Model):
    """JSON Web Tokens that the gateway accepts."""

    issuer: URL
    """Issuer of the tokens; API Gateway reads its /.well-known/openid-configuration."""
    audiences: Annotated[list[Audience], Field(min_length=1, max_length=50, json_schema_extra=ATOMIC)]
    """Accepted audiences; a token must name one of them."""


class Auth(Model):
    """Authorization at the gateway; set exactly one of jwt and none."""

    jwt: JWT | None = None
    """JSON Web Tokens that the gateway accepts; every operation requires one, except public ones."""
    none: bool = False
    """If true, the gateway checks no tokens; the service itself must enforce the security of its document."""
    rules = (
        Rule(
            cel="has(self.jwt) != self.none",
            holds=lambda self: (self.jwt is not None) != self.none,
            message="auth must set either jwt or none: true; remove one of them, or set one",
        ),
    )


class API(Model):
    """Routes of a service on the API gateway."""

    open_api: Annotated[OpenAPISource, Field(alias="openAPI")]
    """Location of the OpenAPI document; it is read again at every resync."""
    auth: Auth | None = None
    """Authorization at the gateway. If unset, aws.apiGateway.auth of the Environment applies. Without either, the
    operator refuses a document with an operation that is not public, and existing routes stay."""
    allow_anonymous: bool = False
    """If true, operations whose security in the document is an empty list are public. If false, the operator refuses a
    document with such an operation, and existing routes stay."""


class Throttling(Model):
    """Limits for each route of the stage; API Gateway answers 429 above them."""

    requests_per_second: Annotated[int, Field(ge=1, le=1000000)]
    """Requests per second, on average."""
    burst: Annotated[int, Field(ge=1, le=1000000)]
    """Number of requests that may come at once."""


class APIGateway(Model):
    """One HTTP API for the whole Environment, created when the first Microservice declares routes."""

    name: GatewayName
    """Name of the API in AWS."""
    vpc_link_id: Annotated[VPCLinkID, Field(alias="vpcLinkID")]
    """VPC link to the load balancer."""
    listener_arn: Annotated[ListenerARN, Field(alias="listenerARN")]
    """Listener of the internal ALB or NLB that forwards to the services, by path or by the header x-microservice."""
    stage: StageName = "$default"
    """Stage of the API, deployed at every change; unless it is $default, its name is part of the URL."""
    cors_origins: Annotated[list[Origin], Field(min_length=1, max_length=64, json_schema_extra=ATOMIC)] | None = None
    """Origins that may call the API from a browser (CORS)."""
    source_cidrs: Annotated[
        list[CIDR] | None, Field(alias="sourceCIDRs", min_length=1, max_length=32, json_schema_extra=ATOMIC)
    ] = None
    """Networks from which the load balancer calls pods; every Microservice with routes allows them."""
    path_prefix: Literal["Namespace", "Microservice"] | None = None
    """Path below which all routes of a Microservice must be: /NAMESPACE, or /NAMESPACE/NAME. Then no namespace can take
    paths from another. A document with other paths is refused, and its existing routes stay. If unset, the first
    Microservice that declares a path has it."""
    max_routes: Annotated[int, Field(ge=1, le=10000)] = 300
    """Quota of routes per API in this account; the operator adds no route above it."""
    max_authorizers: Annotated[int, Field(ge=1, le=1000)] = 10
    """Quota of authorizers per API in this account; the operator adds none above it."""
    access_log_group_arn: Annotated[LogGroupARN | None, Field(alias="accessLogGroupARN")] = None
    """CloudWatch log group that receives the access log of the stage, as JSON. If unset, the stage keeps what it
    has."""
    auth: Auth | None = None
    """Authorization at the gateway for every Microservice without spec.api.auth."""
    throttling: Throttling | None = None
    """Limits for each route of the stage. If unset, the stage keeps what it has."""
    disable_execute_api_endpoint: Annotated[bool | None, Field(alias="disableExecuteAPIEndpoint")] = None
    """If true, callers reach the API only through a custom domain, and status.endpoints.gateway stays empty. If unset,
    the API keeps what it has."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """What happens to the API and its URL when the last route is removed: Retain or Delete."""
    rules = (
        Rule(
            cel="!has(self.sourceCIDRs) || self.sourceCIDRs.all(c, isCIDR(c))",
            holds=lambda self: all(is_cidr(cidr) for cidr in self.source_cidrs or []),
            message="apiGateway.sourceCIDRs has an item that is not a network; write one such as 10.20.0.0/16",
            field="sourceCIDRs",
        ),
    )


def effective_auth(api: API, gateway: APIGateway | None) -> Auth | None:
    """Return the Microservice's own authorization, else that of its Environment, `None` if neither is set."""
    return api.auth or (gateway.auth if gateway else None)
