"""One Microservice with every AWS resource, with the real operator: created, restored, abandoned, deleted."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import CONFIG_MAP, ENVIRONMENT
from tests.fakes.aws.proxy import Call, Fault
from tests.whole.holdings import Tags, holdings, shared
from tests.whole.spec import (
    BEFORE,
    BEFORE_GOING,
    IRSA,
    KEPT,
    KINDS,
    MADE,
    PATHS,
    POD_IDENTITY,
    every_part,
    in_order,
    made,
)

from . import install
from .api import until
from .namespace import Namespace
from .stage import Stage

ASSOCIATION = "PodIdentityAssociation"


@pytest.fixture
def shop(stage: Stage, namespace: Namespace) -> Namespace:
    """A namespace with an OpenAPI document, whose Environment of the same name has everything."""
    environment(stage, namespace, POD_IDENTITY)
    body = {"metadata": {"name": "openapi", "namespace": namespace.name}}
    document = json.dumps({"openapi": "3.1.0", "paths": PATHS})
    stage.api.apply(CONFIG_MAP, {**body, "data": {"openapi.json": document}})
    return namespace


def environment(stage: Stage, shop: Namespace, identity: Mapping[str, str]) -> None:
    ca = stage.admin["ca.crt"]
    install.rds_environment(stage.api, stage.strict, ca, shop.name, identity=identity)


def spec(shop: Namespace, policy: str = "") -> dict[str, Any]:
    declared = every_part("order", policy)
    declared["databases"][0]["migration"] = {"command": ["migrate"]}
    return {**declared, "environment": shop.name}


def held(stage: Stage, shop: Namespace) -> dict[str, Tags]:
    return {**holdings(stage.strict, shop.name, "order"), **shared(stage.strict, shop.name)}


def kinds(stage: Stage, shop: Namespace) -> set[str]:
    return {what.split()[0] for what in held(stage, shop)}


def written(calls: list[Call]) -> list[str]:
    return [call.action for call in calls if call.changes]


@pytest.mark.parametrize(
    ("policy", "identity", "stays"), [("Delete", POD_IDENTITY, set()), ("", IRSA, KEPT)], ids=["Delete", "default"]
)
def test_every_part_there_and_back_twice(
    stage: Stage, shop: Namespace, policy: str, identity: dict[str, str], stays: set[str]
) -> None:
    environment(stage, shop, identity)
    without = {ASSOCIATION} if identity is IRSA else set()
    kept_kinds = {what for what in KINDS - without if what not in stays}
    for again in (False, True):
        mark = len(stage.aws.calls)
        shop.create("order", **spec(shop, policy))
        shop.until_ready("order")
        assert kinds(stage, shop) == KINDS - without
        calls = written(stage.aws.calls[mark:])
        if not (again and stays):
            expected = {**MADE, "CreatePodIdentityAssociation": int(not without)}
            assert made(calls) == +type(MADE)(expected)
            in_order(calls, [pair for pair in BEFORE if not without or ASSOCIATION not in pair[1]])
        else:
            assert not {f"Create{kind}" for kind in ("Table", "Queue", "DBInstance")} & set(calls)
        assert stage.log_in(shop.secret("order-orders-database"))
        assert stage.log_in(shop.secret("order-orders-database-owner"))
        stage.until_quiet()
        mark = len(stage.aws.calls)
        shop.ask("order")
        stage.idle(1)
        assert written(stage.aws.calls[mark:]) == []

        mark = len(stage.aws.calls)
        shop.delete("order")
        shop.until_gone("order")
        gone = written(stage.aws.calls[mark:])
        acts = set(gone)
        in_order(gone, [pair for pair in BEFORE_GOING if set(pair) <= acts])
        assert kinds(stage, shop) == stays
        assert not {what for what in kept_kinds if what in kinds(stage, shop)}
        assert all(names.TAG_RETAINED in tags for tags in held(stage, shop).values())
        stage.strict.sqs._recent.clear()  # a minute has passed
    stage.api.delete(ENVIRONMENT, "", shop.name)


def test_abandoning_reports_everything_that_is_left_behind(stage: Stage, shop: Namespace) -> None:
    shop.create("order", **spec(shop, "Delete"))
    shop.until_ready("order")
    before = held(stage, shop)
    fault = Fault("*", "drop-before")
    stage.aws.faults.append(fault)
    try:
        shop.delete("order")
        waiting = until(lambda: shop.read("order")["status"].get("deletion"), "status.deletion stays empty")
        assert all(each["message"] for each in waiting)
        shop.annotate("order", names.ANNOTATION_ABANDON, "true")
        shop.until_gone("order")
    finally:
        stage.aws.faults.remove(fault)
    assert held(stage, shop) == before
    messages = " ".join(event["message"] for event in shop.events("Abandoned"))
    for kind in KINDS - {"Queue", "API"}:
        assert f"left behind: {kind} " in messages, messages
    assert "left behind: Queue events (arn:" in messages
    assert "left behind: DeadLetterQueue events (arn:" in messages
    assert "left behind: API routes (arn:" in messages


def test_a_namespace_goes_while_everything_is_still_being_made(stage: Stage, shop: Namespace) -> None:
    mark = len(stage.aws.calls)
    shop.create("order", **spec(shop, "Delete"))
    until(lambda: "CreateDBInstance" in written(stage.aws.calls[mark:]), "no instance is created")
    shop.remove()
    until(lambda: shop.is_gone, "the namespace is not deleted", seconds=120)
    assert held(stage, shop) == {}
