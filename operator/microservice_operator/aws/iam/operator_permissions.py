"""PURE: the operator's own permissions in AWS: a table of exactly the calls that its adapters make.

Each resource type adds its own rows. The adapters' tests record every call and check both directions: every call is
granted, and every granted call is made. Resources and condition keys are those of the AWS Service Authorization
Reference. `dependent_actions` lists its "dependent actions", which have no call of their name.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ... import names
from ..engine.iam_actions import iam_action
from .service_policy import TABLE_KEY_ACTIONS


class Option(StrEnum):
    """A use of the operator that needs more permissions than others."""

    RESTORES = "restores"
    ACCESS_LOGS = "access-logs"


@dataclass(frozen=True)
class Right:
    """Calls of one service on resources, and the actions that IAM requires besides (`dependent_actions`).

    A right with an `option` is granted only to operators that use it, because it reaches what is not the operator's.
    """

    service: str
    calls: tuple[str, ...]
    resources: tuple[str, ...]
    why: str
    dependent_actions: tuple[str, ...] = ()
    condition: Mapping[str, Any] = field(default_factory=dict)
    option: Option | None = None

    @property
    def granted(self) -> tuple[str, ...]:
        """IAM actions that this row grants."""
        named = {iam_action(f"{self.service}:{call}") for call in self.calls}
        return tuple(sorted({*named, *self.dependent_actions}))


TABLE = "arn:${partition}:dynamodb:${region}:${account_id}:table/*"
BACKUP = f"{TABLE}/backup/*"
SCALABLE_TARGET = "arn:${partition}:application-autoscaling:${region}:${account_id}:scalable-target/*"
# "Target tracking scaling policies" in the Application Auto Scaling User Guide: alarms are named after the resource
SCALING_ALARM = "arn:${partition}:cloudwatch:${region}:${account_id}:alarm:TargetTracking-table/*"
# "Using service-linked roles" in the guides of Application Auto Scaling and Amazon RDS: AWS creates them on first use
SERVICE_LINKED = {
    "dynamodb.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
}
ROLE = "arn:${partition}:iam::${account_id}:role/microservice-operator/${cluster_id}/*"
ANY_ROLE = "arn:${partition}:iam::${account_id}:role/*"
CLUSTER = "arn:${partition}:eks:${region}:${account_id}:cluster/${cluster_name}"
ASSOCIATION = "arn:${partition}:eks:${region}:${account_id}:podidentityassociation/${cluster_name}/*"
APIS = "arn:${partition}:apigateway:${region}::/apis"
ON_APIS = f"{APIS}/*"  # API Gateway names its actions after HTTP methods
API_TAGS = "arn:${partition}:apigateway:${region}::/tags/*"
# API Gateway was seen to ask IAM for `apigateway:POST` on this malformed ARN when it creates an HTTP API with tags
# (aws-cloudformation/cloudformation-coverage-roadmap#997). Only REST APIs are tagged by PUT ("TagResource").
API_TAGS_ON_CREATION = "arn:${partition}:apigateway:${region}::arn:${partition}:apigateway:${region}::/tags/*"
_BOUNDED = {"StringEquals": {"iam:PermissionsBoundary": "${permissions_boundary_arn}"}}

_MINE = {"StringEquals": {f"aws:ResourceTag/{names.TAG_CLUSTER}": "${cluster_id}"}}
_MARKED = {"StringEquals": {f"aws:RequestTag/{names.TAG_CLUSTER}": "${cluster_id}"}}


def _rds(*kinds: str) -> tuple[str, ...]:
    return tuple("arn:${partition}:rds:${region}:${account_id}:" + f"{kind}:*" for kind in kinds)


INSTANCE, GROUPS, SNAPSHOT = _rds("db"), _rds("pg", "subgrp"), _rds("snapshot")
SECURITY_GROUP = "arn:${partition}:ec2:${region}:${account_id}:security-group/*"
VPC = "arn:${partition}:ec2:${region}:${account_id}:vpc/*"
KEY = "arn:${partition}:kms:${region}:${account_id}:key/*"
MASTER_LOGIN = "arn:${partition}:secretsmanager:${region}:${account_id}:secret:rds!db-*"

TOPIC = "arn:${partition}:sns:${region}:${account_id}:*"
QUEUE = "arn:${partition}:sqs:${region}:${account_id}:*"

OPTIONS = {
    Option.RESTORES: "restoreFrom of tables and databases; the operator can read and restore all data of the account",
    Option.ACCESS_LOGS: (
        "accessLogGroupARN of Environments; the operator can write the resource policies of CloudWatch Logs"
    ),
}

FREE = frozenset({("sts", "GetCallerIdentity")})  # "No permissions are required": AWS STS API Reference

# Only of the operator's own role, and only if an Environment names roles: a role that is assumed assumes no other.
# aws/eks-pod-identity-agent#80: the tags of the operator's session are transitive, so AWS checks TagSession, too.
ASSUME_ROLES = Right(
    "sts",
    ("AssumeRole",),
    ("${environment_role_arn}",),
    "assumes the role that `spec.aws.roleARN` of an Environment names, if its ARN is listed",
    dependent_actions=("sts:TagSession",),
)

RIGHTS: tuple[Right, ...] = (
    Right(
        "dynamodb",
        ("CreateTable", "TagResource"),
        (TABLE,),
        "creates declared tables with owner tags, and tags a table to adopt",
        condition=_MARKED,
    ),
    Right(
        "dynamodb",
        ("DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"),
        (TABLE,),
        "reads declared tables",
    ),
    Right(
        "dynamodb",
        ("TagResource", "UntagResource", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"),
        (TABLE,),
        "applies changes of the spec to tables of this cluster",
        condition=_MINE,
    ),
    Right(
        "kms",
        ("DescribeKey",),
        (KEY,),
        "reads whether AWS or a customer manages the key of a table, before its adoption",
    ),
    Right(
        "dynamodb",
        (),
        (KEY,),
        "lets only DynamoDB use the Environment's key for a created or changed table",
        dependent_actions=("kms:CreateGrant", *TABLE_KEY_ACTIONS),
        condition={"StringLike": {"kms:ViaService": "dynamodb.${region}.amazonaws.com*"}},
    ),
    Right(
        "dynamodb",
        ("DescribeBackup",),
        (BACKUP,),
        "reads which table a backup is of, before it is restored",
        option=Option.RESTORES,
    ),
    Right(
        "dynamodb",
        ("RestoreTableFromBackup", "RestoreTableToPointInTime"),
        (BACKUP, TABLE),
        "creates a declared table from the backup or the table that its restoreFrom names",
        option=Option.RESTORES,
    ),
    # "Using IAM with DynamoDB backup and restore": DynamoDB needs them on the new table, which has no tags until then
    Right(
        "dynamodb",
        (),
        (TABLE,),
        "lets DynamoDB fill a restored table; not on tables with an operator's tags",
        dependent_actions=tuple(
            f"dynamodb:{name}"
            for name in ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
        ),
        condition={"Null": {f"aws:ResourceTag/{names.TAG_CLUSTER}": "true"}},
        option=Option.RESTORES,
    ),
    Right(
        "dynamodb",
        ("DeleteTable",),
        (TABLE,),
        "deletes a table of this cluster whose deletionPolicy is Delete",
        condition=_MINE,
    ),
    Right(
        "application-autoscaling",
        ("DescribeScalableTargets", "DescribeScalingPolicies"),
        ("*",),
        "reads the scaling of provisioned capacity; Application Auto Scaling supports no narrower resource",
    ),
    Right(
        "application-autoscaling",
        ("DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget"),
        (SCALABLE_TARGET,),
        "lets AWS scale provisioned capacity within its bounds, for tables only",
        condition={"StringEquals": {"application-autoscaling:service-namespace": "dynamodb"}},
    ),
    Right(
        "application-autoscaling",
        (),
        (SCALING_ALARM,),
        "lets Application Auto Scaling manage the alarms that trigger scaling",
        dependent_actions=("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"),
    ),
    Right(
        "application-autoscaling",
        (),
        tuple(
            "arn:${partition}:iam::${account_id}:role/aws-service-role/" + f"{service}/{role}"
            for service, role in SERVICE_LINKED.items()
        ),
        "lets AWS create its service-linked roles for scaling and for databases, once per account",
        dependent_actions=("iam:CreateServiceLinkedRole",),
        condition={"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}},
    ),
    Right(
        "iam",
        ("CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy"),
        (ROLE,),
        "creates the roles of services, always with the boundary, so that no role can exceed it",
        condition=_BOUNDED,
    ),
    # IAM knows no path of a role that does not exist: it would deny the question whether one is there
    Right("iam", ("GetRole",), (ANY_ROLE,), "finds out whether a role exists"),
    Right(
        "iam",
        ("GetRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy"),
        (ROLE,),
        "reads its roles, tags them and updates their trust policies",
    ),
    Right("iam", ("DeleteRole", "DeleteRolePolicy"), (ROLE,), "deletes a role together with its service"),
    Right(
        "iam",
        (),
        (ROLE,),
        "lets EKS pass a role to the pods of its service",
        dependent_actions=("iam:PassRole",),
        condition={"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}},
    ),
    Right(
        "eks",
        ("CreatePodIdentityAssociation", "ListPodIdentityAssociations"),
        (CLUSTER,),
        "finds and creates the association of a service account",
    ),
    Right("eks", ("DescribePodIdentityAssociation",), (ASSOCIATION,), "reads associations"),
    Right("eks", ("TagResource",), (ASSOCIATION,), "tags an association on creation", condition=_MARKED),
    Right(
        "eks",
        ("DeletePodIdentityAssociation", "TagResource", "UntagResource", "UpdatePodIdentityAssociation"),
        (ASSOCIATION,),
        "updates and deletes the associations of this cluster",
        condition=_MINE,
    ),
    Right(
        "apigateway",
        ("GetApis", "GetAuthorizers", "GetIntegrations", "GetRoutes", "GetStages"),
        (APIS, ON_APIS),
        "finds the API of an Environment and reads its routes, integrations, authorizers and stages",
    ),
    Right(
        "apigateway",
        ("CreateApi", "CreateAuthorizer", "CreateIntegration", "CreateRoute", "CreateStage", "TagResource"),
        (APIS, ON_APIS, API_TAGS, API_TAGS_ON_CREATION),
        "creates the API of an Environment and its services' routes, and tags the API",
    ),
    Right(
        "apigateway",
        ("UpdateApi", "UpdateAuthorizer", "UpdateIntegration", "UpdateRoute", "UpdateStage"),
        (ON_APIS,),
        "updates them to the declared state",
    ),
    # "Configure logging for HTTP APIs": API Gateway subscribes to the log group in the caller's name. CreateLogGroup is
    # left out, because the Environment names a log group that exists; the others support no narrower resource.
    Right(
        "apigateway",
        (),
        ("*",),
        "lets API Gateway write the access log of an API to the log group of the Environment",
        dependent_actions=(
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ),
        option=Option.ACCESS_LOGS,
    ),
    Right(
        "apigateway",
        (
            "DeleteApi",
            "DeleteAuthorizer",
            "DeleteCorsConfiguration",
            "DeleteIntegration",
            "DeleteRoute",
            "DeleteStage",
            "UntagResource",
        ),
        (ON_APIS, API_TAGS),
        "deletes routes together with their service, and an API whose deletionPolicy is Delete",
    ),
    Right(
        "rds",
        ("AddTagsToResource", "CreateDBInstance", "CreateDBParameterGroup", "CreateDBSubnetGroup"),
        (*INSTANCE, *GROUPS, *_rds("og")),
        "creates instances and their groups for declared databases, and tags an instance to adopt",
        condition=_MARKED,
    ),
    # PassRole and CreateTenantDatabase, the other dependent actions, are for a directory and for RDS for Oracle
    Right(
        "rds",
        ("RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime"),
        (*INSTANCE, *GROUPS, *SNAPSHOT, *_rds("og", "auto-backup")),
        "creates an instance with owner tags from what its restoreFrom names",
        condition=_MARKED,
        option=Option.RESTORES,
    ),
    Right(
        "rds",
        ("DescribeDBInstanceAutomatedBackups",),
        (*INSTANCE, *_rds("auto-backup")),
        "finds the automated backups of a deleted instance, before they are restored",
        option=Option.RESTORES,
    ),
    # DeleteDBInstance takes the final snapshot and accepts no tags for it, so only the instance limits this
    Right("rds", ("CreateDBSnapshot",), INSTANCE, "takes snapshots of the instances of this cluster", condition=_MINE),
    Right("rds", ("CreateDBSnapshot",), SNAPSHOT, "allows the snapshot's name; the row before limits the instance"),
    Right(
        "rds",
        (
            "DescribeDBInstances",
            "DescribeDBParameterGroups",
            "DescribeDBParameters",
            "DescribeDBSnapshots",
            "DescribeDBSubnetGroups",
            "ListTagsForResource",
        ),
        (*INSTANCE, *GROUPS, *SNAPSHOT),
        "reads them, all of a region with one call",
    ),
    Right(
        "rds",
        ("DescribeDBEngineVersions",),
        ("*",),
        "finds the version to which RDS can upgrade an instance; RDS supports no narrower resource",
    ),
    Right(
        "rds",
        (
            "AddTagsToResource",
            "ModifyDBInstance",
            "ModifyDBParameterGroup",
            "ModifyDBSubnetGroup",
            "RebootDBInstance",
            "RemoveTagsFromResource",
            "ResetDBParameterGroup",
            "StartDBInstance",
        ),
        (*INSTANCE, *GROUPS),
        "applies changes of the spec to this cluster's, and starts a stopped instance",
        condition=_MINE,
    ),
    # AWS's default option groups and parameter groups have no tags
    Right(
        "rds",
        ("ModifyDBInstance",),
        (*GROUPS, *_rds("og")),
        "allows the groups of a changed instance; the row before limits the instance",
    ),
    Right("rds", ("AddTagsToResource",), SNAPSHOT, "lets RDS copy the tags of an instance to its snapshots"),
    Right(
        "rds",
        ("DeleteDBInstance", "DeleteDBParameterGroup", "DeleteDBSubnetGroup"),
        (*INSTANCE, *GROUPS),
        "deletes an instance of this cluster by its deletionPolicy, with its groups",
        condition=_MINE,
    ),
    Right(
        "rds",
        (),
        (MASTER_LOGIN,),
        "lets RDS manage the master password of a created instance",
        dependent_actions=("secretsmanager:CreateSecret", "secretsmanager:TagResource"),
    ),
    # "Permissions required for Secrets Manager integration" in the Amazon RDS User Guide: the policies of AWS's own
    # keys allow the whole account to use them through RDS and Secrets Manager, and leave reading them to IAM
    Right("rds", (), (KEY,), "lets RDS read the keys of disks and passwords", dependent_actions=("kms:DescribeKey",)),
    Right(
        "rds",
        (),
        (KEY,),
        "lets only RDS and Secrets Manager use these keys for a created or changed instance",
        dependent_actions=("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"),
        condition={
            "StringLike": {
                "kms:ViaService": ["rds.${region}.amazonaws.com*", "secretsmanager.${region}.amazonaws.com*"]
            }
        },
    ),
    Right("secretsmanager", ("GetSecretValue",), (MASTER_LOGIN,), "reads the master login to create roles with it"),
    Right("ec2", ("DescribeSecurityGroups",), ("*",), "finds security groups; EC2 supports no narrower resource"),
    Right(
        "ec2",
        ("CreateSecurityGroup",),
        (SECURITY_GROUP, VPC),
        "creates the security group of an instance",
    ),
    Right(
        "ec2",
        (),
        (SECURITY_GROUP,),
        "tags a security group on creation",
        dependent_actions=("ec2:CreateTags",),
        condition={"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup"}},
    ),
    Right(
        "ec2",
        (
            "AuthorizeSecurityGroupIngress",
            "CreateTags",
            "DeleteSecurityGroup",
            "DeleteTags",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        ),
        (SECURITY_GROUP,),
        "updates and deletes the security groups of this cluster",
        condition=_MINE,
    ),
    Right(
        "sns",
        ("CreateTopic", "TagResource"),
        (TOPIC,),
        "creates declared topics, tagged as this cluster's",
        condition=_MARKED,
    ),
    Right(
        "sns",
        ("DeleteTopic", "SetTopicAttributes", "Subscribe", "TagResource", "UntagResource"),
        (TOPIC,),
        "updates this cluster's topics, subscribes queues to them, and deletes topics by their deletionPolicy",
        condition=_MINE,
    ),
    Right(
        "sns",
        ("GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource"),
        (TOPIC,),
        "reads declared topics and their subscriptions",
    ),
    Right(
        "sns",
        ("GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
        ("*",),
        "updates and deletes the subscriptions of declared queues; SNS supports no narrower resource",
    ),
    Right(
        "sqs",
        ("CreateQueue", "TagQueue"),
        (QUEUE,),
        "creates declared queues and their dead letter queues, tagged as this cluster's",
        condition=_MARKED,
    ),
    Right(
        "sqs",
        ("DeleteQueue", "SetQueueAttributes", "TagQueue", "UntagQueue"),
        (QUEUE,),
        "updates this cluster's queues, and deletes them by their deletionPolicy",
        condition=_MINE,
    ),
    Right(
        "sqs",
        ("GetQueueAttributes", "GetQueueUrl", "ListQueueTags"),
        (QUEUE,),
        "reads declared queues, never messages",
    ),
)


def rights(options: Collection[Option] = ()) -> tuple[Right, ...]:
    """Return the rights of an operator that uses these options."""
    return tuple(right for right in RIGHTS if right.option is None or right.option in options)
