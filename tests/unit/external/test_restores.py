"""The consent to restore foreign data, and the age of a Microservice."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Identity, Microservice
from microservice_operator.api.stores import Database, Table
from microservice_operator.errors import NeedsPerson
from microservice_operator.external.databases import Databases
from microservice_operator.external.resource import ReconcileInput
from microservice_operator.external.restores import created, instance_restore, table_restore
from microservice_operator.resources import Consent

BACKUP = "arn:aws:dynamodb:us-east-1:123456789012:table/old/backup/01489602797149-73d8d5bc"


TABLES: list[dict[str, Any]] = [
    {},
    {"restoreFrom": {"backupARN": BACKUP}},
    {"restoreFrom": {"pointInTime": {"sourceTable": "old", "latest": True}}},
]
DATABASES: list[dict[str, Any]] = [
    {},
    {"restoreFrom": {"snapshotIdentifier": "rds:old-2026-11-29"}},
    {"restoreFrom": {"pointInTime": {"sourceInstance": "old", "latest": True}}},
]


class Lookup:
    """One Microservice, with this metadata."""

    def __init__(self, metadata: Any) -> None:
        self.microservices: dict[tuple[str, str], Any] = {("shop", "order"): {"metadata": metadata}}

    def dependency(self, key: tuple[str, str]) -> None:  # noqa: ARG002 the port's
        return None


def declared(consent: str = "", metadata: Any = None, annotation: str = names.ANNOTATION_RESTORE) -> ReconcileInput:
    service = Microservice(Identity("shop", "order", "uid"), 1, MicroserviceSpec.model_validate({"image": "a:1"}))
    environment = Environment("prod", EnvironmentSpec(), {annotation: consent})
    return ReconcileInput("", service, environment, Lookup(metadata))


def asked(declaration: ReconcileInput) -> list[Consent | None]:
    tables = [Table.model_validate({"name": "a", "partitionKey": {"name": "id"}, **each}) for each in TABLES]
    databases = [Database.model_validate({"name": "a", **each}) for each in DATABASES]
    return [
        *(table_restore(declaration, table) for table in tables),
        *(instance_restore(declaration, database) for database in databases),
    ]


ITEMS = (
    "shop/order:tables/old",
    "shop/order:tables/old",
    "shop/order:databases/rds:old-2026-11-29",
    "shop/order:databases/old",
)


def test_a_source_needs_its_own_consent() -> None:
    refused = [consent for consent in asked(declared("shop/order:tables/other")) if consent]
    assert refused == [Consent(allowed=False, item=item) for item in ITEMS]
    allowed = [consent for consent in asked(declared(", ".join(ITEMS))) if consent]
    assert allowed == [Consent(allowed=True, item=item) for item in ITEMS]


def test_without_restore_from_nothing_is_asked() -> None:
    tables_and_databases = asked(declared())
    assert tables_and_databases[0] is tables_and_databases[3] is None


def test_the_consent_to_adopt_is_no_consent_to_restore() -> None:
    wrong = declared(", ".join(ITEMS), annotation=names.ANNOTATION_ADOPT)
    assert not any(consent and consent.allowed for consent in asked(wrong))


@pytest.mark.parametrize("field", ["restoreFrom", "adopt"])
async def test_a_shared_server_restores_no_instance(field: str) -> None:
    source = DATABASES[1] if field == "restoreFrom" else {"adopt": {"identifier": "old"}}
    spec = {"image": "a:1", "databases": [{"name": "a", **source}]}
    service = Microservice(Identity("shop", "order", "uid"), 1, MicroserviceSpec.model_validate(spec))
    nothing: Any = None
    with pytest.raises(NeedsPerson) as refused:
        await Databases(nothing).reconcile(replace(declared(), name="a", service=service))
    assert refused.value.field == f"spec.databases[0].{field}"
    assert str(refused.value).endswith(f"remove {field}")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"uid": "uid", "creationTimestamp": "2026-11-01T10:00:00Z"}, datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ({"uid": "uid", "creationTimestamp": "2026-11-01"}, datetime(2026, 11, 1, tzinfo=UTC)),
        # a namesake of an earlier uid says nothing about this one
        ({"uid": "earlier", "creationTimestamp": "2020-01-01T00:00:00Z"}, None),
        ({"uid": "uid", "creationTimestamp": "yesterday"}, None),
        ({"uid": "uid"}, None),
        (None, None),
        (5, None),
    ],
)
def test_the_age_of_a_microservice(metadata: Any, expected: datetime | None) -> None:
    assert created(declared(metadata=metadata)) == expected
