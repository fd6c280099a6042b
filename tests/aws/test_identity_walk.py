"""Role, association and table of one Microservice as the walk takes them: there, fewer, and gone."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.objects import Environment, Microservice
from microservice_operator.cloud.iam_roles import site
from microservice_operator.facts import Part, Section, State
from microservice_operator.outside import Before, Outside, Provided, identity_wait, is_over
from microservice_operator.settled import Settled
from tests.aws.conftest import ACCOUNT, REGION
from tests.aws.test_identity import POD_IDENTITY, TABLE, Roles, iam_client, roles

__all__ = ["iam_client", "roles"]  # fixtures
ENVIRONMENT = Environment(
    "prod",
    EnvironmentSpec.model_validate({"aws": {"region": REGION, "accountID": ACCOUNT, "identity": POD_IDENTITY}}),
)
Known = Mapping[tuple[str, str], str]


class Neighbours:
    """Other Microservices, by name."""

    microservices: Mapping[tuple[str, str], Mapping[str, Any]] = {}

    def __init__(self, **others: Microservice) -> None:
        self._others = others

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice] | None:
        return ({}, self._others[key[1]]) if key[1] in self._others else None


def outside(roles: Roles) -> Outside:
    return Outside(
        cluster=None,  # type: ignore[arg-type]
        cluster_id="cluster",
        clients=roles.place.clients,
        servers=None,  # type: ignore[arg-type]
        settled=Settled(0),
        resync=300,
    )


async def provided(roles: Roles, tables: list[dict[str, Any]], known: Known) -> Provided:
    """Pass after pass until all is quiet."""
    spec = MicroserviceSpec.model_validate({"image": "product:1", "tables": tables})
    service = Microservice(roles.place.owner.identity, 1, spec)
    world = outside(roles)
    for _ in range(30):
        last = await world.provide(service, ENVIRONMENT, Before(known), Neighbours())
        known = {(part.kind, part.name): part.id for part in last.parts}
        if all(part.state in (State.READY, State.RETAINED) for part in last.parts):
            return last
    raise AssertionError(last.parts)


def ids(parts: tuple[Part, ...]) -> dict[tuple[str, str], str]:
    return {(part.kind, part.name): part.id for part in parts}


async def test_there_and_quiet(roles: Roles) -> None:
    made = await provided(roles, [TABLE], {})
    assert set(ids(made.parts)) == {("Role", "service"), ("PodIdentityAssociation", "service"), ("Table", "products")}
    assert identity_wait(made.sections[Section.IDENTITY]) == ""
    (table,) = (part for part in made.parts if part.kind == "Table")
    assert {r for s in roles.policy()["Statement"] for r in s["Resource"]} == {table.id}
    writes = len(roles.writes())
    await provided(roles, [TABLE], ids(made.parts))
    assert len(roles.writes()) == writes


async def test_the_last_declaration_takes_the_role_with_it_and_leaves_the_table(roles: Roles) -> None:
    made = await provided(roles, [TABLE], {})
    left = await provided(roles, [], ids(made.parts))
    assert not left.parts
    assert not roles.eks.associations
    assert roles.writes()[-1] == "DeleteRole"
    assert roles.world.client.describe_table(TableName=made.of("Table")[0].id.rpartition("/")[2])


async def test_deleted_with_the_microservice_even_if_status_has_forgotten(roles: Roles) -> None:
    await provided(roles, [{**TABLE, "deletionPolicy": "Delete", "deletionProtection": False}], {})
    world, owner = outside(roles), roles.place.owner.identity
    spec = {"tables": [{"name": "products", "deletionPolicy": "Delete"}]}
    leaving = world.everything(spec, ENVIRONMENT, {})
    for _ in range(20):
        parts = await world.leave(owner, ENVIRONMENT, leaving, Neighbours())
        if all(is_over(part) for part in parts):
            break
    assert {part.state for part in parts} == {State.READY}
    names = [role["RoleName"] for role in roles.client.list_roles()["Roles"]]
    assert site(roles.place).role_name not in names
    assert not roles.eks.associations


async def test_consent_that_is_withdrawn_takes_the_right_and_not_the_role(roles: Roles) -> None:
    me = roles.place.owner.identity
    ref = {"microservice": "user", "table": "users"}
    spec = MicroserviceSpec.model_validate({"image": "product:1", "tableRefs": [ref]})
    service = Microservice(me, 1, spec)
    table = {"name": "users", "partitionKey": {"name": "id"}}
    consent = {"from": [{"microservice": me.name}]}
    owner = MicroserviceSpec.model_validate({"image": "user:1", "tables": [table], "access": consent})
    lender = Microservice(replace(me, name="user", uid="u"), 1, owner)
    closed = replace(lender, spec=owner.model_copy(update={"access": None}))
    world = outside(roles)
    for neighbours in (Neighbours(user=lender), Neighbours(user=closed), Neighbours(user=lender)):
        roles.world.proxy.calls.clear()
        for _ in range(5):
            last = await world.provide(service, ENVIRONMENT, Before({}), neighbours)
        assert {part.state for part in last.parts} == {State.READY}
        policies = roles.client.list_role_policies(RoleName=site(roles.place).role_name)["PolicyNames"]
        assert policies == ([] if neighbours.dependency(("", "user")) == ({}, closed) else ["declared"])
    (statement,) = roles.policy()["Statement"]
    assert statement["Resource"][0].partition(":table/shop-user-users-")[1]
