"""The environment variables of a service."""

from typing import Any

import pytest

from microservice_operator.desired.context import Table
from tests.unit.desired.builders import CONNECTION, DATABASE, TABLE, container, context

AWS = {"aws": {"region": "eu-west-1", "accountID": "123456789012"}}
TABLES = {"products": Table("shop-order-products-1", ready=True), "stock": Table("shop-order-stock-2", ready=True)}
CATALOG = "http://product-catalog.shop.svc:8000"
SECRET = "order-orders-database"


def variables(*args: Any, **known: Any) -> dict[str, Any]:
    environment_variables = container(context(*args, **known))["env"]
    named = {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in environment_variables}
    assert len(named) == len(environment_variables)
    return named


LISTENER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/a/b"
JWT = {"jwt": {"issuer": "https://login.example", "audiences": ["shop", "admin"]}}
WITH_AUTH = {"aws": {**AWS["aws"], "apiGateway": {"name": "a", "vpcLinkID": "b", "listenerARN": LISTENER, "auth": JWT}}}
ROUTES = {"openAPI": {"configMapKeyRef": {"name": "openapi"}}}
OWN = {"jwt": {"issuer": "https://own.example", "audiences": ["mine"]}}
API_AUTH = {"API_AUTH_ISSUER", "API_AUTH_AUDIENCES"}


@pytest.mark.parametrize(
    ("spec", "environment", "expected"),
    [
        (
            {},
            None,
            {
                "SERVICE_NAME": "order",
                "SERVICE_VERSION": "1.2.3",
                "OTEL_SERVICE_NAME": "order",
                "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=shop,service.version=1.2.3",
            },
        ),
        ({}, AWS, {"ENVIRONMENT": "prod", "AWS_REGION": "eu-west-1"}),
        (
            {"image": "order:a,b=c"},
            {},
            {
                "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=shop,service.version=a%2Cb%3Dc,"
                "deployment.environment.name=prod"
            },
        ),
        ({"dependencies": [{"name": "user"}]}, None, {"USER_URL": "http://user.shop.svc"}),
        (
            {"dependencies": [{"name": "product-catalog"}]},
            None,
            {"PRODUCT_CATALOG_URL": CATALOG},
        ),
        ({"tables": [TABLE]}, AWS, {"PRODUCTS_TABLE": "shop-order-products-1", "TABLE_NAME": "shop-order-products-1"}),
        ({"databases": [DATABASE]}, None, {"DATABASE_URL": {"secretKeyRef": {"name": SECRET, "key": "url"}}}),
        ({"databases": [DATABASE]}, None, {"DATABASE_NAME": {"secretKeyRef": {"name": SECRET, "key": "database"}}}),
        ({"databases": [DATABASE]}, None, {"DATABASE_USER": {"secretKeyRef": {"name": SECRET, "key": "username"}}}),
        (
            {"databases": [{**DATABASE, "connection": {"secretName": "pg", "envPrefix": "PG"}}]},
            None,
            {"PG_PASSWORD": {"secretKeyRef": {"name": "pg", "key": "password"}}},
        ),
        ({"env": [{"name": "SERVICE_NAME", "value": "mine"}]}, None, {"SERVICE_NAME": "mine"}),
        (
            {"api": ROUTES},
            WITH_AUTH,
            {"API_AUTH_ISSUER": "https://login.example", "API_AUTH_AUDIENCES": "shop,admin"},
        ),
        (
            {"api": {**ROUTES, "auth": OWN}},
            WITH_AUTH,
            {"API_AUTH_ISSUER": "https://own.example", "API_AUTH_AUDIENCES": "mine"},
        ),
        ({"api": {**ROUTES, "auth": OWN}}, None, {"API_AUTH_ISSUER": "https://own.example"}),
        (
            {"api": ROUTES, "env": [{"name": "API_AUTH_ISSUER", "value": "https://else.example"}]},
            WITH_AUTH,
            {"API_AUTH_ISSUER": "https://else.example", "API_AUTH_AUDIENCES": "shop,admin"},
        ),
    ],
)
def test_has(spec: dict[str, Any], environment: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    state = {"tables": TABLES, "connections": {"orders": CONNECTION}, "dependency_urls": {"product-catalog": CATALOG}}
    assert variables(spec, environment, **state).items() >= expected.items()


@pytest.mark.parametrize(
    ("spec", "known", "absent"),
    [
        ({}, {}, {"ENVIRONMENT", "AWS_REGION", "AWS_ENDPOINT_URL", "DATABASE_URL"}),
        ({}, {"aws_endpoint_url": "http://moto.aws.svc:5000"}, {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"}),
        ({"tables": [TABLE]}, {"tables": TABLES}, {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}),
        ({"tables": [TABLE, {**TABLE, "name": "stock"}]}, {"tables": TABLES}, {"TABLE_NAME"}),
    ],
)
def test_has_not(spec: dict[str, Any], known: dict[str, Any], absent: set[str]) -> None:
    assert not variables(spec, **known).keys() & absent


def test_a_table_of_another_service_has_a_name_that_no_own_table_can_have() -> None:
    ref = {"microservice": "user", "table": "users"}
    refs = {("user", "users"): "shop-user-users-3"}
    own = {"user-users": Table("shop-order-user-users-4", ready=True)}
    spec = {"tables": [{**TABLE, "name": "user-users"}], "tableRefs": [ref]}
    values = variables(spec, tables=own, table_refs=refs)
    expected = {"USER__USERS_TABLE": "shop-user-users-3", "USER_USERS_TABLE": "shop-order-user-users-4"}
    assert values.items() >= expected.items()
    assert "AWS_ENDPOINT_URL" in variables({"tableRefs": [ref]}, table_refs=refs, aws_endpoint_url="http://moto:5000")


def test_the_emulator_comes_with_credentials_that_mean_nothing() -> None:
    values = variables({"tables": [TABLE]}, tables=TABLES, aws_endpoint_url="http://moto.aws.svc:5000")
    expected = {
        "AWS_ENDPOINT_URL": "http://moto.aws.svc:5000",
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
    }
    assert values.items() >= expected.items()


def test_the_author_may_refer_to_generated_variables() -> None:
    names = list(variables({"env": [{"name": "GREETING", "value": "$(SERVICE_NAME)"}]}))
    assert names.index("SERVICE_NAME") < names.index("GREETING")


def test_a_prefix_that_makes_a_generated_name_twice_yields_it_once() -> None:
    spec = {"databases": [{**DATABASE, "connection": {"envPrefix": "SERVICE"}}]}
    values = variables(spec, connections={"orders": CONNECTION})
    assert values["SERVICE_NAME"] == {"secretKeyRef": {"name": SECRET, "key": "database"}}


@pytest.mark.parametrize(
    ("spec", "environment"),
    [({}, WITH_AUTH), ({"api": ROUTES}, AWS), ({"api": {**ROUTES, "auth": {"none": True}}}, WITH_AUTH)],
    ids=["no routes", "no authorization", "checked by the service"],
)
def test_only_a_service_whose_callers_need_a_token_hears_of_the_issuer(spec: Any, environment: Any) -> None:
    assert not API_AUTH & variables(spec, environment).keys()
    assert container(context(spec, environment))["env"] == container(context(spec, AWS))["env"]
