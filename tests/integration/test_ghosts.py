"""Deletions that the operator did not observe: it creates nothing for an owner that no longer exists."""

import pytest

from microservice_operator.cluster.kinds import ENVIRONMENT, MICROSERVICE
from tests.tools.cluster import Cluster

from . import install
from .api import until
from .namespace import Namespace
from .outages import restart, stopped
from .stage import Stage


def knows_those_that_are_there(stage: Stage) -> bool:
    """Whether the operator knows as many Microservices as there are; those of earlier tests may be going."""
    lines = stage.operator.metrics().splitlines()
    count = next(float(line.split()[1]) for line in lines if line.startswith("microservice_operator_microservices "))
    return count == len(stage.api.items(MICROSERVICE, ""))


@pytest.mark.parametrize("children", ["go first", "go later"])
def test_a_deletion_that_nobody_watched_makes_no_ghost(
    stage: Stage, api_server: Cluster, namespace: Namespace, children: str
) -> None:
    namespace.create("ghost")
    namespace.create("other")
    namespace.until_ready("ghost", "other")
    with stopped(stage.operator.pid), stage.audit.pardon():
        restart(api_server)
        namespace.delete("ghost")
        namespace.until_gone("ghost")
        if children == "go first":
            until(lambda: namespace.child("Deployment", "ghost") is None, "the children are not garbage-collected")
        mark = stage.audit.now()
    until(lambda: knows_those_that_are_there(stage), "the operator still knows the Microservice")
    until(lambda: namespace.child("Deployment", "ghost") is None, "the children are not garbage-collected")
    stage.until_quiet()
    made = [w for w in stage.audit.to_children(mark, namespace.name) if w.verb == "create" and w.resource != "events"]
    assert not made, "children of a Microservice that is gone"
    namespace.change("other", replicas=3)
    namespace.until_ready("other")


def test_an_environment_whose_deletion_nobody_watched_is_missed(
    stage: Stage, api_server: Cluster, namespace: Namespace
) -> None:
    name = f"brief-{namespace.name}"[:50].strip("-")
    install.environment(stage.api, stage.postgres_port, stage.admin, name)
    namespace.create("hello", environment=name)
    namespace.until_ready("hello")
    with stopped(stage.operator.pid), stage.audit.pardon():
        restart(api_server)
        stage.api.delete(ENVIRONMENT, "", name)
        until(lambda: stage.api.find(ENVIRONMENT, "", name) is None, "the Environment is not deleted")
    namespace.until_stalled("hello", "EnvironmentMissing")
