"""The grants of a Microservice's role: only resources with its tags, and no grant is lost after a failed read."""

from collections.abc import Mapping
from typing import Any

import pytest

from microservice_operator.api import parsing
from microservice_operator.api.parsing import Environment, Microservice
from microservice_operator.aws.engine.scope import AwsScope, site
from microservice_operator.aws.iam.service_policy import Granting
from microservice_operator.external.graph import Key
from microservice_operator.external.owned_resources import GRANTED_KINDS, granting, noted
from microservice_operator.external.resource import ReconcileInput
from microservice_operator.external.table_grants import TableGrants, borrowed
from microservice_operator.facts import Event, Part, Reason, State
from microservice_operator.ownership import Owner
from microservice_operator.resync_cache import ResyncCache

KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
TABLE = {"name": "a", "partitionKey": {"name": "id"}}
SPEC = {"tables": [TABLE], "topics": [{"name": "a"}], "queues": [{"name": "a"}]}
CREATED = {"Table": Reason.TABLE_CREATED, "Topic": Reason.MESSAGING_CREATED, "Queue": Reason.MESSAGING_CREATED}
REF = {"microservice": "user", "table": "users"}
USERS = {"name": "users", "partitionKey": {"name": "id"}}
CONSENT = {"from": [{"microservice": "order"}]}
USERS_ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/shop-user-users-1"


class MicroserviceLookup:
    """Other Microservices as they are written."""

    def __init__(self, *bodies: Mapping[str, Any]) -> None:
        self.microservices = {(b["metadata"]["namespace"], b["metadata"]["name"]): b for b in bodies}

    def dependency(self, key: tuple[str, str]) -> tuple[Mapping[str, Any], Microservice | None] | None:
        body = self.microservices.get(key)
        if body is None:
            return None
        try:
            return body, parsing.microservice(body)
        except Exception:  # noqa: BLE001 whatever keeps it from being read
            return body, None


def body(name: str, spec: Any, tables: Mapping[str, str] | None = None) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "uid": f"uid-{name}"}
    resources = [{"kind": "Table", "name": table, "id": arn} for table, arn in (tables or {}).items()]
    return {"metadata": metadata, "spec": spec, "status": {"resources": resources}}


def service(**spec: Any) -> Microservice:
    return parsing.microservice(body("order", {"image": "x:1", **spec}))


def environment() -> Environment:
    aws = {"region": "us-east-1", "accountID": "123456789012", "messagingKeyARN": KEY}
    return parsing.environment({"metadata": {"name": "prod"}, "spec": {"aws": aws}})


def scope(of: Microservice) -> AwsScope:
    owner = Owner("cluster", of.identity)
    return AwsScope(None, "us-east-1", "123456789012", owner, ResyncCache(0))  # type: ignore[arg-type]


def granted(before: Mapping[Key, Part], made: frozenset[Key] = frozenset(), **more: Any) -> Granting:
    of = service(**SPEC)
    wanted = ReconcileInput("service", of, environment(), MicroserviceLookup(), before=before, **more)
    return granting(scope(of), wanted, made)


def part(kind: str, **more: Any) -> Part:
    return Part("AWS", kind, "a", **{"state": State.READY, **more})


def arn(kind: str) -> str:
    everything = granted(
        {(each, "a"): part(each, events=(Event("Normal", CREATED[each], ""),)) for each in GRANTED_KINDS}
    )
    service_of = {"Table": ":dynamodb:", "Topic": ":sns:", "Queue": ":sqs:"}[kind]
    return next(grant.resource for grant in everything.grants if service_of in grant.resource)


LOOKS: dict[str, tuple[dict[str, Any], bool | None]] = {
    "seen": ({"id": "?"}, True),
    "seen earlier, cannot be read": ({"id": "?", "state": State.UNKNOWN, "reason": Reason.AWS_UNAVAILABLE}, True),
    "seen, a change is refused": ({"id": "?", "state": State.STALLED, "reason": Reason.CHANGE_REFUSED}, True),
    "marked as another's": ({"state": State.STALLED, "reason": Reason.CONFLICT}, False),
    "marked as another's by now": ({"id": "?", "state": State.STALLED, "reason": Reason.CONFLICT}, False),
    "known, and all marks taken off": (
        {"id": "?", "state": State.STALLED, "reason": Reason.CONFLICT, "unmarked": True},
        None,
    ),
    "never seen, without any mark": ({"state": State.STALLED, "reason": Reason.CONFLICT, "unmarked": True}, False),
    "not to be taken over": ({"state": State.STALLED, "reason": Reason.ADOPTION_REFUSED}, False),
    "never seen, cannot be read": ({"state": State.UNKNOWN, "reason": Reason.AWS_UNAVAILABLE}, None),
    "never seen, no right to look": ({"state": State.STALLED, "reason": Reason.ACCESS_DENIED}, None),
    "being created, by an unknown process": ({"state": State.PROGRESSING, "reason": Reason.TABLE_CREATING}, None),
}


@pytest.mark.parametrize("kind", GRANTED_KINDS)
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("rolled_out", [True, False])
def test_a_read_grants_keeps_or_withdraws(kind: str, look: str, rolled_out: bool) -> None:
    fields, answer = LOOKS[look]
    resource_arn = arn(kind)
    seen = part(kind, **{**fields, **({"id": resource_arn} if fields.get("id") else {})})
    grants = granted({(kind, "a"): seen}, rolled_out=rolled_out)
    assert (resource_arn in {grant.resource for grant in grants.grants}) is (answer is True)
    assert (resource_arn in grants.unsure) is (answer is None)
    assert (resource_arn in grants.former) is (not rolled_out and answer is not False)


@pytest.mark.parametrize("kind", GRANTED_KINDS)
def test_a_new_resource_is_granted_until_a_read_contradicts(kind: str) -> None:
    at, created = arn(kind), part(kind, state=State.PROGRESSING, events=(Event("Normal", CREATED[kind], ""),))
    assert dict(noted("uid", {(kind, "a"): created})) == {("uid", (kind, "a")): True}
    assert at in {g.resource for g in granted({(kind, "a"): created}).grants}
    creating, made = part(kind, state=State.PROGRESSING), frozenset({(kind, "a")})
    assert dict(noted("uid", {(kind, "a"): creating})) == {}
    assert at in {g.resource for g in granted({(kind, "a"): creating}, made).grants}
    foreign = part(kind, state=State.STALLED, reason=Reason.CONFLICT)
    assert dict(noted("uid", {(kind, "a"): foreign})) == {("uid", (kind, "a")): False}
    assert at not in {g.resource for g in granted({(kind, "a"): foreign}, made).grants}


def test_the_key_of_messages_comes_with_what_it_encrypts() -> None:
    assert {g.resource for g in granted({}).grants} == set()
    assert KEY in granted({}).unsure
    queue = {("Queue", "a"): part("Queue", id=arn("Queue"))}
    assert KEY in {g.resource for g in granted(queue).grants}
    conflict = {(kind, "a"): part(kind, reason=Reason.CONFLICT) for kind in GRANTED_KINDS}
    assert granted(conflict) == Granting()


def test_what_left_the_spec_is_kept_until_the_rollout_is_complete() -> None:
    left = {("Table", "gone"): "arn:of:gone"}
    assert "arn:of:gone" in granted({}, remembered=left, rolled_out=False).former
    assert granted({}, remembered=left).former == frozenset()


def lent(*others: Mapping[str, Any], **spec: Any) -> TableGrants:
    of = service(**(spec or {"tableRefs": [REF]}))
    here = scope(of)
    return borrowed(here.owner, site(here), of, MicroserviceLookup(*others))


ADMITS: Mapping[str, Any] = {"image": "x:1", "tables": [USERS], "access": CONSENT}
OF_USER = "arn:aws:dynamodb:us-east-1:123456789012:table/" + Owner(
    "cluster", parsing.Identity("shop", "user", "")
).name("users", 255)
REFS: dict[str, tuple[tuple[Mapping[str, Any], ...], bool | None]] = {
    "its owner grants it to us": ((body("user", ADMITS, {"users": OF_USER}),), True),
    "its owner has none yet": ((body("user", ADMITS),), None),
    "no such Microservice at the moment": ((), None),
    "its owner cannot be read": ((body("user", {**ADMITS, "nonsense": 1}, {"users": OF_USER}),), None),
    "its owner has no spec": ((body("user", None, {"users": OF_USER}),), None),
    "its access cannot be read": ((body("user", {**ADMITS, "access": 5}, {"users": OF_USER}),), None),
    "its owner grants it to others": ((body("user", {**ADMITS, "access": {"from": []}}, {"users": OF_USER}),), False),
    "its owner grants it to no Microservice": (
        (body("user", {"image": "x:1", "tables": [USERS]}, {"users": OF_USER}),),
        False,
    ),
    "its owner no longer declares it": ((body("user", {**ADMITS, "tables": []}, {"users": OF_USER}),), False),
}


@pytest.mark.parametrize("case", REFS)
def test_a_table_of_another_is_lent_kept_or_withdrawn(case: str) -> None:
    others, answer = REFS[case]
    grants = lent(*others)
    assert {one.arn for one in grants.tables.values()} == ({OF_USER} if answer else set())
    assert grants.unsure == ({OF_USER} if answer is None else set())
    assert grants.refused == ({OF_USER} if answer is False else set())


def test_a_ref_that_left_the_spec_is_kept_while_its_owner_admits() -> None:
    admitting, closed = body("user", ADMITS, {"users": USERS_ARN}), body("user", {"image": "x:1"}, {"users": USERS_ARN})
    assert lent(admitting, tables=[TABLE]).former == {USERS_ARN}
    assert lent(closed, tables=[TABLE]).former == frozenset()
