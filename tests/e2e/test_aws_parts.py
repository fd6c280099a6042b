"""The shop's topics, queues, roles and routes exist in AWS, and a service has no more rights than declared."""

import json
from typing import Any

import pytest
import yaml

from tests.tools.demo.aws_parts import aws_parts

from .place import Place
from .stage import SHOP, Stage
from .stores import aws

TAG = "microservice-operator.dev"


def test_a_message_to_the_topic_comes_by_the_queue_alone(stage: Stage, shop: Place) -> None:
    topic, queue = _id(shop, "order", "Topic"), _id(shop, "order", "Queue")
    subscribed = aws(stage, "sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(each["Protocol"], each["Endpoint"]) for each in subscribed] == [("sqs", queue)]
    sqs = aws(stage, "sqs")
    url = sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == _id(shop, "order", "DeadLetterQueue")
    statements = json.loads(attributes["Policy"])["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert [topic in json.dumps(statement["Condition"]) for statement in allowed] == [True]


@pytest.mark.parametrize("service", ["order", "product"])
def test_pods_have_a_role_of_their_own_without_a_wildcard(stage: Stage, shop: Place, service: str) -> None:
    role = _id(shop, service, "Role")
    iam, name = aws(stage, "iam"), role.rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert actions
    assert not [action for action in actions if "*" in action]
    assert actions.isdisjoint({"dynamodb:DeleteTable", "sqs:DeleteQueue", "sns:DeleteTopic"})
    assert all(
        f":{SHOP}-{service}-" in json.dumps(statement["Resource"])
        or f"/{SHOP}-{service}-" in json.dumps(statement["Resource"])
        for statement in statements
    )
    associations = aws(stage, "eks").list_pod_identity_associations(
        clusterName="local", namespace=SHOP, serviceAccount=service
    )["associations"]
    assert len(associations) == 1


def test_a_service_without_business_with_aws_has_no_role(shop: Place) -> None:
    assert [part for part in _parts(shop, "user") if part["kind"] == "Role"] == []


@pytest.mark.parametrize("service", ["order", "product", "user"])
def test_the_routes_of_the_document_are_on_the_api(stage: Stage, shop: Place, service: str) -> None:
    gateway = aws(stage, "apigatewayv2")
    (api,) = [api for api in _items(gateway, "get_apis") if api["Tags"].get(f"{TAG}/environment") == "local"]
    integrations = _items(gateway, "get_integrations", ApiId=api["ApiId"])
    assert {each["ConnectionType"] for each in integrations} == {"VPC_LINK"}
    own = {each["IntegrationId"] for each in integrations if f'"{TAG}/name": "{service}"' in each["Description"]}
    assert _id(shop, service, "API").rpartition("/")[2] in own
    routes = _items(gateway, "get_routes", ApiId=api["ApiId"])
    keys = {route["RouteKey"] for route in routes if route["Target"].removeprefix("integrations/") in own}
    config = shop.read("configmap", f"{service}-openapi")
    paths = yaml.safe_load(config["data"]["openapi.yaml"])["paths"]
    methods = {path: item.keys() - {"parameters"} for path, item in paths.items()}
    assert keys == {f"{method.upper()} {path}" for path, named in methods.items() for method in named}


def test_the_demo_tells_them(stage: Stage, shop: Place) -> None:
    output = "\n".join(aws_parts(stage.kubectl))
    for kind in ("Topic", "Queue", "DeadLetterQueue", "Subscription", "Role"):
        assert _id(shop, "order", kind) in output
    assert shop.read("microservice", "order")["status"]["endpoints"]["gateway"] in output


def _parts(shop: Place, service: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.read("microservice", service)["status"]["resources"]
    return found


def _id(shop: Place, service: str, kind: str) -> str:
    (found,) = [part["id"] for part in _parts(shop, service) if part["kind"] == kind]
    return str(found)


def _items(client: Any, action: str, **where: str) -> list[dict[str, Any]]:
    """Every page."""
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {}
    while True:
        answer = getattr(client, action)(**where, **page)
        found += answer["Items"]
        if not answer.get("NextToken"):
            return found
        page = {"NextToken": answer["NextToken"]}
