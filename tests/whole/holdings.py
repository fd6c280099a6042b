"""Lists every AWS resource with the owner tags of a Microservice. It asks AWS, not the operator."""

from collections.abc import Iterator, Mapping
from typing import Any

from microservice_operator import names
from tests.fakes.aws.whole import WholeAWS

Tags = Mapping[str, str]


def holdings(aws: WholeAWS, namespace: str, name: str) -> dict[str, Tags]:
    """Everything with the owner tags of a Microservice, as `kind name`, and its tags."""
    mine = {names.TAG_NAMESPACE: namespace, names.TAG_NAME: name}
    return {what: tags for what, tags in _everything(aws) if mine.items() <= tags.items()}


def shared(aws: WholeAWS, environment: str) -> dict[str, Tags]:
    """Everything with the owner tags of an Environment."""
    mine = {names.TAG_ENVIRONMENT: environment}
    return {what: tags for what, tags in _everything(aws) if mine.items() <= tags.items()}


def _everything(aws: WholeAWS) -> Iterator[tuple[str, Tags]]:
    yield from tables(aws.clients["dynamodb"])
    yield from topics(aws.clients["sns"])
    yield from queues(aws.clients["sqs"])
    yield from roles(aws.clients["iam"])
    for association in aws.eks.associations.values():
        yield f"PodIdentityAssociation {association['serviceAccount']}", association["tags"]
    for api in aws.clients["apigatewayv2"].get_apis()["Items"]:
        yield f"API {api['Name']}", api.get("Tags", {})
    for group in aws.clients["ec2"].describe_security_groups()["SecurityGroups"]:
        yield f"SecurityGroup {group['GroupName']}", tags_of(group.get("Tags", []))
    yield from _rds(aws)


def tables(client: Any) -> Iterator[tuple[str, Tags]]:
    """All of DynamoDB."""
    for page in client.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            arn = client.describe_table(TableName=name)["Table"]["TableArn"]
            yield f"Table {name}", tags_of(client.list_tags_of_resource(ResourceArn=arn)["Tags"])


def topics(client: Any) -> Iterator[tuple[str, Tags]]:
    """All of SNS, with the subscriptions of each topic."""
    for page in client.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            tags = tags_of(client.list_tags_for_resource(ResourceArn=topic["TopicArn"])["Tags"])
            yield f"Topic {topic['TopicArn'].rpartition(':')[2]}", tags
            # subscriptions carry no tags: they are whose their topic is
            for listed in client.list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]:
                yield f"Subscription {listed['SubscriptionArn'].rpartition(':')[2]}", tags


def queues(client: Any) -> Iterator[tuple[str, Tags]]:
    """All of SQS."""
    for page in client.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            yield f"Queue {url.rpartition('/')[2]}", client.list_queue_tags(QueueUrl=url).get("Tags", {})


def roles(client: Any) -> Iterator[tuple[str, Tags]]:
    """All roles of IAM."""
    for page in client.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            yield f"Role {role['RoleName']}", tags_of(client.list_role_tags(RoleName=role["RoleName"])["Tags"])


def _rds(aws: WholeAWS) -> Iterator[tuple[str, Tags]]:
    for name, instance in aws.rds.instances.items():
        yield f"DatabaseInstance {name}", tags_of(instance["TagList"])
    for name, snapshot in aws.rds.snapshots.items():
        yield f"Snapshot {name}", tags_of(snapshot["TagList"])
    for name, group in aws.rds.groups.subnet_groups.items():
        yield f"SubnetGroup {name}", tags_of(group["_tags"])
    for name, group in aws.rds.groups.parameter_groups.items():
        yield f"ParameterGroup {name}", tags_of(group["_tags"])


def tags_of(listed: list[dict[str, str]]) -> dict[str, str]:
    """A list of keys and values, as most services show tags."""
    return {tag["Key"]: tag["Value"] for tag in listed}
