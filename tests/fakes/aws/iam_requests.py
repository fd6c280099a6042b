"""What IAM is asked about one call: actions, resources and condition keys of the Service Authorization Reference.

A call can need several actions: "Dependent actions" of the same pages, which AWS checks because it acts for the caller.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel

from microservice_operator.aws.engine.iam_actions import iam_action

Params = Mapping[str, Any]
Tags = Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """One question to IAM; `context` holds pairs of key and value."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()


@dataclass
class Known:
    """What the resources carry that exist: tags by ARN, paths and boundaries of roles by name."""

    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """Where a call goes to, and what is known there."""

    account: str
    region: str
    known: Known

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of the caller's account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def role(self, name: str) -> str:
        """ARN of a role; one that does not exist has no path."""
        return f"arn:aws:iam::{self.account}:role{self.known.paths.get(name, '/')}{name}"

    def on(self, action: str, resource: str, asked: Tags | None = None, **more: str) -> Request:
        """A question with the tags of the resource, and those of the request."""
        carried = self.known.tags.get(resource, {})
        context = {f"aws:ResourceTag/{key}": value for key, value in carried.items()}
        context |= {f"aws:RequestTag/{key}": value for key, value in (asked or {}).items()}
        context |= {key.replace("__", ":").replace("_", "-"): value for key, value in more.items()}
        return Request(action, resource, tuple(sorted(context.items())))


def requests(caller: Caller, model: OperationModel, params: Params) -> list[Request]:
    """All questions about one call, at least one."""
    service = str(model.service_model.signing_name)
    found = list(SERVICES[service](caller, model, params))
    assert found, f"no question to IAM about {service} {model.name} {sorted(params)}"
    return found


def tags_of(params: Params) -> dict[str, str]:
    """The tags that a call sets, in whatever form its service has them."""
    given = params.get("Tags") or params.get("tags") or {}
    if isinstance(given, Mapping):
        return dict(given)
    return {tag["Key"]: tag.get("Value", "") for tag in given}


# "IAM with DynamoDB transactions" in the DynamoDB Developer Guide: a transaction has no action of its own.
_IN_TRANSACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def _dynamodb(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    for item in params.get("TransactItems", ()):
        for kind, on in item.items():
            yield caller.on(f"dynamodb:{_IN_TRANSACTIONS[kind]}", caller.arn("dynamodb", f"table/{on['TableName']}"))
    for name in params.get("RequestItems", ()):
        yield caller.on(f"dynamodb:{model.name}", caller.arn("dynamodb", f"table/{name}"))
    if "TransactItems" in params or "RequestItems" in params:
        return
    if "BackupArn" in params or "TargetTableName" in params:
        yield from _table_restores(caller, model, params)
        return
    if "IndexName" in params:
        index = f"table/{params['TableName']}/index/{params['IndexName']}"
        yield caller.on(f"dynamodb:{model.name}", caller.arn("dynamodb", index))
        return
    table = params.get("ResourceArn") or caller.arn("dynamodb", f"table/{params['TableName']}")
    yield caller.on(f"dynamodb:{model.name}", table, tags_of(params))
    if model.name == "CreateTable" and tags_of(params):
        yield caller.on("dynamodb:TagResource", table, tags_of(params))
    key = params.get("SSESpecification", {}).get("KMSMasterKeyId")
    for needed in (*TABLE_KEY_ACTIONS, "kms:CreateGrant") if key else ():
        yield Request(needed, key, (("kms:ViaService", f"dynamodb.{caller.region}.amazonaws.com"),))


# "Dependent actions" of both restores; "Using IAM with DynamoDB backup and restore": "on the target table"
RESTORES_WITH = tuple(
    f"dynamodb:{name}" for name in ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
)


def _table_restores(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    source = params.get("BackupArn") or caller.arn("dynamodb", f"table/{params['SourceTableName']}")
    yield caller.on(f"dynamodb:{model.name}", source)
    if "TargetTableName" not in params:
        return
    target = caller.arn("dynamodb", f"table/{params['TargetTableName']}")
    for action in (f"dynamodb:{model.name}", *RESTORES_WITH):
        yield Request(action, target)  # it does not exist yet, so it has no tags
    key = params.get("SSESpecificationOverride", {}).get("KMSMasterKeyId")
    for needed in (*TABLE_KEY_ACTIONS, "kms:CreateGrant") if key else ():
        yield Request(needed, key, (("kms:ViaService", f"dynamodb.{caller.region}.amazonaws.com"),))


# "How Amazon DynamoDB uses AWS KMS", "At a minimum, DynamoDB requires the following permissions"; and kms:CreateGrant
TABLE_KEY_ACTIONS = tuple(
    f"kms:{name}"
    for name in (
        *("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
        *("ReEncryptFrom", "ReEncryptTo"),
    )
)


def _kms(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    key = params["KeyId"]
    yield caller.on(f"kms:{model.name}", key if key.startswith("arn:") else caller.arn("kms", f"key/{key}"))


def _scaling(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    action, namespace = f"application-autoscaling:{model.name}", params["ServiceNamespace"]
    if model.name.startswith("Describe"):
        yield caller.on(action, "*")
        return
    target = caller.arn("application-autoscaling", "scalable-target/0123456789abcdef0123456789abcdef")
    yield caller.on(action, target, application_autoscaling__service_namespace=namespace)
    alarm = caller.arn("cloudwatch", f"alarm:TargetTracking-{params['ResourceId']}-AlarmHigh-0b5c8f3a")
    for needed in {
        "PutScalingPolicy": ("DescribeAlarms", "PutMetricAlarm"),
        "DeregisterScalableTarget": ("DeleteAlarms",),
    }.get(model.name, ()):
        yield caller.on(f"cloudwatch:{needed}", alarm)
    if model.name == "RegisterScalableTarget":
        yield _service_linked(caller, "dynamodb.application-autoscaling", "ApplicationAutoScaling_DynamoDBTable")


def _service_linked(caller: Caller, service: str, role: str) -> Request:
    """AWS creates the role at the first use of a service: "Using service-linked roles" in its guide."""
    name = f"{service}.amazonaws.com"
    arn = f"arn:aws:iam::{caller.account}:role/aws-service-role/{name}/AWSServiceRoleFor{role}"
    return Request("iam:CreateServiceLinkedRole", arn, (("iam:AWSServiceName", name),))


_BOUNDED = {"CreateRole", "DeleteRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy"}  # have the condition key


def _iam(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    name = params["RoleName"]
    role, boundary = caller.role(name), caller.known.boundaries.get(name, "")
    if model.name == "CreateRole":
        role = f"arn:aws:iam::{caller.account}:role{params.get('Path', '/')}{name}"
    if "PermissionsBoundary" in params:
        boundary = params["PermissionsBoundary"]
    bound = {"iam__PermissionsBoundary": boundary} if boundary and model.name in _BOUNDED else {}
    yield caller.on(f"iam:{model.name}", role, tags_of(params), **bound)
    if model.name == "CreateRole" and tags_of(params):
        yield caller.on("iam:TagRole", role, tags_of(params))


def _eks(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    if "resourceArn" in params:
        yield caller.on(f"eks:{model.name}", params["resourceArn"], tags_of(params))
        return
    cluster = params["clusterName"]
    association = caller.arn("eks", f"podidentityassociation/{cluster}/{params.get('associationId', 'a-0123456789')}")
    of_cluster = model.name in ("CreatePodIdentityAssociation", "ListPodIdentityAssociations")
    on = caller.arn("eks", f"cluster/{cluster}") if of_cluster else association
    yield caller.on(f"eks:{model.name}", on, tags_of(params))
    if model.name == "CreatePodIdentityAssociation" and tags_of(params):
        yield caller.on("eks:TagResource", association, tags_of(params))
    if "roleArn" in params:
        yield caller.on("iam:PassRole", params["roleArn"], iam__PassedToService="pods.eks.amazonaws.com")
        yield caller.on("iam:GetRole", params["roleArn"])


# "Configure logging for HTTP APIs", "Permissions to activate logging"; without the creation of a log group
ACCESS_LOG_ACTIONS = tuple(
    f"logs:{name}"
    for name in (
        *("CreateLogDelivery", "DeleteLogDelivery", "DescribeResourcePolicies", "GetLogDelivery"),
        *("ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"),
    )
)


def _apigateway(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    """Actions are methods and resources are paths: "Control access to an API" in the API Gateway Developer Guide."""
    path = model.http["requestUri"].removeprefix("/v2")
    for name, value in params.items():
        path = path.replace(f"{{{name[0].lower()}{name[1:]}}}", str(value))
    path = path.replace("{resource-arn}", str(params.get("ResourceArn")))
    yield caller.on(iam_action(f"apigateway:{model.name}"), f"arn:aws:apigateway:{caller.region}::{path}")
    for needed in ACCESS_LOG_ACTIONS if "AccessLogSettings" in params else ():
        yield caller.on(needed, "*")


def _rds(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    action = f"rds:{model.name}"
    if model.name == "DescribeDBEngineVersions":
        yield caller.on(action, "*")
        return
    named = {
        "db": params.get("TargetDBInstanceIdentifier") or params.get("DBInstanceIdentifier"),
        "pg": params.get("DBParameterGroupName"),
        "subgrp": params.get("DBSubnetGroupName"),
        "snapshot": params.get("DBSnapshotIdentifier"),
    }
    arns = [caller.arn("rds", f"{kind}:{name}") for kind, name in named.items() if name]
    if "ResourceName" in params:
        arns = [params["ResourceName"]]
    if not arns:  # a list of everything
        kind = next(kind for word, kind in _RDS_KINDS.items() if word in model.name)
        arns = [caller.arn("rds", f"{kind}:*")]
    if model.name == "DescribeDBSnapshots":
        arns = arns[:1]
    if "SourceDbiResourceId" in params:
        arns.append(caller.arn("rds", f"auto-backup:{params['SourceDbiResourceId']}"))
    for arn in arns:
        yield caller.on(action, arn, tags_of(params))
    if "SourceDBInstanceIdentifier" in params:
        source = caller.arn("rds", f"db:{params['SourceDBInstanceIdentifier']}")
        yield caller.on(action, source, tags_of(params))
    if model.name.startswith(("Create", "Restore")) and tags_of(params):
        yield caller.on("rds:AddTagsToResource", arns[-1 if "Snapshot" in model.name else 0], tags_of(params))
    yield from _with_instance(caller, model, params, arns)


_RDS_KINDS = {"SubnetGroup": "subgrp", "Parameter": "pg", "Snapshot": "snapshot", "Instance": "db"}


def _with_instance(caller: Caller, model: OperationModel, params: Params, arns: list[str]) -> Iterator[Request]:
    if params.get("FinalDBSnapshotIdentifier"):
        yield caller.on("rds:CreateDBSnapshot", arns[0])
        yield caller.on("rds:CreateDBSnapshot", caller.arn("rds", f"snapshot:{params['FinalDBSnapshotIdentifier']}"))
    if model.name == "CreateDBInstance":
        yield _service_linked(caller, "rds", "RDS")
    if params.get("ManageMasterUserPassword"):
        secret = caller.arn("secretsmanager", "secret:rds!db-0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11-AbCdEf")
        for needed in ("CreateSecret", "TagResource"):
            yield caller.on(f"secretsmanager:{needed}", secret)
        key = params.get("MasterUserSecretKmsKeyId") or caller.arn("kms", "key/0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11")
        yield caller.on("kms:DescribeKey", key)
        for needed in ("CreateGrant", "Decrypt", "GenerateDataKey"):
            for service in ("rds", "secretsmanager"):
                through = f"{service}.{caller.region}.amazonaws.com"
                yield Request(f"kms:{needed}", key, (("kms:ViaService", through),))


def _secrets(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    yield caller.on(f"secretsmanager:{model.name}", params["SecretId"])


def _ec2(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    action = f"ec2:{model.name}"
    if model.name.startswith("Describe"):
        yield caller.on(action, "*")
        return
    if model.name == "CreateSecurityGroup":
        asked = {tag["Key"]: tag["Value"] for spec in params.get("TagSpecifications", ()) for tag in spec["Tags"]}
        group = caller.arn("ec2", "security-group/sg-0123456789abcdef0")
        yield caller.on(action, group, asked)
        yield caller.on(action, caller.arn("ec2", f"vpc/{params['VpcId']}"))
        if asked:
            yield caller.on("ec2:CreateTags", group, asked, ec2__CreateAction=model.name)
        return
    for group in params.get("Resources") or [params["GroupId"]]:
        yield caller.on(action, caller.arn("ec2", f"security-group/{group}"), tags_of(params))


def _sns(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    action = f"sns:{model.name.removesuffix('Batch')}"  # as in SQS: IAM knows no PublishBatch
    topic = params.get("TopicArn") or params.get("ResourceArn")
    if "Name" in params:
        topic = caller.arn("sns", params["Name"])
    # "Resource types" of SNS: a subscription has none of its own, and its topic is not in the request
    yield caller.on(action, topic or "*", tags_of(params))
    if model.name == "CreateTopic" and tags_of(params):
        yield caller.on("sns:TagResource", str(topic), tags_of(params))


def _sqs(caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    name = params.get("QueueName") or params["QueueUrl"].rpartition("/")[2]
    queue = caller.arn("sqs", name)
    # "Overview of managing access in Amazon SQS": a batch needs the right of its single action
    yield caller.on(f"sqs:{model.name.removesuffix('Batch')}", queue, tags_of(params))
    if model.name == "CreateQueue" and tags_of(params):
        yield caller.on("sqs:TagQueue", queue, tags_of(params))


def _sts(_caller: Caller, model: OperationModel, params: Params) -> Iterator[Request]:
    """No permissions are required for GetCallerIdentity: AWS STS API Reference.

    aws/eks-pod-identity-agent#80: the operator's session has transitive tags, so AssumeRole needs TagSession, too.
    """
    external = (("sts:ExternalId", params["ExternalId"]),) if "ExternalId" in params else ()
    yield Request(f"sts:{model.name}", params.get("RoleArn", "*"), external)
    if model.name == "AssumeRole":
        yield Request("sts:TagSession", params["RoleArn"])


SERVICES: Mapping[str, Callable[[Caller, OperationModel, Params], Iterator[Request]]] = {
    "apigateway": _apigateway,
    "application-autoscaling": _scaling,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "eks": _eks,
    "iam": _iam,
    "kms": _kms,
    "rds": _rds,
    "secretsmanager": _secrets,
    "sns": _sns,
    "sqs": _sqs,
    "sts": _sts,
}
