"""A Microservice is deleted, alone or with its namespace: no child remains, and its policy decides about data."""

import uuid

import pytest

from .place import Place
from .stage import Stage
from .stores import databases_and_roles, dynamodb, tables
from .tiny import with_stores

RETAINED = "microservice-operator.dev/retained"


@pytest.mark.parametrize("way", ["one by one", "with their namespace"])
def test_no_child_stays_and_data_obeys_its_policy(stage: Stage, way: str) -> None:
    place = Place(stage.kubectl, f"e2e-deletion-{uuid.uuid4().hex[:5]}")
    place.open()
    for name, policy in (("keeps", "Retain"), ("drops", "Delete")):
        place.declare(name, with_stores(stage, policy))
    place.await_ready("keeps", "drops")
    for name in ("keeps", "drops"):
        (table,) = tables(stage, place.namespace, name)
        dynamodb(stage).put_item(TableName=table, Item={"id": {"S": "precious"}})
        assert len(databases_and_roles(stage, place.namespace, name)) == 3, "a database, its owner, its user"

    if way == "one by one":
        place.kubectl("delete", "msvc", "--all", place.where, "--timeout=240s")
        place.eventually("all children are deleted", lambda: not (place.children("keeps") or place.children("drops")))
    place.kubectl("delete", "namespace", place.namespace, "--timeout=240s")
    assert not stage.kubectl.listed("namespace", place.namespace)

    assert tables(stage, place.namespace, "drops") == {}
    assert databases_and_roles(stage, place.namespace, "drops") == {}
    ((table, tags),) = tables(stage, place.namespace, "keeps").items()
    assert RETAINED in tags
    assert dynamodb(stage).get_item(TableName=table, Key={"id": {"S": "precious"}})["Item"]
    kept = databases_and_roles(stage, place.namespace, "keeps")
    assert kept
    assert any(RETAINED in marks for marks in kept.values())
