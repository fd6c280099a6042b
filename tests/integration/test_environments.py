"""A deleted or relocated Environment changes nothing that runs."""

from collections.abc import Iterator
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import ENVIRONMENT, NAMESPACE

from . import install
from .api import until
from .namespace import Namespace
from .stage import Stage

QUEUE: dict[str, Any] = {"queues": [{"name": "events", "deletionPolicy": "Delete"}]}


@pytest.fixture
def own(stage: Stage, namespace: Namespace) -> Iterator[str]:
    """An Environment that only this test uses, by default, and that the namespace's label does not name."""
    name = f"own-{namespace.name}"
    install.environment(stage.api, stage.postgres_port, stage.admin, name, defaults={"replicas": 3})
    mark(stage, name, "true")
    stage.api.merge(NAMESPACE, ("", namespace.name), {"metadata": {"labels": {names.LABEL_ENVIRONMENT: None}}})
    yield name
    stage.api.delete(ENVIRONMENT, "", name)


def mark(stage: Stage, name: str, value: str | None) -> None:
    annotations = {names.ANNOTATION_DEFAULT_ENVIRONMENT: value}
    stage.api.merge(ENVIRONMENT, ("", name), {"metadata": {"annotations": annotations}})


def children(stage: Stage, namespace: Namespace, since: int) -> list[str]:
    """Writes to children, without Events."""
    written = stage.audit.to_children(since, namespace.name)
    return [str(request) for request in written if request.resource != "events"]


def test_a_default_that_is_gone_or_unmarked_is_missed_and_nothing_rolls(
    stage: Stage, namespace: Namespace, own: str
) -> None:
    namespace.create("order", **QUEUE)
    namespace.until_ready("order")
    status = namespace.read("order")["status"]
    assert (status["environment"], status["environmentFrom"]) == (own, "Default")
    before, mark_ = namespace.children("order"), stage.audit.now()

    mark(stage, own, None)
    assert "is no longer marked as default" in namespace.until_stalled("order", "EnvironmentMissing")["message"]
    mark(stage, own, "true")
    namespace.until_ready("order")

    body = stage.api.get(ENVIRONMENT, "", own)
    stage.api.delete(ENVIRONMENT, "", own)
    assert "no longer exists; create it again" in namespace.until_stalled("order", "EnvironmentMissing")["message"]
    namespace.ask("order")
    assert namespace.read("order")["status"]["environment"] == own
    kept = {key: body["metadata"][key] for key in ("name", "annotations")}
    stage.api.create(ENVIRONMENT, {"metadata": kept, "spec": body["spec"]})
    namespace.until_ready("order")
    assert children(stage, namespace, mark_) == []
    assert {at: body["metadata"].get("generation") for at, body in namespace.children("order").items()} == {
        at: body["metadata"].get("generation") for at, body in before.items()
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"aws": {"region": "eu-west-1"}}, "names region eu-west-1 in spec.aws.region"),
        ({"aws": {"accountID": "210987654321"}}, "names account 210987654321 in spec.aws.accountID"),
        ({"aws": None}, "has no spec.aws"),
    ],
)
def test_an_environment_that_means_another_place_is_refused_before_anything_is_written(
    stage: Stage, namespace: Namespace, own: str, change: dict[str, Any], said: str
) -> None:
    namespace.create("order", **QUEUE)
    namespace.until_ready("order")
    was = stage.api.get(ENVIRONMENT, "", own)["spec"]["aws"]
    mark_, calls = stage.audit.now(), len(stage.aws.writes())
    stage.api.merge(ENVIRONMENT, ("", own), {"spec": change})
    condition = namespace.until_stalled("order", "ChangeRefused")
    assert "queue events is at arn:aws:sqs:us-east-1:" in condition["message"]
    assert said in condition["message"]
    namespace.ask("order")
    assert children(stage, namespace, mark_) == []
    assert len(stage.aws.writes()) == calls

    # nor does a deletion take what it does not see for gone
    namespace.delete("order")
    stage.idle(1)
    assert namespace.read("order")["metadata"]["finalizers"] == [names.FINALIZER]
    assert len(stage.aws.writes()) == calls
    stage.api.merge(ENVIRONMENT, ("", own), {"spec": {"aws": was}})
    namespace.until_gone("order")


def test_another_provider_of_databases_is_refused_before_an_instance_is_made(
    stage: Stage, namespace: Namespace, own: str
) -> None:
    namespace.create("order", databases=[{"name": "orders"}])
    namespace.until_ready("order")
    calls = len(stage.aws.writes())
    certificates = stage.admin["ca.crt"]
    install.rds_environment(stage.api, stage.strict, certificates, own)
    stage.api.merge(ENVIRONMENT, ("", own), {"spec": {"databases": {"provider": "rds", "shared": None}}})
    condition = namespace.until_stalled("order", "ChangeRefused")
    assert "has provider rds in spec.databases" in condition["message"]
    namespace.ask("order")
    assert len(stage.aws.writes()) == calls


def test_more_tags_than_aws_takes_are_refused_before_anything_is_written(
    stage: Stage, namespace: Namespace, own: str
) -> None:
    stage.api.merge(ENVIRONMENT, ("", own), {"spec": {"tags": {f"shared-{number}": "a" for number in range(32)}}})
    namespace.create("order", **QUEUE, tags={f"own-{number}": "a" for number in range(11)})
    namespace.until_ready("order")
    marked = stage.audit.now()
    namespace.change("order", tags={f"own-{number}": "a" for number in range(12)})
    condition = namespace.until_stalled("order", "InvalidSpec")
    assert "has 44 tags together with those of the Environment" in condition["message"]
    assert [problem["field"] for problem in namespace.read("order")["status"]["problems"]] == ["spec.tags"]
    assert children(stage, namespace, marked) == []


def test_a_tag_that_the_environment_sets_has_no_effect_and_stops_nothing(
    stage: Stage, namespace: Namespace, own: str
) -> None:
    stage.api.merge(ENVIRONMENT, ("", own), {"spec": {"tags": {"team": "shop"}}})
    namespace.create("order", **QUEUE, tags={"team": "shop", "unit": "sales"})
    namespace.until_ready("order")
    namespace.change("order", tags={"team": "payments"})
    until(
        lambda: namespace.read("order")["status"].get("problems"),
        "status.problems does not report that the tag has no effect",
    )
    (problem,) = namespace.read("order")["status"]["problems"]
    assert (problem["severity"], problem["field"]) == ("Warning", "spec.tags.team")
    assert "the Environment sets the tag team: shop" in problem["message"]
    namespace.until_ready("order")
