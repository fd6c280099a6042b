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
    yield from _tables(aws.clients["dynamodb"])
    yield from _topics(aws.clients["sns"])
    yield from _queues(aws.clients["sqs"])
    yield from _roles(aws.clients["iam"])
    for association in aws.eks.associations.values():
        yield f"PodIdentityAssociation {association['serviceAccount']}", association["tags"]
    for api in aws.clients["apigatewayv2"].get_apis()["Items"]:
        yield f"API {api['Name']}", api.get("Tags", {})
    for group in aws.clients["ec2"].describe_security_groups()["SecurityGroups"]:
        yield f"SecurityGroup {group['GroupName']}", _tags(group.get("Tags", []))
    yield from _rds(aws)


def _tables(client: Any) -> Iterator[tuple[str, Tags]]:
    for page in client.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            arn = client.describe_table(TableName=name)["Table"]["TableArn"]
            yield f"Table {name}", _tags(client.list_tags_of_resource(ResourceArn=arn)["Tags"])


def _topics(client: Any) -> Iterator[tuple[str, Tags]]:
    for page in client.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            tags = _tags(client.list_tags_for_resource(ResourceArn=topic["TopicArn"])["Tags"])
            yield f"Topic {topic['TopicArn'].rpartition(':')[2]}", tags
            # subscriptions carry no tags: they are whose their topic is
            for listed in client.list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]:
                yield f"Subscription {listed['SubscriptionArn'].rpartition(':')[2]}", tags


def _queues(client: Any) -> Iterator[tuple[str, Tags]]:
    for page in client.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            yield f"Queue {url.rpartition('/')[2]}", client.list_queue_tags(QueueUrl=url).get("Tags", {})


def _roles(client: Any) -> Iterator[tuple[str, Tags]]:
    for page in client.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            yield f"Role {role['RoleName']}", _tags(client.list_role_tags(RoleName=role["RoleName"])["Tags"])


def _rds(aws: WholeAWS) -> Iterator[tuple[str, Tags]]:
    for name, instance in aws.rds.instances.items():
        yield f"DatabaseInstance {name}", _tags(instance["TagList"])
    for name, snapshot in aws.rds.snapshots.items():
        yield f"Snapshot {name}", _tags(snapshot["TagList"])
    for name, group in aws.rds.groups.subnet_groups.items():
        yield f"SubnetGroup {name}", _tags(group["_tags"])
    for name, group in aws.rds.groups.parameter_groups.items():
        yield f"ParameterGroup {name}", _tags(group["_tags"])


def _tags(listed: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}
