"""An Environment that does not match existing resources is refused before any write."""

from typing import Any

import pytest

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.parsing import Environment
from microservice_operator.aws.rds.fields import INSTANCE as INSTANCES
from microservice_operator.external import table_grants, topic_refs
from microservice_operator.external.relocation import moved
from microservice_operator.external.remembered_ids import remembered_ids

REGION, ACCOUNT = "us-east-1", "123456789012"
AWS = {"region": REGION, "accountID": ACCOUNT}
SERVER = {"host": "pg", "adminSecretRef": {"namespace": "a", "name": "b"}}
SHARED = {"provider": "shared", "shared": SERVER}
NETWORK = {"vpcID": "vpc-1", "subnetIDs": ["subnet-1", "subnet-2"], "podSecurityGroupID": "sg-1"}
RDS = {"provider": "rds", "rds": {"sizes": {"small": "db.t4g.small"}, "caSecretRef": {"namespace": "a", "name": "b"}}}

TABLE = {("Table", "t"): f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t"}
ROLE = {("Role", "service"): f"arn:aws:iam::{ACCOUNT}:role/r"}
SUBSCRIPTION = {("Subscription", "q/other/t"): f"arn:aws:sns:{REGION}:{ACCOUNT}:t:1"}
OTHER_ACCOUNT = "210987654321"
ROUTES_OF_A_ROLE = {("API", "routes"): f"arn:aws:apigateway:{REGION}:{OTHER_ACCOUNT}:/apis/a/integrations/b"}
ROUTES = {("API", "routes"): f"arn:aws:apigateway:{REGION}::/apis/a/integrations/b"}
GROUP = {("SecurityGroup", "orders"): "sg-0123"}
DATABASE = {("Database", "orders"): "postgresql://pg:5432/orders"}
INSTANCE = {(INSTANCES.name, "orders"): f"arn:aws:rds:{REGION}:{ACCOUNT}:db:ms-orders"}


def environment(aws: dict[str, Any] | None = None, databases: dict[str, Any] | None = None) -> Environment:
    spec = {**({"aws": aws} if aws else {}), **({"databases": databases} if databases else {})}
    return Environment("prod", EnvironmentSpec.model_validate(spec))


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({}, None),
        ({}, environment()),
        (TABLE, environment(AWS)),
        (ROLE, environment({**AWS, "region": "eu-west-1"})),
        (SUBSCRIPTION, environment({**AWS, "region": "eu-west-1"})),
        ({("Queue", "q"): ""}, environment({**AWS, "region": "eu-west-1"})),
        (GROUP, environment(AWS)),
        (TABLE, environment({**AWS, "roleARN": f"arn:aws:iam::{ACCOUNT}:role/operator"})),
        (DATABASE, environment(AWS, SHARED)),
        # where the server answers may change: whether the database is there is looked at
        (DATABASE, environment(None, {**SHARED, "shared": {**SERVER, "host": "other"}})),
        (DATABASE | INSTANCE, environment(AWS | NETWORK, RDS)),
        # an instance that is being made anew has no ARN, and is one all the same
        (DATABASE | {(INSTANCES.name, "orders"): ""}, environment(AWS | NETWORK, RDS)),
        ({("Database", "orders"): ""}, environment(AWS | NETWORK, RDS)),
        # an Environment that is gone is missed elsewhere
        (TABLE, None),
    ],
)
def test_what_is_where_the_environment_says(known: dict[tuple[str, str], str], found: Environment | None) -> None:
    assert moved(known, found) == ""


@pytest.mark.parametrize(
    ("known", "found", "said"),
    [
        (TABLE, environment({**AWS, "region": "eu-west-1"}), "table t is at arn:aws:dynamodb:us-east-1"),
        (TABLE, environment({**AWS, "region": "eu-west-1"}), "names region eu-west-1 in spec.aws.region"),
        (TABLE, environment({**AWS, "accountID": "210987654321"}), "names account 210987654321 in spec.aws.accountID"),
        (ROLE, environment({**AWS, "accountID": "210987654321"}), "names account 210987654321"),
        (ROUTES, environment({**AWS, "region": "eu-west-1"}), "names region eu-west-1"),
        (ROUTES_OF_A_ROLE, environment(AWS), f"names account {ACCOUNT} in spec.aws.accountID"),
        (TABLE, environment(None, SHARED), "has no spec.aws"),
        (DATABASE, environment(AWS), "has no spec.databases"),
        (DATABASE, environment(AWS | NETWORK, RDS), "has provider rds in spec.databases"),
        (DATABASE | INSTANCE, environment(AWS, SHARED), "has provider shared in spec.databases"),
    ],
)
def test_what_an_environment_would_leave_behind(
    known: dict[tuple[str, str], str], found: Environment, said: str
) -> None:
    assert said in moved(known, found)
    assert "nothing is written; restore that field" in moved(known, found)


@pytest.mark.parametrize("id_", ["arn:", "arn:aws", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}"])
def test_an_id_that_begins_as_an_arn_and_is_none_says_nothing(id_: str) -> None:
    """Others may edit a status: the operator writes whole ARNs."""
    entry = {"layer": "AWS", "kind": "Table", "name": "t", "id": id_}
    known = remembered_ids({"resources": [entry, {**entry, "kind": "Queue", "id": TABLE["Table", "t"]}]})
    assert known == {("Table", "t"): "", ("Queue", "t"): TABLE["Table", "t"]}
    assert moved(known, environment(AWS)) == ""
    body = {"status": {"resources": [entry, {**entry, "kind": "Topic"}]}}
    assert topic_refs.remembered(body["status"], "t") == ""
    assert table_grants.remembered(body) == {"t": ""}
