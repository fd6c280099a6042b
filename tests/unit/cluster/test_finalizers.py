"""After NotFound, a reconciliation checks whether its Microservice exists, and believes only a certain answer."""

from typing import Any

import pytest

from microservice_operator.api.parsing import Identity
from microservice_operator.cluster.apply import Cluster
from microservice_operator.cluster.child_cache import Children
from microservice_operator.errors import Gone, NotYet
from tests.unit.support.api_stub import Says, Stub, connected

OWNER = Identity("shop", "order", "uid-1")


def found(*uids: str) -> Says:
    return Says(body={"items": [{"metadata": {"name": "order", "uid": uid}} for uid in uids]})


@pytest.mark.parametrize(
    ("says", "raises"),
    [
        (found("uid-1"), None),
        (found(), Gone),
        (found("uid-2"), Gone),
        (Says(503), NotYet),
        (Says(429), NotYet),
        (Says(0), NotYet),
    ],
    ids=["there", "gone", "another one", "503", "429", "cut off"],
)
async def test_what_is_said_of_it(says: Says, raises: Any) -> None:
    stub = Stub([says])
    async with connected(stub) as connection:
        asking = Cluster(connection, Children(lambda _: None)).verify_there(OWNER)
        if raises is None:
            await asking
        else:
            with pytest.raises(raises):
                await asking
    path, query = stub.asked[0]
    assert path.endswith("/namespaces/shop/microservices"), "a list: no right to get is needed"
    assert query == {"fieldSelector": "metadata.name=order"}
