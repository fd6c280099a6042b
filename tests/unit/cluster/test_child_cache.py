"""The child cache, when watch events and responses to our writes arrive in any order."""

from typing import Any

import pytest

from microservice_operator.cluster.child_cache import Children
from microservice_operator.facts import State
from microservice_operator.names import FIELD_MANAGER

OWNER = ("shop", "hello")


def deployment(version: int, ready: int = 0, **labels: str) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "shop",
            "name": "hello",
            "uid": "u",
            "generation": 1,
            "resourceVersion": str(version),
            "labels": {"microservice-operator.dev/microservice": "hello", **labels},
        },
        "spec": {"replicas": 2},
        "status": {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": ready,
            "availableReplicas": ready,
        },
    }


def test_an_answer_that_comes_late_does_not_hide_what_the_watch_has_shown() -> None:
    children = Children(lambda _: None)
    children.saw("Deployment", deployment(5))
    children.saw("Deployment", deployment(7, ready=2))
    children.wrote("Deployment", deployment(5))
    record = children.of(OWNER)["Deployment", "hello"]
    assert (record.version, record.state.state, record.verified) == ("7", State.READY, True)


def test_what_somebody_else_changed_meanwhile_is_still_to_be_compared() -> None:
    children = Children(lambda _: None)
    children.saw("Deployment", deployment(7, team="other"))
    children.wrote("Deployment", deployment(5))
    assert not children.of(OWNER)["Deployment", "hello"].verified


def test_a_field_that_was_overridden_is_remembered_though_the_watch_was_quicker() -> None:
    children = Children(lambda _: None)
    children.saw("Deployment", deployment(7, team="other"))
    children.wrote("Deployment", deployment(5), overridden=".spec.revisionHistoryLimit")
    record = children.of(OWNER)["Deployment", "hello"]
    assert (record.verified, record.overridden) == (False, ".spec.revisionHistoryLimit")


def test_an_echo_of_our_own_write_enqueues_nothing() -> None:
    asked: list[Any] = []
    children = Children(asked.append)
    children.wrote("Deployment", deployment(5))
    children.saw("Deployment", deployment(5))
    assert asked == []


def rolled_out(version: int, generation: int, image: str = "a", replicas: int = 2, seen: int = 1) -> dict[str, Any]:
    """A Deployment whose rollout is over, and of whose present spec its controller has seen `seen`."""
    item = deployment(version, ready=2)
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    template = {"spec": {"containers": [{"name": "hello", "image": image}]}}
    return {
        **item,
        "metadata": {**item["metadata"], "generation": generation},
        "spec": {"replicas": replicas, "template": template},
        "status": {**item["status"], "observedGeneration": seen, "conditions": [progressing]},
    }


def test_a_step_of_an_autoscaler_is_no_rollout_before_its_controller_has_seen_it() -> None:
    children = Children(lambda _: None)
    children.saw("Deployment", rolled_out(5, 1))
    children.saw("Deployment", rolled_out(6, 2, replicas=3))
    assert children.of(OWNER)["Deployment", "hello"].state.state is State.READY
    children.saw("Deployment", rolled_out(7, 2, replicas=3, seen=2))
    state = children.of(OWNER)["Deployment", "hello"].state
    assert (state.state, state.short, state.serves) == (State.READY, True, True)


@pytest.mark.parametrize(
    ("before", "after", "complete", "serves"),
    [(2, 3, False, True), (3, 2, True, True), (2, 0, True, True), (0, 2, False, False)],
)
def test_a_declared_scale_is_complete_only_after_its_controller_has_seen_it(
    before: int, after: int, complete: bool, serves: bool
) -> None:
    ours = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    first, second = rolled_out(5, 1, replicas=before), rolled_out(6, 2, replicas=after)
    for item in (first, second):
        item["metadata"]["managedFields"] = [ours]
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        item["status"] |= dict.fromkeys(counts, before)
    children = Children(lambda _: None)
    children.saw("Deployment", first)
    children.wrote("Deployment", second)
    children.saw("Deployment", second)
    state = children.of(OWNER)["Deployment", "hello"].state
    assert (state.state is State.READY and not state.short, state.serves) == (complete, serves)


def test_another_template_is_a_rollout_at_once() -> None:
    children = Children(lambda _: None)
    children.saw("Deployment", rolled_out(5, 1))
    children.wrote("Deployment", rolled_out(6, 2, image="b"))
    state = children.of(OWNER)["Deployment", "hello"].state
    assert (state.state, state.serves) == (State.PROGRESSING, True)
    children.saw("Deployment", rolled_out(7, 3, image="b", replicas=3))
    assert children.of(OWNER)["Deployment", "hello"].state.state is State.PROGRESSING
