"""The whole adoption: from the Environment's annotation to the table's tags and the role's policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Environment, Identity, Microservice
from microservice_operator.external.identity import table_ref_names
from microservice_operator.external.reconcile import ExternalReconciler
from microservice_operator.external.resource import PreviousStatus
from microservice_operator.facts import Part, Reason, State
from tests.aws.messaging_world import MicroserviceLookup
from tests.aws.test_identity import TABLE, Roles, iam_client, roles
from tests.aws.test_identity_walk import ENVIRONMENT, outside

__all__ = ["iam_client", "roles"]  # fixtures


@dataclass
class Walk:
    """One namespace, one Environment, and what status remembers of each Microservice."""

    roles: Roles
    outside: ExternalReconciler
    consent: str = ""
    deletion: str = ""
    lookup: MicroserviceLookup = field(default_factory=MicroserviceLookup)

    @property
    def environment(self) -> Environment:
        said = {names.ANNOTATION_ADOPT: self.consent, names.ANNOTATION_DELETE_ADOPTED: self.deletion}
        return replace(ENVIRONMENT, annotations=said)

    @property
    def me(self) -> Identity:
        return self.roles.scope.owner.identity

    def known(self, name: str) -> dict[tuple[str, str], str]:
        body = self.lookup.microservices.get(("shop", name), {"status": {"resources": []}})
        return {(entry["kind"], entry["name"]): entry["id"] for entry in body["status"]["resources"]}

    async def drive(self, spec: Mapping[str, Any], identity: Identity | None = None) -> dict[str, Part]:
        identity = identity or self.me
        service = Microservice(identity, 1, MicroserviceSpec.model_validate({"image": "a:1", **spec}))
        self.lookup.parsed["shop", identity.name] = service
        for _ in range(30):
            before = PreviousStatus(self.known(identity.name))
            provided = await self.outside.reconcile(service, self.environment, before, self.lookup)
            listed = [{"kind": part.kind, "name": part.name, "id": part.id} for part in provided.parts]
            self.lookup.microservices["shop", identity.name] = {"status": {"resources": listed}}
            if all(part.state in (State.READY, State.STALLED) for part in provided.parts):
                return {part.kind: part for part in provided.parts}
        raise AssertionError(provided.parts)

    def granted(self) -> set[str]:
        try:
            policy = self.roles.policy()
        except self.roles.client.exceptions.NoSuchEntityException:
            return set()
        return {resource for statement in policy["Statement"] for resource in statement["Resource"]}


@pytest.fixture
def walk(roles: Roles) -> Walk:
    client = roles.world.client
    client.create_table(
        TableName=f"legacy-{roles.scope.owner.identity.name}",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Walk(roles, outside(roles))


def spec(walk: Walk) -> dict[str, Any]:
    return {"tables": [{**TABLE, "adopt": {"name": f"legacy-{walk.me.name}"}}]}


def consent(walk: Walk) -> str:
    return f"shop/{walk.me.name}:tables/legacy-{walk.me.name}"


@pytest.mark.parametrize(
    "said",
    ["", "*", "shop/{0}", "shop/{0}:tables/other", "sales/{0}:tables/legacy-{0}", "shop/{0}:databases/legacy-{0}"],
)
async def test_other_words_are_no_consent_and_the_role_gets_nothing(walk: Walk, said: str) -> None:
    walk.consent = said.format(walk.me.name)
    parts = await walk.drive(spec(walk))
    assert (parts["Table"].reason, parts["Table"].id) == (Reason.ADOPTION_REFUSED, "")
    assert f"add {consent(walk)} to the Environment's annotation" in parts["Table"].message
    assert walk.granted() == set()
    assert "TagResource" not in walk.roles.writes()


@pytest.mark.parametrize("said", ["{0}", "a/b:tables/c,{0}", "a/b:tables/c, {0}", "a/b:tables/c\n{0}\n"])
async def test_consent_among_others_marks_the_table_and_opens_it_to_the_role(walk: Walk, said: str) -> None:
    walk.consent = said.format(consent(walk))
    parts = await walk.drive(spec(walk))
    assert parts["Table"].state is State.READY
    assert parts["Table"].id.endswith(f":table/legacy-{walk.me.name}")
    assert walk.granted() == {parts["Table"].id}
    # what is taken over stays, and stays open, when the annotation is tidied up
    walk.consent = ""
    before = walk.roles.writes()
    assert (await walk.drive(spec(walk)))["Table"].state is State.READY
    assert walk.roles.writes() == before
    assert walk.granted() == {parts["Table"].id}


async def test_another_that_is_admitted_gets_the_table_once_it_is_its_owners(walk: Walk) -> None:
    other = Identity("shop", f"other-of-{walk.me.name}", "uid-of-other")
    ref = {"tableRefs": [{"microservice": walk.me.name, "table": "products"}]}
    owner = {**spec(walk), "access": {"from": [{"microservice": other.name}]}}
    await walk.drive(owner)
    scope = replace(walk.roles.scope, owner=replace(walk.roles.scope.owner, identity=other))
    theirs = replace(walk, roles=replace(walk.roles, world=replace(walk.roles.world, scope=scope)))
    await theirs.drive(ref)
    assert theirs.granted() == set()
    walk.consent = consent(walk)
    table = (await walk.drive(owner))["Table"]
    await theirs.drive(ref)
    assert theirs.granted() == {table.id}
    service = walk.lookup.parsed["shop", other.name]
    table_names = table_ref_names(walk.outside.clients, service, walk.lookup)
    assert table_names == {(walk.me.name, "products"): f"legacy-{walk.me.name}"}


async def deleted(walk: Walk, table: dict[str, Any], known: dict[tuple[str, str], str]) -> Part:
    """Delete the Microservice, with policy Delete for its table."""
    written = {"tables": [{**table, "deletionPolicy": "Delete"}]}
    for _ in range(20):
        leaving = walk.outside.everything(written, walk.environment, known)
        parts = await walk.outside.delete(walk.me, walk.environment, leaving, walk.lookup)
        if all(part.is_over for part in parts):
            return next(part for part in parts if part.kind == "Table")
    raise AssertionError(parts)


async def test_a_deleted_microservice_finds_what_it_took_over_by_its_spec_alone(walk: Walk) -> None:
    walk.consent = walk.deletion = consent(walk)
    await walk.drive(spec(walk))
    assert (await deleted(walk, spec(walk)["tables"][0], {})).reason is Reason.TABLE_DELETED
    assert f"legacy-{walk.me.name}" not in walk.roles.world.client.list_tables()["TableNames"]


@pytest.mark.parametrize("forgotten", [True, False])
@pytest.mark.parametrize("adopts", [True, False])
async def test_consent_to_take_over_is_none_to_delete(walk: Walk, forgotten: bool, adopts: bool) -> None:
    """This holds even if the author removes adopt from the spec before the deletion."""
    walk.consent = consent(walk)
    parts = await walk.drive(spec(walk))
    known = {} if forgotten and adopts else {("Table", "products"): parts["Table"].id}
    table = spec(walk)["tables"][0]
    left = await deleted(walk, table if adopts else {**table, "adopt": None}, known)
    assert (left.state, left.reason) == (State.RETAINED, Reason.TABLE_RETAINED)
    assert f"{names.ANNOTATION_DELETE_ADOPTED} of the Environment does not contain {consent(walk)}" in left.message
    assert [(event.type, event.reason) for event in left.events] == [("Warning", Reason.TABLE_RETAINED)]
    described = walk.roles.world.client.describe_table(TableName=f"legacy-{walk.me.name}")["Table"]
    assert described["DeletionProtectionEnabled"]
