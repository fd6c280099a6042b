"""Fixtures: the API server for the tests of this folder, and a mark on each of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.server import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs the API server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.api)


@pytest.fixture(scope="session")
def server(kubernetes_client: Callable[[], Any]) -> Server:
    """The administrator's connection."""
    return Server(kubernetes_client())


@pytest.fixture
def stored(server: Server) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """Creates objects that are gone after the test."""
    created: list[dict[str, Any]] = []

    def create(body: dict[str, Any]) -> dict[str, Any]:
        server.delete(body)
        created.append(body)
        return server.create(body)

    yield create
    for body in created:
        server.delete(body)
