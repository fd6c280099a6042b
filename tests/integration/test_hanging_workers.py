"""A Microservice whose call hangs gives its worker back, again and again: the others continue with fewer workers.

Which calls there are is in test_hanging.
"""

from collections.abc import Iterator

import pytest

from tests.tools.cluster import Cluster

from .conftest import SESSION
from .hanging import VICTIM, Place, place
from .hanging_calls import parts
from .stage import Stage

CALLS = {"v0": "PATCH microservices/status", "v1": "POST deployments", "v2": "dynamodb:CreateTable"}
OTHERS = ("other-0", "other-1", "other-2")


@pytest.fixture(scope="module")
def hanging(stage: Stage, api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With fewer workers than Microservices whose calls hang."""
    flags = ("--reconciliation-timeout=6", f"--workers={len(CALLS) - 1}", "--resync=300")
    with place(stage, api_server, tmp_path_factory.mktemp("hanging"), f"{SESSION}w", *flags) as made:
        yield made


def test_more_calls_that_hang_than_workers(hanging: Place) -> None:
    hanging.hang(CALLS)
    try:
        for name in CALLS:
            hanging.ensure(name, VICTIM, parts(VICTIM))
        for name in OTHERS:
            hanging.ensure("others", name, {})
        for name in OTHERS:
            hanging.until_ready("others", name)
        for name, call in CALLS.items():
            hanging.until_reported(name, call)
        hanging.verify_healthy()
    finally:
        hanging.calls.release()
    for name in CALLS:
        hanging.until_ready(name, VICTIM)
