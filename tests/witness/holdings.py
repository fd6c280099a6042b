"""Lists everything in MiniStack of a Microservice, by its tags and by its name. It does not ask the operator."""

from collections.abc import Iterator
from typing import Any

from microservice_operator import names
from tests.whole.holdings import Tags, queues, roles, tables, tags_of, topics

CLIENTS = (
    "apigatewayv2",
    "application-autoscaling",
    "dynamodb",
    "ec2",
    "eks",
    "elbv2",
    "iam",
    "kms",
    "rds",
    "resourcegroupstaggingapi",
    "secretsmanager",
    "sns",
    "sqs",
)
CLUSTER = "prod"


def holdings(clients: dict[str, Any], namespace: str, name: str, environment: str) -> dict[str, Tags]:
    """Everything with the owner tags of a Microservice or of its Environment, or with its name, as `kind name`."""
    mine = ({names.TAG_NAMESPACE: namespace, names.TAG_NAME: name}, {names.TAG_ENVIRONMENT: environment})
    return {
        what: tags
        for what, tags in _everything(clients)
        if any(marks.items() <= tags.items() for marks in mine) or f"{namespace}-{name}-" in what
    }


def _everything(clients: dict[str, Any]) -> Iterator[tuple[str, Tags]]:
    yield from tables(clients["dynamodb"])
    yield from topics(clients["sns"])
    yield from queues(clients["sqs"])
    yield from roles(clients["iam"])
    yield from _associations(clients["eks"])
    for api in clients["apigatewayv2"].get_apis()["Items"]:
        yield f"API {api['Name']}", api.get("Tags", {})
    for group in clients["ec2"].describe_security_groups()["SecurityGroups"]:
        yield f"SecurityGroup {group['GroupName']}", tags_of(group.get("Tags", []))
    yield from _rds(clients["rds"])
    for secret in clients["secretsmanager"].list_secrets()["SecretList"]:
        yield f"Secret {secret['Name']}", tags_of(secret.get("Tags", []))


def _associations(client: Any) -> Iterator[tuple[str, Tags]]:
    for listed in client.list_pod_identity_associations(clusterName=CLUSTER)["associations"]:
        found = client.describe_pod_identity_association(clusterName=CLUSTER, associationId=listed["associationId"])
        association = found["association"]
        yield f"PodIdentityAssociation {association['serviceAccount']}", association.get("tags", {})


def _rds(client: Any) -> Iterator[tuple[str, Tags]]:
    for instance in client.describe_db_instances()["DBInstances"]:
        yield f"DatabaseInstance {instance['DBInstanceIdentifier']}", tags_of(instance["TagList"])
    for snapshot in client.describe_db_snapshots()["DBSnapshots"]:
        yield f"Snapshot {snapshot['DBSnapshotIdentifier']}", tags_of(snapshot.get("TagList", []))
    for group in client.describe_db_subnet_groups()["DBSubnetGroups"]:
        yield f"SubnetGroup {group['DBSubnetGroupName']}", _tags(client, group["DBSubnetGroupArn"])
    for group in client.describe_db_parameter_groups()["DBParameterGroups"]:
        yield f"ParameterGroup {group['DBParameterGroupName']}", _tags(client, group["DBParameterGroupArn"])


def _tags(client: Any, arn: str) -> Tags:
    return tags_of(client.list_tags_for_resource(ResourceName=arn)["TagList"])
