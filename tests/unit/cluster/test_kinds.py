"""Paths of objects: a name never leads to another object."""

import pytest

from microservice_operator.cluster.kinds import MICROSERVICE, SECRET
from microservice_operator.errors import NeedsPerson


def test_paths() -> None:
    assert SECRET.path("shop", "order.db-1") == "/api/v1/namespaces/shop/secrets/order.db-1"
    assert MICROSERVICE.path() == "/apis/microservice-operator.dev/v1alpha1/microservices"
    assert MICROSERVICE.path("shop", "order", "status").endswith("/namespaces/shop/microservices/order/status")


@pytest.mark.parametrize(
    "name", ["../../other/secrets/s", "..", ".", "a/b", "a%2fb", "a?b", "a#b", "a\n", "a b", "ä", "a" * 254]
)
def test_what_cannot_be_a_name_is_no_part_of_a_path(name: str) -> None:
    for namespace, own in (("shop", name), (name, "order")):
        with pytest.raises(NeedsPerson, match="cannot be the name of an object"):
            SECRET.path(namespace, own)
