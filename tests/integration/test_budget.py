"""The number of requests to the API server that each user action costs, from the audit log."""

from collections import Counter

from microservice_operator.cluster.kinds import MICROSERVICE

from .audit import Request
from .namespace import IMAGE, Namespace
from .stage import Stage

WORKLOAD = ["deployments", "networkpolicies", "poddisruptionbudgets", "serviceaccounts", "services"]


def status_writes(written: list[Request]) -> int:
    """How many of them write the status."""
    return sum(w.resource == "microservices/status" for w in written)


def to_children(written: list[Request]) -> list[tuple[str, str]]:
    """The others."""
    return sorted((w.verb, w.resource) for w in written if w.resource != "microservices/status")


def test_a_microservice_costs_one_write_for_each_child_and_three_for_its_status(
    stage: Stage, namespace: Namespace
) -> None:
    mark = stage.audit.now()
    namespace.create("hello")
    # From one pod on, or the autoscaler's first act is another rollout; and one pod has no budget.
    namespace.create("scaled", autoscaling={"minReplicas": 1, "maxReplicas": 3}, metrics={})
    namespace.until_ready("hello", "scaled")
    stage.until_quiet()
    written = stage.audit.writes(mark, namespace.name)
    scaled = {*WORKLOAD, "horizontalpodautoscalers", "servicemonitors"} - {"poddisruptionbudgets"}
    for name, kinds in (("hello", WORKLOAD), ("scaled", scaled)):
        mine = [w for w in written if w.name == name]
        assert to_children(mine) == sorted(("create", kind) for kind in kinds)
        # made, a first pod answers (callers look for that), all of them do
        assert status_writes(mine) <= 3, mine


def test_an_image_costs_one_write_once_the_managed_fields_of_the_creation_are_upgraded(
    stage: Stage, namespace: Namespace
) -> None:
    namespace.create("hello")
    namespace.until_ready("hello")
    stage.until_quiet()
    for image, expected in (("hello:2", 2), ("hello:3", 1), ("hello:4", 1)):
        mark = stage.audit.now()
        namespace.change("hello", image=image)
        namespace.until_ready("hello")
        stage.until_quiet()
        written = stage.audit.writes(mark, namespace.name)
        # The first change after a POST turns its managed fields into those of an apply: one patch more, once.
        assert to_children(written) == [("patch", "deployments")] * expected
        assert status_writes(written) <= 2, written


def test_a_label_or_annotation_costs_nothing(stage: Stage, namespace: Namespace) -> None:
    namespace.create("hello")
    namespace.until_ready("hello")
    stage.until_quiet()
    mark = stage.audit.now()
    touch = {"metadata": {"labels": {"team": "a"}, "annotations": {"example.com/note": "x"}}}
    stage.api.merge(MICROSERVICE, (namespace.name, "hello"), touch)
    stage.idle(2)
    assert not stage.audit.writes(mark, namespace.name)


def test_a_restart_with_fifty_microservices_costs_nothing(stage: Stage, namespace: Namespace) -> None:
    services = [f"hello-{number}" for number in range(50)]
    for name in services:
        namespace.create(name, replicas=1, image=IMAGE)
    namespace.until_ready(*services)
    stage.until_quiet()
    for ending in (stage.operator.terminate, stage.operator.kill):
        mark = stage.audit.now()
        ending()
        stage.operator.start()
        stage.idle(2)
        assert stage.operator.reconciliations() >= len(services)
        assert not stage.audit.writes(mark)
        lists = Counter(r.resource for r in stage.audit.requests(mark) if r.verb == "list")
        assert lists["deployments"] == lists["cronjobs"] == 1, lists
