"""What the status says of the rotation of passwords, without a secret value."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api import parsing
from microservice_operator.database_connection import Connection, Login, Rotated
from microservice_operator.external.rotation_status import credentials, rotates_nothing, rotation_handled
from microservice_operator.facts import Credentials, Part, State

AT = "2026-01-01T00:00:00Z"
ROTATED = Connection(
    "db", 5432, "orders", "require", Login("app2", "a", Rotated(AT, "one")), Login("own", "o", Rotated(AT, "one"))
)
FRESH = replace(ROTATED, runtime=Login("app", "a"), owner=Login("own", "o"))
BEFORE = {"credentials": [{"database": "orders", "login": "app2", "rotatedAt": AT}], "lastHandledRotateAt": "zero"}
EVERY_MONTH = {"credentials": {"rotationInterval": "720h"}}
READY = Part("PostgreSQL", "Database", "orders", State.READY)


def service(request: str = "", *, databases: bool = True, **more: Any) -> parsing.Microservice:
    metadata = {"name": "order", "namespace": "shop", "uid": "uid-1"}
    annotations = {names.ANNOTATION_ROTATE: request} if request else {}
    spec = {"image": "registry.example/order:1", **({"databases": [{"name": "orders", **more}]} if databases else {})}
    return parsing.microservice({"metadata": {**metadata, "annotations": annotations}, "spec": spec})


@pytest.mark.parametrize(
    ("more", "connection", "before", "expected"),
    [
        ({}, FRESH, {}, ()),
        (EVERY_MONTH, FRESH, {}, (Credentials("orders", "app"),)),
        ({}, ROTATED, {}, (Credentials("orders", "app2", AT),)),
        ({}, None, {}, ()),
        ({}, None, BEFORE, (Credentials("orders", "app2", AT),)),
        ({}, FRESH, BEFORE, ()),
    ],
)
def test_credentials(
    more: dict[str, Any], connection: Connection | None, before: object, expected: tuple[Credentials, ...]
) -> None:
    assert credentials(service(**more), {"orders": connection} if connection else {}, before) == expected


@pytest.mark.parametrize(
    ("request_", "connection", "part", "expected"),
    [
        ("", ROTATED, READY, ""),
        ("one", ROTATED, READY, "one"),
        ("two", ROTATED, READY, "zero"),
        ("one", replace(ROTATED, retiring="app"), READY, "zero"),
        ("one", replace(ROTATED, owner=FRESH.owner), READY, "zero"),
        ("one", ROTATED, replace(READY, state=State.UNKNOWN), "zero"),
        ("one", None, READY, "zero"),
    ],
)
def test_a_request_is_carried_out_when_no_earlier_login_is_valid(
    request_: str, connection: Connection | None, part: Part, expected: str
) -> None:
    connections = {"orders": connection} if connection else {}
    assert rotation_handled(service(request_), connections, [part], BEFORE) == expected


def test_a_request_without_a_database_is_a_warning() -> None:
    assert [problem.message for problem in rotates_nothing(service("one", databases=False))] == [
        "no database is declared, so there is no password to rotate; remove the annotation"
    ]
    assert not list(rotates_nothing(service("one")))
    assert not list(rotates_nothing(service(databases=False)))
