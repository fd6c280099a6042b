"""`Environment`: the platform's facts, written by the platform team and used by the Microservices of its namespaces."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from .arns import KEY_ARN, OIDC_PROVIDER_ARN, POLICY_ARN, ROLE_ARN, account_in_arn
from .autoscaling import Replicas
from .base import Model, Rule
from .containers import Resources
from .patterns import pattern
from .pods import LabelSelector
from .routes import APIGateway
from .scalars import ATOMIC, Label, LabelKey, LabelValue, ObjectName, Port, WithoutNulls
from .tags import TAG_RULES, Tags

REGION = pattern(r"^[a-z]{2,4}(-[a-z]+)+-[0-9]$", "a Region such as eu-central-1")
ACCOUNT_ID = pattern(r"^[0-9]{12}$", "the 12 digits of an account ID, in quotes")
CLUSTER_NAME = pattern(
    r"^[0-9A-Za-z][A-Za-z0-9_-]*$", "the name of an EKS cluster: letters, digits, hyphens and underscores"
)
Region = Annotated[str, StringConstraints(max_length=32, pattern=REGION)]
AccountID = Annotated[str, StringConstraints(max_length=12, pattern=ACCOUNT_ID)]
VpcID = Annotated[
    str,
    StringConstraints(
        max_length=32, pattern=pattern(r"^vpc-[0-9a-f]+$", "the ID of a VPC, such as vpc-0a1b2c3d4e5f67890")
    ),
]
SubnetID = Annotated[
    str,
    StringConstraints(
        max_length=32, pattern=pattern(r"^subnet-[0-9a-f]+$", "the ID of a subnet, such as subnet-0a1b2c3d4e5f67890")
    ),
]
SecurityGroupID = Annotated[
    str,
    StringConstraints(
        max_length=45,
        pattern=pattern(r"^([0-9]{12}/)?sg-[0-9a-f]+$", "the ID of a security group, such as sg-0a1b2c3d4e5f67890"),
    ),
]
InstanceClass = Annotated[
    str,
    StringConstraints(
        max_length=64, pattern=pattern(r"^db\.[a-z0-9-]+\.[a-z0-9-]+$", "an instance class such as db.t4g.micro")
    ),
]
Host = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=253,
        pattern=pattern(r"^[A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?$", "a host name or an IPv4 address"),
    ),
]

ClusterName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=CLUSTER_NAME)]
OIDCProviderARN = Annotated[str, StringConstraints(max_length=255, pattern=OIDC_PROVIDER_ARN)]
KeyARN = Annotated[str, StringConstraints(max_length=255, pattern=KEY_ARN)]
RoleARN = Annotated[str, StringConstraints(max_length=640, pattern=ROLE_ARN)]
# "AssumeRole" in the AWS STS API Reference
ExternalID = Annotated[
    str,
    StringConstraints(
        min_length=2,
        max_length=1224,
        pattern=pattern(r"^[A-Za-z0-9_+=,.@:/-]+$", "letters, digits and _ + = , . @ : / -"),
    ),
]
PolicyARN = Annotated[str, StringConstraints(max_length=255, pattern=POLICY_ARN)]


class SecretRef(Model):
    """A Secret in any namespace; only the platform team can refer to one."""

    namespace: Label
    """Namespace of the Secret."""
    name: ObjectName
    """Name of the Secret."""


class SharedServer(Model):
    """An existing PostgreSQL server; its admin Secret has `username`, `password` and, optionally, `ca.crt`."""

    host: Host
    """DNS name or address of the server."""
    port: Port = 5432
    """Port of the server."""
    admin_secret_ref: SecretRef
    """Secret with username, password and, optionally, ca.crt."""
    ssl_mode: Annotated[Literal["require", "verify-ca", "verify-full"], Field(alias="sslMode")] = "verify-full"
    """How clients verify the server's TLS certificate, as in libpq's sslmode."""


class RDS(Model):
    """Settings for RDS instances."""

    sizes: Annotated[dict[Label, InstanceClass], Field(min_length=1, max_length=32), WithoutNulls]
    """Instance class for each size that a Microservice may request, such as small: db.t4g.small."""
    ca_secret_ref: SecretRef
    """Secret whose ca.crt holds the RDS certificate bundle of the region, which AWS offers for download. Services
    receive this bundle. Do not use the global bundle, which is a hundred times as long."""


class EnvironmentDatabases(Model):
    """Where the operator creates databases."""

    provider: Literal["shared", "rds"]
    """shared: all databases on one existing server. rds: one RDS instance per database."""
    shared: SharedServer | None = None
    """The existing server, for provider shared."""
    rds: RDS | None = None
    """Settings for RDS instances, for provider rds."""
    rules = (
        Rule(
            cel="(self.provider == 'rds') == has(self.rds)",
            holds=lambda self: (self.provider == "rds") == (self.rds is not None),
            message="databases.rds must be set if provider is rds, and only then; add it, remove it or change the"
            " provider",
        ),
        Rule(
            cel="(self.provider == 'shared') == has(self.shared)",
            holds=lambda self: (self.provider == "shared") == (self.shared is not None),
            message="databases.shared must be set if provider is shared, and only then; add it, remove it or change the"
            " provider",
        ),
    )


class PodRoles(Model):
    """How pods assume the IAM role of their Microservice; if unset, the operator creates no roles."""

    type: Literal["PodIdentity", "IRSA"]
    """PodIdentity: an agent on the nodes of EKS provides the credentials, not on Fargate. IRSA: pods present a token of
    the cluster's OIDC provider."""
    cluster_name: ClusterName | None = None
    """Name of this cluster in EKS; for PodIdentity."""
    oidc_provider_arn: Annotated[OIDCProviderARN | None, Field(alias="oidcProviderARN")] = None
    """ARN of this cluster's IAM OIDC provider; for IRSA."""
    rules = (
        Rule(
            cel="(self.type == 'PodIdentity') == has(self.clusterName)",
            holds=lambda self: (self.type == "PodIdentity") == (self.cluster_name is not None),
            message="identity.clusterName must be set if type is PodIdentity, and only then; add it, remove it or"
            " change the type",
        ),
        Rule(
            cel="(self.type == 'IRSA') == has(self.oidcProviderARN)",
            holds=lambda self: (self.type == "IRSA") == (self.oidc_provider_arn is not None),
            message="identity.oidcProviderARN must be set if type is IRSA, and only then; add it, remove it or change"
            " the type",
        ),
    )


def _in_account(roles: PodRoles, account_id: str) -> bool:
    return roles.oidc_provider_arn is None or account_in_arn(roles.oidc_provider_arn) == account_id


def _in_region(field: str, service: str, arn: Callable[["AWS"], str | None]) -> Rule:
    """Return the rule that an ARN is one of the Environment's region; `field` is its path in `aws`."""
    parts = field.split(".")
    there = " && ".join(f"has(self.{'.'.join(parts[: length + 1])})" for length in range(len(parts)))

    def holds(aws: "AWS") -> bool:
        value = arn(aws)
        return value is None or f":{service}:{aws.region}:" in value

    return Rule(
        cel=f"!({there}) || self.{field}.contains(':{service}:' + self.region + ':')",
        holds=holds,
        message=f"aws.{field} is in another region than aws.region; correct one of them",
        field=field,
    )


class AWS(Model):
    """AWS account and region of all resources; the operator checks both with STS before its first write."""

    region: Region
    """AWS region."""
    account_id: Annotated[AccountID, Field(alias="accountID")]
    """AWS account ID; the operator compares it with STS before its first write."""
    role_arn: Annotated[RoleARN | None, Field(alias="roleARN")] = None
    """IAM role of that account that the operator assumes for all AWS calls of this Environment. If unset, the operator
    uses its own credentials."""
    external_id: Annotated[ExternalID | None, Field(alias="externalID")] = None
    """External ID that the trust policy of that role requires (sts:ExternalId). It is not a secret."""
    vpc_id: Annotated[VpcID | None, Field(alias="vpcID")] = None
    """VPC of the RDS instances."""
    subnet_ids: Annotated[
        list[SubnetID] | None, Field(alias="subnetIDs", min_length=2, max_length=20, json_schema_extra=ATOMIC)
    ] = None
    """Private subnets of the RDS instances, in at least two availability zones."""
    pod_security_group_id: Annotated[SecurityGroupID | None, Field(alias="podSecurityGroupID")] = None
    """Security group of the pods; RDS instances accept connections only from it. For a group of another account in a
    peered VPC, put the account ID before it: 123456789012/sg-0123456789abcdef0."""
    api_gateway: APIGateway | None = None
    """HTTP API that holds the routes of all Microservices of this Environment."""
    messaging_key_arn: Annotated[KeyARN | None, Field(alias="messagingKeyARN")] = None
    """KMS key that encrypts topics and queues; its key policy must allow sns.amazonaws.com to use it. If unset, SNS and
    SQS use their own keys."""
    table_key_arn: Annotated[KeyARN | None, Field(alias="tableKeyARN")] = None
    """KMS key that encrypts all DynamoDB tables except adopted ones. The roles of services may use it through DynamoDB;
    the permissions boundary must allow that before. If unset, a new table is encrypted with a key of DynamoDB, and an
    existing one keeps its key."""
    database_key_arn: Annotated[KeyARN | None, Field(alias="databaseKeyARN")] = None
    """KMS key that encrypts new RDS instances and the secrets with their admin passwords. An existing instance keeps
    its key. If unset, RDS and Secrets Manager use the keys that AWS manages for the account."""
    identity: PodRoles | None = None
    """How pods assume the IAM role of their Microservice; if unset, the operator creates no roles."""
    permissions_boundary_arn: Annotated[PolicyARN | None, Field(alias="permissionsBoundaryARN")] = None
    """IAM policy that limits the permissions of every role that the operator creates (permissions boundary). Needed
    with identity if the operator has the policy that `microservice-operator permissions` prints."""
    rules = (
        Rule(
            cel="!has(self.roleARN) || self.roleARN.split(':')[4] == self.accountID",
            holds=lambda self: self.role_arn is None or account_in_arn(self.role_arn) == self.account_id,
            message="aws.roleARN must be a role of the account aws.accountID; correct one of them",
            field="roleARN",
        ),
        Rule(
            cel="!has(self.externalID) || has(self.roleARN)",
            holds=lambda self: self.external_id is None or self.role_arn is not None,
            message="aws.externalID has an effect only with aws.roleARN; add it or remove aws.externalID",
            field="externalID",
        ),
        # "OIDC federation" in the IAM User Guide: a trust policy names an OIDC provider of the role's own account
        Rule(
            cel="!has(self.roleARN) || !has(self.identity) || !has(self.identity.oidcProviderARN)"
            " || self.identity.oidcProviderARN.split(':')[4] == self.accountID",
            holds=lambda self: (
                self.role_arn is None or self.identity is None or _in_account(self.identity, self.account_id)
            ),
            message="aws.identity.oidcProviderARN must be an OIDC provider of the account aws.accountID if aws.roleARN"
            " is set; create one there for the issuer of this cluster",
            field="identity",
        ),
        # A service uses only keys of its own region ("Multi-Region keys" in the AWS KMS Developer Guide).
        _in_region("messagingKeyARN", "kms", lambda aws: aws.messaging_key_arn),
        _in_region("tableKeyARN", "kms", lambda aws: aws.table_key_arn),
        _in_region("databaseKeyARN", "kms", lambda aws: aws.database_key_arn),
        _in_region(
            "apiGateway.listenerARN",
            "elasticloadbalancing",
            lambda aws: aws.api_gateway.listener_arn if aws.api_gateway else None,
        ),
        _in_region(
            "apiGateway.accessLogGroupARN",
            "logs",
            lambda aws: aws.api_gateway.access_log_group_arn if aws.api_gateway else None,
        ),
    )


class Defaults(Model):
    """Default values for fields that a Microservice leaves unset."""

    replicas: Replicas | None = None
    """Number of pods."""
    resources: Resources | None = None
    """CPU and memory requests and limits."""
    topology_spread: bool = True
    """If true, pods spread across zones and nodes."""


class Scraper(Model):
    """The pods that scrape metrics."""

    namespace: Label
    """Namespace of the pods."""
    pod_labels: Annotated[dict[LabelKey, LabelValue], Field(min_length=1, max_length=16), WithoutNulls] | None = None
    """Labels of the pods, such as app.kubernetes.io/name: prometheus; if unset, all pods of the namespace."""


class EnvironmentMetrics(Model):
    """Access to the metrics of all Microservices."""

    scraper: Scraper
    """The only pods that may reach the port of spec.metrics of every Microservice."""


def _has_network(aws: AWS | None) -> bool:
    return aws is not None and None not in (aws.vpc_id, aws.subnet_ids, aws.pod_security_group_id)


class EnvironmentSpec(Model):
    """Spec of an Environment."""

    namespaces: LabelSelector | None = None
    """Label selector of the namespaces that may use this Environment; if unset, all namespaces."""
    tags: Tags | None = None
    """AWS tags for all resources in this Environment; IAM roles get these, and none from a Microservice's spec.tags. A
    key has up to 127 characters and a value up to 256: letters, digits, spaces and _ . : / = + - @."""
    aws: AWS | None = None
    """The AWS account and region."""
    databases: EnvironmentDatabases | None = None
    """Where the operator creates databases."""
    metrics: EnvironmentMetrics | None = None
    """Access to the metrics of all Microservices; if unset, no pod may read them."""
    defaults: Defaults | None = None
    """Default values for fields that a Microservice leaves unset."""
    rules = (
        *TAG_RULES,
        Rule(
            cel="!has(self.databases) || self.databases.provider != 'rds' || (has(self.aws) && has(self.aws.vpcID)"
            " && has(self.aws.subnetIDs) && has(self.aws.podSecurityGroupID))",
            holds=lambda self: self.databases is None or self.databases.provider != "rds" or _has_network(self.aws),
            message="databases: provider rds needs aws.vpcID, aws.subnetIDs and aws.podSecurityGroupID; add them",
            field="aws",
        ),
    )
