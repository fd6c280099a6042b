"""DynamoDB tables from creation to deletion, with an AWS that is slow and sometimes unavailable."""

from typing import Any

import pytest

from microservice_operator import names
from tests.fakes.aws.proxy import Fault

from .api import until
from .namespace import Namespace
from .stage import Stage


def products(**more: Any) -> dict[str, Any]:
    """A spec with one table."""
    return {"tables": [{"name": "products", "partitionKey": {"name": "id"}, **more}]}


def the_table(stage: Stage, namespace: Namespace) -> tuple[str, dict[str, str]]:
    """Name and tags of the only table of a namespace."""
    ((name, tags),) = stage.tables_of(namespace).items()
    return name, tags


def test_a_table_is_made_with_its_marks_and_kept_by_default(stage: Stage, namespace: Namespace) -> None:
    uid = namespace.create("product", **products(), tags={"team": "shop"})["metadata"]["uid"]
    namespace.until_ready("product")
    name, tags = the_table(stage, namespace)
    assert (tags[names.TAG_UID], tags["team"]) == (uid, "shop")
    (entry,) = [r for r in namespace.read("product")["status"]["resources"] if r["layer"] == "AWS"]
    assert (entry["kind"], entry["name"], entry["state"]) == ("Table", "products", "Ready")
    assert entry["id"].endswith(f"table/{name}")
    assert namespace.read("product")["metadata"]["finalizers"] == [names.FINALIZER]
    variables = namespace.there("Deployment", "product")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "PRODUCTS_TABLE", "value": name} in variables

    stage.dynamodb.put_item(TableName=name, Item={"id": {"S": "kept"}})
    namespace.delete("product")
    namespace.until_gone("product")
    assert the_table(stage, namespace)[1][names.TAG_RETAINED] not in ("", "true")  # the UID of its namespace
    assert namespace.events("TableRetained")

    again = namespace.create("product", **products())["metadata"]["uid"]
    namespace.until_ready("product")
    name_again, tags = the_table(stage, namespace)
    assert (name_again, tags[names.TAG_UID]) == (name, again)
    assert names.TAG_RETAINED not in tags
    assert stage.dynamodb.get_item(TableName=name, Key={"id": {"S": "kept"}})["Item"]


def test_policy_delete_removes_the_table_and_the_resource_waits_for_that(stage: Stage, namespace: Namespace) -> None:
    namespace.create("product", **products(deletionPolicy="Delete"))
    namespace.until_ready("product")
    the_table(stage, namespace)
    fault = Fault("*", "drop-before")
    stage.aws.faults.append(fault)
    try:
        namespace.delete("product")

        def away() -> list[dict[str, Any]]:
            """Once the pods have ended."""
            left: list[dict[str, Any]] = namespace.read("product")["status"].get("deletion") or []
            return [part for part in left if "AWS does not answer" in part.get("message", "")]

        waiting = until(away, "status.deletion does not report that AWS is unavailable")
        assert [(w["layer"], w["kind"], w["name"]) for w in waiting] == [("AWS", "Table", "products")]
        assert namespace.read("product")["metadata"]["finalizers"] == [names.FINALIZER]
    finally:
        stage.aws.faults.remove(fault)
    namespace.until_gone("product")
    assert not stage.tables_of(namespace)
    assert namespace.events("TableDeleted")


def test_a_person_can_give_up_while_aws_is_away(stage: Stage, namespace: Namespace) -> None:
    namespace.create("product", **products(deletionPolicy="Delete"))
    namespace.until_ready("product")
    name, _ = the_table(stage, namespace)
    fault = Fault("*", "drop-before")
    stage.aws.faults.append(fault)
    try:
        namespace.delete("product")
        until(lambda: namespace.read("product")["status"].get("deletion"), "status.deletion stays empty")
        namespace.annotate("product", names.ANNOTATION_ABANDON, "true")
        namespace.until_gone("product")
    finally:
        stage.aws.faults.remove(fault)
    (event,) = namespace.events("Abandoned")
    assert event["type"] == "Warning"
    assert name in event["message"]
    assert the_table(stage, namespace)[0] == name


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_a_namespace_goes_and_the_policy_is_obeyed(stage: Stage, namespace: Namespace, policy: str) -> None:
    spec = {**products(deletionPolicy=policy), "databases": [{"name": "orders", "deletionPolicy": policy}]}
    namespace.create("product", **spec)
    namespace.until_ready("product")
    namespace.remove()
    until(lambda: namespace.is_gone, "the namespace is not deleted", seconds=120)
    kept = policy == "Retain"
    assert (bool(stage.tables_of(namespace)), bool(stage.databases_of(namespace))) == (kept, kept)


def test_one_that_holds_nothing_outside_never_has_a_finalizer(stage: Stage, namespace: Namespace) -> None:
    mark = stage.audit.now()
    namespace.create("hello")
    namespace.until_ready("hello")
    assert "finalizers" not in namespace.read("hello")["metadata"]
    namespace.delete("hello")
    namespace.until_gone("hello")
    assert "microservices" not in {w.resource for w in stage.audit.writes(mark, namespace.name)}


def test_one_that_never_was_valid_can_be_deleted(namespace: Namespace) -> None:
    namespace.create("product", **products(deletionPolicy="Delete"), environment="nowhere")
    namespace.until_stalled("product", "EnvironmentMissing")
    namespace.delete("product")
    namespace.until_gone("product")


def test_a_block_that_leaves_the_spec_leaves_its_data(stage: Stage, namespace: Namespace) -> None:
    namespace.create("product", **products(deletionPolicy="Delete"))
    namespace.until_ready("product")
    namespace.change("product", tables=None)
    namespace.until_ready("product")
    assert the_table(stage, namespace)[1][names.TAG_RETAINED] not in ("", "true")  # the UID of its namespace
    until(lambda: "finalizers" not in namespace.read("product")["metadata"], "the finalizer is not removed")
    assert "TablesReady" not in namespace.conditions("product")
    assert namespace.events("TableRetained")


def test_a_denied_call_is_named_and_goes_on_when_it_is_allowed(stage: Stage, namespace: Namespace) -> None:
    from tests.fakes.aws.proxy import refusal  # noqa: PLC0415 only here

    fault = Fault("CreateTable", refusal("AccessDeniedException", "not authorized"))
    stage.aws.faults.append(fault)
    try:
        namespace.create("product", **products())
        assert "dynamodb:CreateTable" in namespace.until_stalled("product", "AccessDenied")["message"]
    finally:
        stage.aws.faults.remove(fault)
    namespace.until_ready("product")


def test_each_loss_needs_a_permission_of_its_own(stage: Stage, namespace: Namespace) -> None:
    namespace.create("product", **products(deletionProtection=False, deletionPolicy="Delete"))
    namespace.until_ready("product")
    namespace.annotate("product", names.ANNOTATION_RECREATE, "produce")  # a slip of the pen
    until(lambda: namespace.read("product")["status"].get("problems"), "status.problems does not report the wrong name")
    (problem,) = namespace.read("product")["status"]["problems"]
    assert problem["severity"] == "Warning"
    assert "no table and no database produce is declared" in problem["message"]
    for permission in ("products", "products/2", "products/again"):
        stage.dynamodb.delete_table(TableName=the_table(stage, namespace)[0])
        namespace.ask("product")
        message = namespace.until_stalled("product", "TableLost")["message"]
        assert f"{names.ANNOTATION_RECREATE}=products to start" in message
        assert "products/2" in message
        namespace.annotate("product", names.ANNOTATION_RECREATE, permission)
        namespace.until_ready("product")
        assert namespace.read("product")["status"]["lastHandledRecreate"] == permission
        the_table(stage, namespace)
    assert "problems" not in namespace.read("product")["status"]
