"""`Environment`: the facts of the platform, written once by its team and used by the Microservices it admits."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .containers import Resources
from .pods import LabelSelector
from .scalars import Label, ObjectName, Port, WithoutNulls
from .scaling import Replicas

TagValue = Annotated[str, StringConstraints(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]
TagKey = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=32), WithoutNulls]
Region = Annotated[str, StringConstraints(max_length=32, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
AccountID = Annotated[str, StringConstraints(max_length=12, pattern=r"^[0-9]{12}$")]
Host = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$")
]


class SecretRef(Model):
    """A Secret anywhere in the cluster; only the platform team can name one."""

    namespace: Label
    """Namespace of the Secret."""
    name: ObjectName
    """Name of the Secret."""


class SharedServer(Model):
    """A PostgreSQL server that exists already; its admin Secret holds `username`, `password` and, if any, `ca.crt`."""

    host: Host
    """DNS name or address of the server."""
    port: Port = 5432
    """Port of the server."""
    admin_secret_ref: SecretRef
    """Secret with username, password and, if any, ca.crt."""
    ssl_mode: Annotated[Literal["require", "verify-ca", "verify-full"], Field(alias="sslMode")] = "verify-full"
    """How TLS is verified."""


class EnvironmentDatabases(Model):
    """Where declared databases live."""

    provider: Literal["shared", "rds"]
    """shared: on one server that exists already; rds: an instance for each."""
    shared: SharedServer | None = None
    """The server that exists already."""
    rules = (
        Rule(
            cel="(self.provider == 'shared') == has(self.shared)",
            holds=lambda self: (self.provider == "shared") == (self.shared is not None),
            message="databases.shared is given exactly when provider is shared; add it or change the provider",
        ),
    )


class AWS(Model):
    """The account and region that everything goes to; both are checked with STS before the first write."""

    region: Region
    """AWS region."""
    account_id: Annotated[AccountID, Field(alias="accountID")]
    """AWS account; compared with STS before the first write."""


class Defaults(Model):
    """What a Microservice gets that does not say otherwise."""

    replicas: Replicas | None = None
    """Number of pods."""
    resources: Resources | None = None
    """Requests and limits."""
    topology_spread: bool = True
    """Spread pods over zones and nodes."""


class EnvironmentSpec(Model):
    """Spec of an Environment."""

    namespaces: LabelSelector | None = None
    """Which namespaces may use it, by their labels; all without it."""
    tags: Tags | None = None
    """AWS tags and labels of everything in this environment."""
    aws: AWS | None = None
    """The AWS account and region."""
    databases: EnvironmentDatabases | None = None
    """Where declared databases live."""
    defaults: Defaults | None = None
    """What a Microservice gets that does not say otherwise."""
