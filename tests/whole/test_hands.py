"""Changes outside the operator to each resource of one Microservice: deletions, replacements, foreign tags."""

from typing import Any

from microservice_operator import names
from microservice_operator.facts import Part, Reason, State

from .holdings import holdings, shared
from .spec import KINDS
from .world import World, by_key

LOST = {
    "Table": Reason.TABLE_LOST,
    "DatabaseInstance": Reason.DATABASE_LOST,
}  # what held data is never made again in silence
# AWS refuses to delete these while an instance is on them
HELD_BY_THE_INSTANCE = {"ParameterGroup", "SecurityGroup", "SubnetGroup"}


def by_kind(world: World) -> dict[str, str]:
    """One name in AWS for each kind of thing that the Microservice holds."""
    found = {**holdings(world.aws, "shop", world.name), **shared(world.aws, world.environment.name)}
    return {what.split()[0]: what.split()[1] for what in found}


def delete(world: World, kind: str, name: str) -> None:
    clients = world.aws.clients
    match kind:
        case "Table":
            clients["dynamodb"].update_table(TableName=name, DeletionProtectionEnabled=False)
            clients["dynamodb"].delete_table(TableName=name)
        case "Topic":
            clients["sns"].delete_topic(TopicArn=f"arn:aws:sns:us-east-1:123456789012:{name}")
        case "Subscription":
            (listed,) = [
                s for s in clients["sns"].list_subscriptions()["Subscriptions"] if s["SubscriptionArn"].endswith(name)
            ]
            clients["sns"].unsubscribe(SubscriptionArn=listed["SubscriptionArn"])
        case "Queue":
            clients["sqs"].delete_queue(QueueUrl=clients["sqs"].get_queue_url(QueueName=name)["QueueUrl"])
        case "Role":
            for policy in clients["iam"].list_role_policies(RoleName=name)["PolicyNames"]:
                clients["iam"].delete_role_policy(RoleName=name, PolicyName=policy)
            clients["iam"].delete_role(RoleName=name)
        case "PodIdentityAssociation":
            world.aws.eks.associations.clear()
        case "API":
            (api,) = [api for api in clients["apigatewayv2"].get_apis()["Items"] if api["Name"] == name]
            clients["apigatewayv2"].delete_api(ApiId=api["ApiId"])
        case "DatabaseInstance":
            del world.aws.rds.instances[name]
        case _:
            raise AssertionError(f"no case says what happens to a {kind} that a person deletes")


async def test_whatever_somebody_deletes_is_made_again_unless_it_held_data(world: World) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    for kind in by_kind(world):
        if kind in HELD_BY_THE_INSTANCE:
            continue
        delete(world, kind, by_kind(world)[kind])
        world.pass_time(600)
        parts = await world.drive(spec, until=lambda part: part.reason in LOST.values())
        if kind not in LOST:
            assert {part.state for part in parts.values()} == {State.READY}, (kind, parts)
            await world.quiet(spec)
            continue
        (lost,) = [part for part in parts.values() if part.kind == kind]
        assert (lost.state, lost.reason) == (State.STALLED, LOST[kind]), lost
        assert names.ANNOTATION_RECREATE in lost.message
        before = world.writes()
        for _ in range(3):
            world.advance((await world.step(spec)).parts)
        assert world.writes() == before
        world.recreate = lost.name
        await world.ready(spec)
        world.recreate = ""
        await world.quiet(spec)
    assert set(by_kind(world)) == KINDS
    await world.leave()
    assert world.kinds() == set()


def namesakes(world: World, wanted: dict[str, str], tags: dict[str, str]) -> None:
    """Somebody has created resources of the same names, with these tags."""
    clients, listed = world.aws.clients, [{"Key": key, "Value": value} for key, value in tags.items()]
    clients["dynamodb"].create_table(
        TableName=wanted["Table"],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=listed,
    )
    clients["sns"].create_topic(Name=wanted["Topic"], Tags=listed)
    clients["sqs"].create_queue(QueueName=wanted["Queue"], tags=tags)
    trust = '{"Version": "2012-10-17", "Statement": []}'
    clients["iam"].create_role(RoleName=wanted["Role"], AssumeRolePolicyDocument=trust, Tags=listed)
    vpc = world.aws.rds.groups.vpc
    marks = [{"ResourceType": "security-group", "Tags": listed}] if listed else []
    clients["ec2"].create_security_group(
        GroupName=wanted["SecurityGroup"], Description="theirs", VpcId=vpc, TagSpecifications=marks
    )
    groups = world.aws.rds.groups
    groups.answer(
        "CreateDBSubnetGroup",
        {"DBSubnetGroupName": wanted["SubnetGroup"], "SubnetIds": ["subnet-8", "subnet-9"], "Tags": listed},
        {},
    )
    groups.answer(
        "CreateDBParameterGroup",
        {"DBParameterGroupName": wanted["ParameterGroup"], "DBParameterGroupFamily": "postgres16", "Tags": listed},
        {},
    )


NAMESAKES = {"Table", "Topic", "Queue", "Role", "SecurityGroup", "SubnetGroup", "ParameterGroup"}


def theirs(world: World, wanted: dict[str, str]) -> dict[str, Any]:
    """Everything about the namesakes that can be asked."""
    clients = world.aws.clients
    table = clients["dynamodb"].describe_table(TableName=wanted["Table"])["Table"]
    arn = f"arn:aws:sns:us-east-1:123456789012:{wanted['Topic']}"
    url = clients["sqs"].get_queue_url(QueueName=wanted["Queue"])["QueueUrl"]
    role = clients["iam"].get_role(RoleName=wanted["Role"])["Role"]
    named = [{"Name": "group-name", "Values": [wanted["SecurityGroup"]]}]
    return {
        "table": table,
        "table tags": clients["dynamodb"].list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"],
        "topic": clients["sns"].get_topic_attributes(TopicArn=arn)["Attributes"],
        "topic tags": clients["sns"].list_tags_for_resource(ResourceArn=arn)["Tags"],
        "queue": clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"],
        "queue tags": clients["sqs"].list_queue_tags(QueueUrl=url).get("Tags"),
        "role": {key: role[key] for key in ("Arn", "AssumeRolePolicyDocument", "Tags") if key in role},
        "policies": clients["iam"].list_role_policies(RoleName=wanted["Role"])["PolicyNames"],
        "security group": clients["ec2"].describe_security_groups(Filters=named)["SecurityGroups"],
        "subnet group": repr(world.aws.rds.groups.subnet_groups[wanted["SubnetGroup"]]),
        "parameter group": repr(world.aws.rds.groups.parameter_groups[wanted["ParameterGroup"]]),
    }


async def _are_left_alone(world: World, tags: dict[str, str]) -> None:
    spec = world.every_part("Delete")
    await world.ready(spec)
    wanted = by_kind(world)
    await world.leave()
    world.again()
    world.aws.sqs._recent.clear()
    namesakes(world, wanted, tags)
    before = theirs(world, wanted)
    seen: dict[tuple[str, str], Part] = {}
    for _ in range(12):
        provided = await world.step(spec)
        seen = by_key(provided.parts)
        world.advance(provided.parts)
    stalled = {part.kind: part.reason for part in seen.values() if part.state is State.STALLED}
    queue = next(part.kind for part in seen.values() if part.kind.endswith("Queue") and part.kind in stalled)
    assert stalled == dict.fromkeys((NAMESAKES - {"Queue"}) | {queue}, Reason.CONFLICT)
    assert theirs(world, wanted) == before
    await world.leave()
    assert theirs(world, wanted) == before


async def test_namesakes_without_a_mark_are_left_alone_for_ever(world: World) -> None:
    await _are_left_alone(world, {"owner": "accounting"})


async def test_namesakes_of_another_cluster_are_left_alone_for_ever(world: World) -> None:
    marks = {
        names.TAG_CLUSTER: "another cluster",
        names.TAG_NAMESPACE: "shop",
        names.TAG_NAME: world.name,
        names.TAG_UID: "another",
        names.TAG_RETAINED: "true",
    }
    await _are_left_alone(world, marks)


async def test_marks_that_somebody_strips_make_a_thing_a_strangers(world: World) -> None:
    """A name proves nothing: nothing is changed or deleted until the tags are restored."""
    spec = {"tables": world.every_part("Delete")["tables"], "queues": world.every_part("Delete")["queues"]}
    await world.ready(spec)
    dynamodb = world.aws.clients["dynamodb"]
    arn = world.known["Table", "carts"]
    stripped = [tag for tag in dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] if tag["Key"] == names.TAG_UID]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=[names.TAG_UID])
    parts = await world.drive(spec)
    assert (parts["Table", "carts"].state, parts["Table", "carts"].reason) == (State.STALLED, Reason.CONFLICT)
    assert parts["Queue", "events"].state is State.READY
    dynamodb.tag_resource(ResourceArn=arn, Tags=stripped)
    await world.ready(spec)
    await world.quiet(spec)
