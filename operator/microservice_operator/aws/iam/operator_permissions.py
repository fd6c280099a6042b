"""PURE: what the operator itself may do in AWS: a table of the calls that its adapters make, and nothing else.

A type of resource joins with its own rows. The tests of the adapters record every call and hold both ways: what is
called is granted, and what is granted is called. Resources and condition keys are those of the AWS Service
Authorization Reference; what it calls "dependent actions", rights without a call of their name, is `beside`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import names


@dataclass(frozen=True)
class Right:
    """Calls of one service on resources: `actions` where IAM names them otherwise, `beside` what has no call."""

    service: str
    calls: tuple[str, ...]
    resources: tuple[str, ...]
    why: str
    actions: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    condition: Mapping[str, Any] = field(default_factory=dict)

    @property
    def granted(self) -> tuple[str, ...]:
        """IAM actions."""
        named = self.actions or tuple(f"{self.service}:{call}" for call in self.calls)
        return tuple(sorted({*named, *self.beside}))


TABLE = "arn:${partition}:dynamodb:${region}:${account_id}:table/*"
SCALABLE_TARGET = "arn:${partition}:application-autoscaling:${region}:${account_id}:scalable-target/*"
# "Target tracking scaling policies" in the Application Auto Scaling User Guide: alarms are called after what is scaled
SCALING_ALARM = "arn:${partition}:cloudwatch:${region}:${account_id}:alarm:TargetTracking-table/*"
# "Using service-linked roles" in the guides of Application Auto Scaling and Amazon RDS: AWS makes them at first use
SERVICE_LINKED = {
    "dynamodb.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
    "rds.amazonaws.com": "AWSServiceRoleForRDS",
}
ROLE = "arn:${partition}:iam::${account_id}:role/microservice-operator/${cluster_id}/*"
CLUSTER = "arn:${partition}:eks:${region}:${account_id}:cluster/${cluster_name}"
ASSOCIATION = "arn:${partition}:eks:${region}:${account_id}:podidentityassociation/${cluster_name}/*"
APIS = "arn:${partition}:apigateway:${region}::/apis"
ON_APIS = f"{APIS}/*"  # API Gateway names its actions after the verbs of HTTP
API_TAGS = "arn:${partition}:apigateway:${region}::/tags/*"
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

FREE = frozenset({("sts", "GetCallerIdentity")})  # "No permissions are required": AWS STS API Reference

RIGHTS: tuple[Right, ...] = (
    Right(
        "dynamodb",
        ("CreateTable", "TagResource"),
        (TABLE,),
        "makes declared tables, marks them, and marks one first that is to be taken over",
        condition=_MARKED,
    ),
    Right(
        "dynamodb",
        ("DescribeContinuousBackups", "DescribeTable", "DescribeTimeToLive", "ListTagsOfResource"),
        (TABLE,),
        "looks at declared tables",
    ),
    Right(
        "dynamodb",
        ("TagResource", "UntagResource", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"),
        (TABLE,),
        "changes what the spec changes, of tables of this cluster",
        condition=_MINE,
    ),
    Right("kms", ("DescribeKey",), (KEY,), "looks at whose key encrypts a table before it is taken over"),
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
        "looks at what moves provisioned capacity; Application Auto Scaling knows no narrower resource for it",
    ),
    Right(
        "application-autoscaling",
        ("DeregisterScalableTarget", "PutScalingPolicy", "RegisterScalableTarget"),
        (SCALABLE_TARGET,),
        "lets AWS move provisioned capacity within its bounds, of tables only",
        condition={"StringEquals": {"application-autoscaling:service-namespace": "dynamodb"}},
    ),
    Right(
        "application-autoscaling",
        (),
        (SCALING_ALARM,),
        "lets Application Auto Scaling set the alarms by which it moves capacity",
        beside=("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:PutMetricAlarm"),
    ),
    Right(
        "application-autoscaling",
        (),
        tuple(
            "arn:${partition}:iam::${account_id}:role/aws-service-role/" + f"{service}/{role}"
            for service, role in SERVICE_LINKED.items()
        ),
        "lets AWS make the roles by which it moves capacity and runs databases, once in an account",
        beside=("iam:CreateServiceLinkedRole",),
        condition={"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}},
    ),
    Right(
        "iam",
        ("CreateRole", "PutRolePermissionsBoundary", "PutRolePolicy"),
        (ROLE,),
        "makes the roles of services; none without the boundary, so none can do more than it",
        condition=_BOUNDED,
    ),
    Right(
        "iam",
        ("GetRole", "GetRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy"),
        (ROLE,),
        "looks at its roles, marks them, keeps their trust",
    ),
    Right("iam", ("DeleteRole", "DeleteRolePolicy"), (ROLE,), "lets a role go with its service"),
    Right(
        "iam",
        (),
        (ROLE,),
        "lets EKS hand a role to the pods of its service",
        beside=("iam:PassRole",),
        condition={"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}},
    ),
    Right(
        "eks",
        ("CreatePodIdentityAssociation", "ListPodIdentityAssociations"),
        (CLUSTER,),
        "finds and makes the association of a service account",
    ),
    Right("eks", ("DescribePodIdentityAssociation",), (ASSOCIATION,), "looks at associations"),
    Right("eks", ("TagResource",), (ASSOCIATION,), "marks an association as it is made", condition=_MARKED),
    Right(
        "eks",
        ("DeletePodIdentityAssociation", "TagResource", "UntagResource", "UpdatePodIdentityAssociation"),
        (ASSOCIATION,),
        "keeps the associations of this cluster as declared, and lets them go",
        condition=_MINE,
    ),
    Right(
        "apigateway",
        ("GetApis", "GetAuthorizers", "GetIntegrations", "GetRoutes", "GetStages"),
        (APIS, ON_APIS),
        "finds the API of an Environment, looks at what is on it",
        actions=("apigateway:GET",),
    ),
    Right(
        "apigateway",
        ("CreateApi", "CreateAuthorizer", "CreateIntegration", "CreateRoute", "CreateStage", "TagResource"),
        (APIS, ON_APIS, API_TAGS),
        "makes the API of an Environment and its services' routes, marks the API",
        actions=("apigateway:POST",),
    ),
    Right(
        "apigateway",
        ("UpdateApi", "UpdateAuthorizer", "UpdateIntegration", "UpdateRoute", "UpdateStage"),
        (ON_APIS,),
        "keeps them as declared",
        actions=("apigateway:PATCH",),
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
        "lets routes go with their service, and an API whose deletionPolicy is Delete",
        actions=("apigateway:DELETE",),
    ),
    Right(
        "rds",
        ("AddTagsToResource", "CreateDBInstance", "CreateDBParameterGroup", "CreateDBSubnetGroup"),
        (*INSTANCE, *GROUPS, *_rds("og")),
        "makes instances for declared databases and what they are made of; marks one that is to be taken over",
        condition=_MARKED,
    ),
    # the last one is taken by DeleteDBInstance, which takes no tags for it: it is bound by the instance alone
    Right("rds", ("CreateDBSnapshot",), INSTANCE, "takes snapshots of the instances of this cluster", condition=_MINE),
    Right("rds", ("CreateDBSnapshot",), SNAPSHOT, "names the snapshot; of whose instance it is, the row before says"),
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
        "looks at them, at all of a region in one call",
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
        "changes what the spec changes of this cluster's, wakes an instance that sleeps",
        condition=_MINE,
    ),
    # option groups and parameter groups of AWS's own carry no tags
    Right(
        "rds",
        ("ModifyDBInstance",),
        (*GROUPS, *_rds("og")),
        "names the groups of an instance that is changed; of which instance, the row before says",
    ),
    Right("rds", ("AddTagsToResource",), SNAPSHOT, "lets RDS copy the tags of an instance to its snapshots"),
    Right(
        "rds",
        ("DeleteDBInstance", "DeleteDBParameterGroup", "DeleteDBSubnetGroup"),
        (*INSTANCE, *GROUPS),
        "lets an instance of this cluster go by its deletionPolicy",
        condition=_MINE,
    ),
    Right(
        "rds",
        (),
        (MASTER_LOGIN,),
        "lets RDS keep the master password of an instance that is made",
        beside=("secretsmanager:CreateSecret", "secretsmanager:TagResource"),
    ),
    # "Permissions required for Secrets Manager integration" in the Amazon RDS User Guide: the policies of AWS's own
    # keys let the whole account use them through RDS and Secrets Manager, and leave looking at them to IAM
    Right("rds", (), (KEY,), "lets RDS look at the keys of disks and passwords", beside=("kms:DescribeKey",)),
    Right(
        "rds",
        (),
        (KEY,),
        "lets RDS and Secrets Manager, and nobody else, use these keys for an instance that is made or changed",
        beside=("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"),
        condition={
            "StringLike": {
                "kms:ViaService": ["rds.${region}.amazonaws.com*", "secretsmanager.${region}.amazonaws.com*"]
            }
        },
    ),
    Right("secretsmanager", ("GetSecretValue",), (MASTER_LOGIN,), "reads the master login, to make roles with it"),
    Right("ec2", ("DescribeSecurityGroups",), ("*",), "finds security groups; EC2 knows no narrower resource for it"),
    Right(
        "ec2",
        ("CreateSecurityGroup",),
        (SECURITY_GROUP, VPC),
        "makes the security group of an instance",
    ),
    Right(
        "ec2",
        (),
        (SECURITY_GROUP,),
        "marks a security group as it is made",
        beside=("ec2:CreateTags",),
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
        "keeps the security groups of this cluster as declared, and lets them go",
        condition=_MINE,
    ),
    Right(
        "sns",
        ("CreateTopic", "TagResource"),
        (TOPIC,),
        "makes declared topics, marked as this cluster's",
        condition=_MARKED,
    ),
    Right(
        "sns",
        ("DeleteTopic", "SetTopicAttributes", "Subscribe", "TagResource", "UntagResource"),
        (TOPIC,),
        "keeps this cluster's topics as declared, subscribes queues to them, lets them go by their deletionPolicy",
        condition=_MINE,
    ),
    Right(
        "sns",
        ("GetTopicAttributes", "ListSubscriptionsByTopic", "ListTagsForResource"),
        (TOPIC,),
        "looks at declared topics and who has subscribed",
    ),
    Right(
        "sns",
        ("GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"),
        ("*",),
        "keeps the subscriptions of declared queues, and lets them go; SNS knows no narrower resource for it",
    ),
    Right(
        "sqs",
        ("CreateQueue", "TagQueue"),
        (QUEUE,),
        "makes declared queues and their dead letter queues, marked as this cluster's",
        condition=_MARKED,
    ),
    Right(
        "sqs",
        ("DeleteQueue", "SetQueueAttributes", "TagQueue", "UntagQueue"),
        (QUEUE,),
        "keeps this cluster's queues as declared, lets them go by their deletionPolicy",
        condition=_MINE,
    ),
    Right(
        "sqs",
        ("GetQueueAttributes", "GetQueueUrl", "ListQueueTags"),
        (QUEUE,),
        "looks at declared queues, never at messages",
    ),
)
