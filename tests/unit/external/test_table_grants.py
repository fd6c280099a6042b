"""Tables of other Microservices: granted only if the owner names this Microservice."""

from collections.abc import Mapping
from typing import Any

import pytest

from microservice_operator.api import parsing
from microservice_operator.api.parsing import Identity, Microservice
from microservice_operator.aws.engine.arns import Site, arns, table_arn
from microservice_operator.aws.iam.service_policy import document, grants
from microservice_operator.external.table_grants import lending, names_of, trouble
from microservice_operator.ownership import Owner

OWNER = Owner("cluster", Identity("shop", "order", "uid"))
SITE = Site("us-east-1", "123456789012", "cluster", OWNER.name)
REF = {"microservice": "user", "table": "users"}
USERS = {"name": "users", "partitionKey": {"name": "id"}, "streamViewType": "KeysOnly"}
CONSENT = {"from": [{"microservice": "order"}]}


def service(name: str, **spec: Any) -> Microservice:
    metadata = {"namespace": "shop", "name": name, "uid": f"uid-{name}"}
    return parsing.microservice({"metadata": metadata, "spec": {"image": "x:1", **spec}})


class MicroserviceLookup:
    """Others by name; None for one that is not valid."""

    microservices: Mapping[tuple[str, str], Mapping[str, Any]] = {}

    def __init__(self, **others: Microservice | None) -> None:
        self._others = others

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        return (self.microservices.get(key, {}), self._others[key[1]]) if key[1] in self._others else None


ORDER = service("order", tableRefs=[REF])


def test_a_ref_is_granted_exactly_where_the_owner_names_the_service() -> None:
    lookup = MicroserviceLookup(user=service("user", tables=[USERS], access=CONSENT))
    lent = lending(OWNER, SITE, ORDER, lookup)
    theirs = Owner("cluster", Identity("shop", "user", "another"))
    arn = table_arn(Site("us-east-1", "123456789012", "cluster", theirs.name), "users")
    assert lent["user", "users"].arn == arn
    assert arn.endswith("/" + names_of(OWNER, ORDER, lookup)["user", "users"])
    policy = document(grants(ORDER.spec, arns(SITE, ORDER), lent))
    assert policy is not None
    assert {r for s in policy["Statement"] for r in s["Resource"]} == {arn, f"{arn}/stream/*"}
    actions = {a for s in policy["Statement"] for a in s["Action"]}
    assert "dynamodb:GetItem" in actions
    assert "dynamodb:PutItem" not in actions
    assert trouble(ORDER, (ORDER.spec.table_refs or [])[0], lookup) == ""


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "does not exist in namespace shop"),
        ({"user": None}, "add {microservice: order} to its access.from"),
        ({"user": service("user", access=CONSENT)}, "declares no such table"),
        ({"user": service("user", tables=[USERS])}, "add {microservice: order} to its access.from"),
        ({"user": service("user", tables=[USERS], access={"from": [{"namespace": "shop"}]})}, "is not granted"),
    ],
)
def test_what_is_not_granted_says_why(others: dict[str, Microservice | None], said: str) -> None:
    lookup = MicroserviceLookup(**others)
    assert lending(OWNER, SITE, ORDER, lookup) == {}
    assert grants(ORDER.spec, arns(SITE, ORDER), {}) == ()
    assert said in trouble(ORDER, (ORDER.spec.table_refs or [])[0], lookup)


@pytest.mark.parametrize(("account", "said"), [("123456789012", ""), ("210987654321", "is in account 210987654321")])
def test_a_table_of_another_account_says_so(account: str, said: str) -> None:
    lookup = MicroserviceLookup(user=service("user", tables=[USERS], access=CONSENT))
    table = {"kind": "Table", "name": "users", "id": f"arn:aws:dynamodb:us-east-1:{account}:table/t"}
    lookup.microservices = {("shop", "user"): {"status": {"resources": [table]}}}
    found = trouble(ORDER, (ORDER.spec.table_refs or [])[0], lookup, SITE.account_id)
    assert (said in found) if said else found == ""
