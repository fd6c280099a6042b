"""`Environment`: the facts of the platform, written once by its team and used by the Microservices it admits."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .base import Model, Rule
from .containers import Resources
from .pods import LabelSelector
from .scalars import Label, ObjectName, Port
from .scaling import Replicas

TagValue = Annotated[str, StringConstraints(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]
TagKey = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=32)]
Region = Annotated[str, StringConstraints(max_length=32, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
AccountID = Annotated[str, StringConstraints(max_length=12, pattern=r"^[0-9]{12}$")]
Host = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$")
]


class SecretRef(Model):
    """A Secret anywhere in the cluster; only the platform team can name one."""

    namespace: Label
    name: ObjectName


class SharedServer(Model):
    """A PostgreSQL server that exists already; its admin Secret holds `username`, `password` and, if any, `ca.crt`."""

    host: Host
    port: Port = 5432
    admin_secret_ref: SecretRef
    ssl_mode: Annotated[Literal["require", "verify-ca", "verify-full"], Field(alias="sslMode")] = "verify-full"


class EnvironmentDatabases(Model):
    """Where declared databases live."""

    provider: Literal["shared", "rds"]
    shared: SharedServer | None = None
    rules = (
        Rule(
            cel="(self.provider == 'shared') == has(self.shared)",
            holds=lambda self: (self.provider == "shared") == (self.shared is not None),
            message="databases.shared is given exactly when provider is shared",
        ),
    )


class AWS(Model):
    """The account and region that everything goes to; both are checked with STS before the first write."""

    region: Region
    account_id: Annotated[AccountID, Field(alias="accountID")]


class Defaults(Model):
    """What a Microservice gets that does not say otherwise."""

    replicas: Replicas | None = None
    resources: Resources | None = None
    topology_spread: bool = True


class EnvironmentSpec(Model):
    """Spec of an Environment."""

    namespaces: LabelSelector | None = None
    tags: Tags | None = None
    aws: AWS | None = None
    databases: EnvironmentDatabases | None = None
    defaults: Defaults | None = None
