"""Fixtures: one stage for the whole run; a namespace for each file that changes much."""

import os
import re
import uuid
from collections.abc import Iterator

import pytest

from tests.tools.cluster import down

from .place import Place
from .stage import SHOP, SYSTEM, Stage
from .stage import stage as bring_up

TIMEOUT = 1500  # the first test waits for the whole stage


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs the node, and time for it to come up."""
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker(pytest.mark.node)
            item.add_marker(pytest.mark.timeout(TIMEOUT))


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The node with operator, support and shop."""
    kept = os.environ.get("MICROSERVICE_OPERATOR_TEST_NODE")
    name = kept or f"tests-e2e-{os.getpid()}"
    try:
        yield bring_up(name, tmp_path_factory.mktemp("stage"))
    finally:
        if not kept:
            down(name)


@pytest.fixture(scope="session")
def shop(stage: Stage) -> Place:
    """The shop's namespace."""
    return Place(stage.kubectl, SHOP)


@pytest.fixture(scope="session")
def system(stage: Stage) -> Place:
    """The operator's namespace."""
    return Place(stage.kubectl, SYSTEM)


@pytest.fixture(scope="module")
def place(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A namespace for the tests of one file."""
    with_name = re.sub(r"[^a-z0-9]+", "-", request.module.__name__.rpartition(".")[2].removeprefix("test_"))
    opened = Place(stage.kubectl, f"e2e-{with_name}-{uuid.uuid4().hex[:5]}")
    opened.open()
    yield opened
    stage.kubectl("delete", "namespace", opened.namespace, "--wait=false")
