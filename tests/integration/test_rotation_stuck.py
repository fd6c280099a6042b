"""A rotation whose Secret the API server refuses begins again more and more rarely, and the pods' login stays valid."""

import time

import pytest

from microservice_operator.cluster.kinds import SECRET

from .namespace import Namespace
from .stage import Stage
from .test_databases import DATABASE, OWNER, orders
from .test_rotation import rotate

SECONDS = 15.0


@pytest.mark.parametrize("immutable", [OWNER, DATABASE])
def test_an_immutable_secret_makes_no_loop(stage: Stage, namespace: Namespace, immutable: str) -> None:
    namespace.create("order", **orders())
    namespace.until_ready("order")
    namespace.api.merge(SECRET, (namespace.name, immutable), {"immutable": True})
    mark = stage.audit.now()
    rotate(namespace, "one")
    time.sleep(SECONDS)
    refused = [write for write in stage.audit.writes(mark, namespace.name) if write.resource == "secrets"]
    assert 1 <= len(refused) <= 12, refused
