"""Role, association and table of one Microservice in reconciliations: created, reduced and deleted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.environment import EnvironmentSpec
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Microservice
from microservice_operator.aws.dynamodb.tables import table_name
from microservice_operator.aws.engine.arns import table_arn
from microservice_operator.aws.engine.scope import site
from microservice_operator.external.clients import ExternalClients
from microservice_operator.external.identity import identity_wait
from microservice_operator.external.reconcile import ExternalReconciler, ExternalState
from microservice_operator.external.resource import PreviousStatus
from microservice_operator.facts import Part, Reason, Section, State
from microservice_operator.ownership import Owner
from microservice_operator.resync_cache import ResyncCache
from tests.aws.conftest import ACCOUNT, REGION
from tests.aws.test_identity import POD_IDENTITY, TABLE, Roles, drive, iam_client, roles, wanted
from tests.fakes.aws.proxy import Fault, refusal
from tests.fakes.aws.strict import StrictDynamoDB

__all__ = ["iam_client", "roles"]  # fixtures
ENVIRONMENT = Environment(
    "prod",
    EnvironmentSpec.model_validate({"aws": {"region": REGION, "accountID": ACCOUNT, "identity": POD_IDENTITY}}),
)
Known = Mapping[tuple[str, str], str]


class MicroserviceLookup:
    """Other Microservices, by name, and the ids of their tables."""

    def __init__(self, ids: Mapping[str, str] | None = None, **others: Microservice) -> None:
        self._others = others
        resources = [{"kind": "Table", "name": name, "id": arn} for name, arn in (ids or {}).items()]
        self.microservices: Mapping[tuple[str, str], Mapping[str, Any]] = {
            (other.namespace, name): {"spec": other.spec.manifest(), "status": {"resources": resources}}
            for name, other in others.items()
        }

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice] | None:
        return ({}, self._others[key[1]]) if key[1] in self._others else None


def outside(roles: Roles) -> ExternalReconciler:
    return ExternalReconciler(
        ExternalClients(
            cluster=None,  # type: ignore[arg-type]
            cluster_id="cluster",
            aws=roles.scope.clients,
            servers=None,  # type: ignore[arg-type]
            resync_cache=ResyncCache(0),
            resync=300,
        )
    )


async def provided(
    roles: Roles,
    tables: list[dict[str, Any]],
    known: Known,
    environment: Environment = ENVIRONMENT,
    tags: Mapping[str, str] | None = None,
) -> ExternalState:
    """Reconcile until nothing changes."""
    spec = MicroserviceSpec.model_validate({"image": "product:1", "tables": tables, "tags": tags})
    service = Microservice(roles.scope.owner.identity, 1, spec)
    world = outside(roles)
    for _ in range(30):
        last = await world.reconcile(service, environment, PreviousStatus(known), MicroserviceLookup())
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


# Tags of the Environment and of the Microservice, and the tags that its role and its table have then.
TAGS: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str], dict[str, str]]] = {
    "none": ({}, {}, {}, {}),
    "the Environment's": ({"team": "shop"}, {}, {"team": "shop"}, {"team": "shop"}),
    "the Microservice's": ({}, {"unit": "sales"}, {}, {"unit": "sales"}),
    "of both": ({"team": "shop"}, {"unit": "sales"}, {"team": "shop"}, {"team": "shop", "unit": "sales"}),
    "a key of both": ({"team": "shop"}, {"team": "payments"}, {"team": "shop"}, {"team": "shop"}),
}


def plain(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith(names.GROUP)}


@pytest.mark.parametrize("case", TAGS)
async def test_a_microservice_chooses_no_principal_tags(roles: Roles, case: str) -> None:
    shared, own, expected, on_the_table = TAGS[case]
    aws = {"region": REGION, "accountID": ACCOUNT, "identity": POD_IDENTITY}
    environment = Environment("prod", EnvironmentSpec.model_validate({"aws": aws, "tags": shared}))
    # an earlier version gave the role all tags
    await drive(roles, wanted(roles, tags={**shared, **own}))
    made = await provided(roles, [TABLE], {}, environment, own)
    assert plain(roles.tags()) == plain(roles.association()["tags"]) == expected
    listed = roles.world.client.list_tags_of_resource(ResourceArn=made.of("Table")[0].id)["Tags"]
    assert plain({tag["Key"]: tag["Value"] for tag in listed}) == on_the_table
    writes = len(roles.writes())
    await provided(roles, [TABLE], ids(made.parts), environment, own)
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
    world, owner = outside(roles), roles.scope.owner.identity
    spec = {"tables": [{"name": "products", "deletionPolicy": "Delete"}]}
    leaving = world.everything(spec, ENVIRONMENT, {})
    for _ in range(20):
        parts = await world.delete(owner, ENVIRONMENT, leaving, MicroserviceLookup())
        if all(part.is_over for part in parts):
            break
    assert {part.state for part in parts} == {State.READY}
    names = [role["RoleName"] for role in roles.client.list_roles()["Roles"]]
    assert site(roles.scope).role_name not in names
    assert not roles.eks.associations


async def test_consent_that_is_withdrawn_takes_the_right_and_not_the_role(roles: Roles) -> None:
    me = roles.scope.owner.identity
    ref = {"microservice": "user", "table": "users"}
    spec = MicroserviceSpec.model_validate({"image": "product:1", "tableRefs": [ref]})
    service = Microservice(me, 1, spec)
    table = {"name": "users", "partitionKey": {"name": "id"}}
    consent = {"from": [{"microservice": me.name}]}
    owner = MicroserviceSpec.model_validate({"image": "user:1", "tables": [table], "access": consent})
    lender = Microservice(replace(me, name="user", uid="u"), 1, owner)
    closed = replace(lender, spec=owner.model_copy(update={"access": None}))
    world = outside(roles)
    theirs = {"users": table_arn(site(replace(roles.scope, owner=world.clients.owner(lender.identity))), "users")}
    for lookup in (
        MicroserviceLookup(theirs, user=lender),
        MicroserviceLookup(theirs, user=closed),
        MicroserviceLookup(theirs, user=lender),
    ):
        roles.world.proxy.calls.clear()
        for _ in range(5):
            last = await world.reconcile(service, ENVIRONMENT, PreviousStatus({}), lookup)
        assert {part.state for part in last.parts} == {State.READY}
        policies = roles.client.list_role_policies(RoleName=site(roles.scope).role_name)["PolicyNames"]
        assert policies == ([] if lookup.dependency(("", "user")) == ({}, closed) else ["declared"])
    (statement,) = roles.policy()["Statement"]
    assert statement["Resource"][0].partition(":table/shop-user-users-")[1]


def foreign(roles: Roles, uid: str) -> str:
    """A table of the same name, left behind by an abandoned Microservice."""
    owner = roles.scope.owner
    name = table_name(roles.scope, "products")
    left = Owner(owner.cluster, replace(owner.identity, uid=uid))
    roles.world.client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": key, "Value": value} for key, value in left.marks.items()],
    )
    return name


def service(roles: Roles, *tables: dict[str, Any]) -> Microservice:
    spec = {"image": "product:1", "tables": list(tables)}
    return Microservice(roles.scope.owner.identity, 1, MicroserviceSpec.model_validate(spec))


def granted(roles: Roles) -> set[str]:
    """ARNs that the role may access."""
    role = site(roles.scope).role_name
    if not roles.client.list_role_policies(RoleName=role)["PolicyNames"]:
        return set()
    return {r for s in roles.policy()["Statement"] for r in s["Resource"]}


async def test_a_table_of_the_right_name_that_is_anothers_is_not_granted(roles: Roles) -> None:
    foreign(roles, "former")
    world = outside(roles)
    known: Known = {}
    for _ in range(6):
        last = await world.reconcile(service(roles, TABLE), ENVIRONMENT, PreviousStatus(known), MicroserviceLookup())
        known = ids(last.parts)
    assert [part.reason for part in last.of("Table")] == [Reason.CONFLICT]
    assert granted(roles) == set()


async def test_a_right_goes_at_once_when_a_table_is_certainly_anothers_and_stays_when_nobody_can_tell(
    roles: Roles,
) -> None:
    made = await provided(roles, [TABLE], {})
    arn = made.of("Table")[0].id
    roles.world.proxy.faults = [Fault("DescribeTable", refusal("InternalServerError", "oops", 500))]
    for known in (ids(made.parts), {}):  # also if status has forgotten
        unsure = await outside(roles).reconcile(
            service(roles, TABLE), ENVIRONMENT, PreviousStatus(known), MicroserviceLookup()
        )
        assert [part.reason for part in unsure.of("Table")] == [Reason.AWS_UNAVAILABLE]
        assert granted(roles) == {arn}
    roles.world.proxy.faults = []
    tags = [{"Key": names.TAG_UID, "Value": "another"}]
    roles.world.client.tag_resource(ResourceArn=arn, Tags=tags)
    taken = await outside(roles).reconcile(
        service(roles, TABLE), ENVIRONMENT, PreviousStatus(ids(made.parts)), MicroserviceLookup()
    )
    assert [part.reason for part in taken.of("Table")] == [Reason.CONFLICT]
    assert granted(roles) == set()


async def test_what_leaves_the_spec_stays_granted_until_the_rollout_is_complete(roles: Roles) -> None:
    prices = {**TABLE, "name": "prices"}
    made = await provided(roles, [TABLE, prices], {})
    both = granted(roles)
    assert len(both) == 2
    less = service(roles, {**TABLE, "access": "ReadOnly"})
    before = PreviousStatus(ids(made.parts), rolled_out=False)
    world = outside(roles)
    for _ in range(4):
        during = await world.reconcile(less, ENVIRONMENT, before, MicroserviceLookup())
    assert during.kept
    assert granted(roles) == both
    assert any("dynamodb:PutItem" in s["Action"] for s in roles.policy()["Statement"])
    for _ in range(4):
        after = await world.reconcile(less, ENVIRONMENT, replace(before, rolled_out=True), MicroserviceLookup())
    assert not after.kept
    assert granted(roles) == {made.of("Table")[1].id}
    assert not any("dynamodb:PutItem" in s["Action"] for s in roles.policy()["Statement"])


async def test_a_table_is_granted_from_the_moment_at_which_it_is_made(roles: Roles) -> None:
    """AWS shows a policy before it is effective everywhere, so pods would start too early."""
    roles.world.proxy.layers["dynamodb"] = StrictDynamoDB(looks=50)
    world = outside(roles)
    known: Known = {}
    for _ in range(3):
        last = await world.reconcile(service(roles, TABLE), ENVIRONMENT, PreviousStatus(known), MicroserviceLookup())
        known = ids(last.parts)
    assert [part.reason for part in last.of("Table")] == [Reason.TABLE_CREATING]
    assert granted(roles) == {table_arn(site(roles.scope), "products")}
