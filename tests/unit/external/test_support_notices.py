"""Warnings about versions of PostgreSQL whose standard support in RDS has ended."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from microservice_operator.api import parsing
from microservice_operator.api.stores import Database
from microservice_operator.aws.rds.support import STANDARD_SUPPORT_ENDS
from microservice_operator.external.rds_instances import support_notices
from tests.unit.api.examples import resource

NETWORK = {"vpcID": "vpc-1", "subnetIDs": ["subnet-1", "subnet-2"], "podSecurityGroupID": "sg-1"}
RDS = {
    "aws": {"region": "us-east-1", "accountID": "123456789012", **NETWORK},
    "databases": {
        "provider": "rds",
        "rds": {"sizes": {"small": "db.t4g.small"}, "caSecretRef": {"namespace": "a", "name": "b"}},
    },
}
SHARED = {
    "databases": {"provider": "shared", "shared": {"host": "db", "adminSecretRef": {"namespace": "a", "name": "b"}}}
}
NOT_RELEASED = {19}  # RDS publishes the date of a version with the version


def environment(spec: dict[str, Any]) -> parsing.Environment:
    body = resource(spec, "Environment", "prod")
    return parsing.environment({**body, "metadata": {"uid": "", **body["metadata"]}})


def service(version: str) -> parsing.Microservice:
    body = resource({"databases": [{"name": "orders", "version": version}]})
    return parsing.microservice({**body, "metadata": {"uid": "", **body["metadata"]}})


def test_each_version_of_the_api_has_a_date() -> None:
    """A version that the API accepts needs its date of "Release calendars for Amazon RDS for PostgreSQL"."""
    [pattern] = [each.pattern for each in Database.model_fields["version"].metadata if getattr(each, "pattern", None)]
    accepted = {number for number in range(100) if re.search(str(pattern), str(number))}
    assert accepted - NOT_RELEASED == STANDARD_SUPPORT_ENDS.keys()


@pytest.mark.parametrize(("version", "ends"), STANDARD_SUPPORT_ENDS.items())
def test_the_notice_begins_the_day_after(version: int, ends: date) -> None:
    there, declared = environment(RDS), service(str(version))
    assert not list(support_notices(declared, there, ends))
    [notice] = support_notices(declared, there, ends + timedelta(days=1))
    assert notice.field == "spec.databases[0].version"
    assert f"PostgreSQL {version} on {ends}" in notice.message


def test_no_notice_without_rds_or_a_date() -> None:
    late = date(2999, 1, 1)
    assert not list(support_notices(service("13"), environment(SHARED), late))
    assert not list(support_notices(service("13"), None, late))
    assert not list(support_notices(service("19"), environment(RDS), late))
