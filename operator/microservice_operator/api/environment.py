"""`Environment`: the facts of the platform, written once by its team and used by the Microservices it admits."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .autoscaling import Replicas
from .base import Model, Rule
from .containers import Resources
from .pods import LabelSelector
from .routes import APIGateway
from .scalars import ATOMIC, Label, LabelKey, LabelValue, ObjectName, Port, WithoutNulls

TagValue = LabelValue
TagKey = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
]
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=32), WithoutNulls]
Region = Annotated[str, StringConstraints(max_length=32, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
AccountID = Annotated[str, StringConstraints(max_length=12, pattern=r"^[0-9]{12}$")]
VpcID = Annotated[str, StringConstraints(max_length=32, pattern=r"^vpc-[0-9a-f]+$")]
SubnetID = Annotated[str, StringConstraints(max_length=32, pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroupID = Annotated[str, StringConstraints(max_length=32, pattern=r"^sg-[0-9a-f]+$")]
InstanceClass = Annotated[str, StringConstraints(max_length=64, pattern=r"^db\.[a-z0-9-]+\.[a-z0-9-]+$")]
Host = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$")
]

ClusterName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]*$")]
OIDCProviderARN = Annotated[
    str, StringConstraints(max_length=255, pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[A-Za-z0-9./_-]+$")
]
KeyARN = Annotated[
    str, StringConstraints(max_length=255, pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$")
]
PolicyARN = Annotated[
    str, StringConstraints(max_length=255, pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@/_-]+$")
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


class RDS(Model):
    """What instances of RDS are made of."""

    sizes: Annotated[dict[Label, InstanceClass], Field(min_length=1, max_length=32), WithoutNulls]
    """Instance class of each size that a Microservice may ask for, such as small: db.t4g.small."""
    ca_secret_ref: SecretRef
    """Secret whose ca.crt holds the certificates of RDS in the region, which AWS offers for download; services are
    given them, so take the region's bundle, not the global one, which is a hundred times as long."""


class EnvironmentDatabases(Model):
    """Where declared databases live."""

    provider: Literal["shared", "rds"]
    """shared: on one server that exists already; rds: an instance for each."""
    shared: SharedServer | None = None
    """The server that exists already."""
    rds: RDS | None = None
    """What instances of RDS are made of."""
    rules = (
        Rule(
            cel="(self.provider == 'rds') == has(self.rds)",
            holds=lambda self: (self.provider == "rds") == (self.rds is not None),
            message="databases.rds is given exactly when provider is rds; add it or change the provider",
        ),
        Rule(
            cel="(self.provider == 'shared') == has(self.shared)",
            holds=lambda self: (self.provider == "shared") == (self.shared is not None),
            message="databases.shared is given exactly when provider is shared; add it or change the provider",
        ),
    )


class PodRoles(Model):
    """How pods come to the IAM role of their Microservice; without it, no roles are made."""

    type: Literal["PodIdentity", "IRSA"]
    """PodIdentity: EKS hands out credentials. IRSA: pods show a token of the cluster's OIDC provider."""
    cluster_name: ClusterName | None = None
    """PodIdentity: name of this cluster in EKS."""
    oidc_provider_arn: Annotated[OIDCProviderARN | None, Field(alias="oidcProviderARN")] = None
    """IRSA: ARN of the IAM OIDC provider of this cluster."""
    rules = (
        Rule(
            cel="(self.type == 'PodIdentity') == has(self.clusterName)",
            holds=lambda self: (self.type == "PodIdentity") == (self.cluster_name is not None),
            message="identity.clusterName is given exactly when type is PodIdentity; add it or change the type",
        ),
        Rule(
            cel="(self.type == 'IRSA') == has(self.oidcProviderARN)",
            holds=lambda self: (self.type == "IRSA") == (self.oidc_provider_arn is not None),
            message="identity.oidcProviderARN is given exactly when type is IRSA; add it or change the type",
        ),
    )


class AWS(Model):
    """The account and region that everything goes to; both are checked with STS before the first write."""

    region: Region
    """AWS region."""
    account_id: Annotated[AccountID, Field(alias="accountID")]
    """AWS account; compared with STS before the first write."""
    vpc_id: Annotated[VpcID | None, Field(alias="vpcID")] = None
    """VPC of the instances of RDS."""
    subnet_ids: Annotated[
        list[SubnetID] | None, Field(alias="subnetIDs", min_length=2, max_length=20, json_schema_extra=ATOMIC)
    ] = None
    """Private subnets of the instances of RDS, in two zones at least."""
    pod_security_group_id: Annotated[SecurityGroupID | None, Field(alias="podSecurityGroupID")] = None
    """Security group of the pods; instances of RDS admit it and nothing else."""
    api_gateway: APIGateway | None = None
    """The HTTP API that the routes of all its Microservices are on."""
    messaging_key_arn: Annotated[KeyARN | None, Field(alias="messagingKeyARN")] = None
    """KMS key that encrypts topics and queues, whose policy lets sns.amazonaws.com use it; without it SNS and SQS use
    keys of their own."""
    identity: PodRoles | None = None
    """How pods come to the IAM role of their Microservice; without it, no roles are made."""
    permissions_boundary_arn: Annotated[PolicyARN | None, Field(alias="permissionsBoundaryARN")] = None
    """Policy that bounds what every role made here may do."""


class Defaults(Model):
    """What a Microservice gets that does not say otherwise."""

    replicas: Replicas | None = None
    """Number of pods."""
    resources: Resources | None = None
    """Requests and limits."""
    topology_spread: bool = True
    """Spread pods over zones and nodes."""


class Scraper(Model):
    """Pods that read metrics."""

    namespace: Label
    """Namespace of the pods."""
    pod_labels: Annotated[dict[LabelKey, LabelValue], Field(min_length=1, max_length=16), WithoutNulls] | None = None
    """Labels of the pods, such as app.kubernetes.io/name: prometheus; without any, all pods of the namespace."""


class EnvironmentMetrics(Model):
    """Who may read the metrics of all Microservices."""

    scraper: Scraper
    """Admitted to the port of spec.metrics of every Microservice, and nobody else is."""


def _has_network(aws: AWS | None) -> bool:
    return aws is not None and None not in (aws.vpc_id, aws.subnet_ids, aws.pod_security_group_id)


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
    metrics: EnvironmentMetrics | None = None
    """Who may read the metrics of all Microservices; nobody without it."""
    defaults: Defaults | None = None
    """What a Microservice gets that does not say otherwise."""
    rules = (
        Rule(
            cel="!has(self.databases) || self.databases.provider != 'rds' || (has(self.aws) && has(self.aws.vpcID)"
            " && has(self.aws.subnetIDs) && has(self.aws.podSecurityGroupID))",
            holds=lambda self: self.databases is None or self.databases.provider != "rds" or _has_network(self.aws),
            message="databases of provider rds need aws.vpcID, aws.subnetIDs and aws.podSecurityGroupID; add them",
            field="aws",
        ),
    )
