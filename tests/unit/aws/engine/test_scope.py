"""Two Environments in two accounts, or with two roles, share no list, no rate and no answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.api.environment import AWS
from microservice_operator.api.parsing import Identity
from microservice_operator.aws.apigateway.shared_api_adapter import HTTPAPI
from microservice_operator.aws.dynamodb.fields import TABLE
from microservice_operator.aws.engine import reconcile
from microservice_operator.aws.engine.call import AssumedRole, Lane
from microservice_operator.aws.engine.clients import Clients
from microservice_operator.aws.engine.decide import Desired
from microservice_operator.aws.engine.list_cache import ListCache
from microservice_operator.aws.engine.scope import AwsScope
from microservice_operator.errors import NeedsPerson
from microservice_operator.external.clients import assumed_role
from microservice_operator.ownership import Owner
from microservice_operator.resync_cache import ResyncCache

ARN = "arn:aws:iam::210987654321:role/operator"
OWN = AwsScope(
    Clients(), "us-east-1", "123456789012", Owner("cluster", Identity("shop", "order", "uid")), ResyncCache(0)
)
OTHERS = {
    "another account": replace(OWN, account_id="210987654321"),
    "another region": replace(OWN, region="eu-west-1"),
    "a role": replace(OWN, role=AssumedRole(ARN)),
    "a role with an external ID": replace(OWN, role=AssumedRole(ARN, "prod")),
}


def test_without_a_role_the_keys_are_as_they_were() -> None:
    assert OWN.list_key("rds", Lane.MAIN, "pg") == ("rds", "123456789012", "us-east-1", "main", "pg")


@pytest.mark.parametrize("other", OTHERS)
def test_every_list_and_every_answer_has_its_own_key(other: str) -> None:
    theirs = OTHERS[other]
    assert theirs.list_key("rds", Lane.MAIN) != OWN.list_key("rds", Lane.MAIN)
    assert theirs.place != OWN.place


@pytest.mark.parametrize("other", ["another account", "another region"])
def test_what_was_written_is_known_by_account_and_region(other: str) -> None:
    desired = Desired("items", OWN.owner, {})
    keys = [reconcile._key(scope, TABLE, desired) for scope in (OWN, OTHERS[other])]
    assert keys[0] != keys[1]
    assert HTTPAPI(OWN, "shop").key != HTTPAPI(OTHERS[other], "shop").key


async def test_a_list_that_one_role_may_not_read_is_not_refused_to_others() -> None:
    lists, theirs = ListCache(), OTHERS["a role"]

    async def refused() -> Mapping[str, Any]:
        raise NeedsPerson("AccessDenied", "denied")

    async def listed() -> Mapping[str, Any]:
        return {"a": {}}

    with pytest.raises(NeedsPerson):
        await lists.find(theirs.list_key("rds", Lane.MAIN), "a", refused, "rds:DescribeDBInstances")
    assert await lists.find(OWN.list_key("rds", Lane.MAIN), "a", listed, "rds:DescribeDBInstances") == {}


async def test_a_write_with_one_role_makes_lists_of_all_roles_of_the_account_stale() -> None:
    lists, read = ListCache(), []

    async def listed() -> Mapping[str, Any]:
        read.append(1)
        return {"a": {}}

    for _ in range(2):
        await lists.find(OWN.list_key("rds", Lane.MAIN), "a", listed, "rds:DescribeDBInstances")
    assert len(read) == 1
    lists.wrote(OTHERS["a role"].list_key("rds", Lane.DELETE), "a")
    await lists.find(OWN.list_key("rds", Lane.MAIN), "a", listed, "rds:DescribeDBInstances")
    assert len(read) == 2
    lists.wrote(OTHERS["another account"].list_key("rds", Lane.MAIN), "a")
    await lists.find(OWN.list_key("rds", Lane.MAIN), "a", listed, "rds:DescribeDBInstances")
    assert len(read) == 2


def test_cloudtrail_shows_the_cluster() -> None:
    aws = AWS.model_validate({"region": "us-east-1", "accountID": "210987654321", "roleARN": ARN})
    cluster = "0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11"
    assert assumed_role(aws, cluster) == AssumedRole(ARN, "", f"microservice-operator@{cluster}")
    assert assumed_role(aws.model_copy(update={"role_arn": None}), cluster) is None
    longest = assumed_role(aws, "c" * 100)
    assert longest
    assert len(longest.session) == 64


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "sts.eu-west-1.amazonaws.com"),
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_roles_are_assumed_at_the_endpoint_of_the_region(
    region: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    clients = Clients()
    assert clients._client("sts", region, None).meta.endpoint_url == f"https://{host}"
    clients.close()
