"""For every valid Microservice, its role allows only the listed actions on the declared resources."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.api.environment import AWS
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Identity, Microservice
from microservice_operator.aws.engine.arns import Site, arns
from microservice_operator.aws.engine.policy_documents import normalised, same_policy, text
from microservice_operator.aws.engine.rules import Change
from microservice_operator.aws.iam.service_policy import (
    INDEX_ACTIONS,
    KEY_ACTIONS,
    QUEUE_ACTIONS,
    SIZE_LIMIT,
    STREAM_ACTIONS,
    TABLE_ACTIONS,
    TOPIC_ACTIONS,
    Grant,
    Granting,
    document,
    excess,
    granted,
    grants,
)
from microservice_operator.aws.iam.trust import trust
from microservice_operator.ownership import Owner

ACCESS = ("ReadWrite", "ReadOnly", "WriteOnly")
TABLES = (TABLE_ACTIONS, INDEX_ACTIONS, STREAM_ACTIONS)
CLOSED = {action for table in TABLES for actions in table.values() for action in actions}
CLOSED |= {*TOPIC_ACTIONS, *QUEUE_ACTIONS, *KEY_ACTIONS}
# What makes, alters or drops things, or hands rights on; none of it is ever a service's.
CONTROL = re.compile(
    r":(Create|Delete(Table|Backup|Resource|Topic|Queue)|Purge|Set|Add|Remove|Subscribe|Update(Table|Cont|TimeToLive)|Put(Res|Role)|Tag|Untag)"
)

NAME = st.from_regex(r"[a-z](-?[a-z0-9]){0,19}", fullmatch=True) | st.just("a" * 40)
INDEX = {"name": "byAge", "partitionKey": {"name": "age"}}
TABLE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": NAME, "partitionKey": st.just({"name": "id"})},
    optional={
        "access": st.sampled_from(ACCESS),
        "streamViewType": st.just("KeysOnly"),
        "globalSecondaryIndexes": st.just([INDEX]),
    },
)
PART: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({"name": NAME}, optional={"fifo": st.booleans()})
PARTS = st.lists(PART, max_size=8, unique_by=lambda part: part["name"])
SPEC: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"image": st.just("shop/x:1")},
    optional={
        "tables": st.lists(TABLE, max_size=32, unique_by=lambda table: table["name"]),
        "topics": PARTS,
        "queues": PARTS,
    },
)
IDENTITY = st.builds(Identity, NAME | st.just("n" * 63), NAME, st.just("uid"))


def parsed(spec: dict[str, Any], identity: Identity) -> tuple[Microservice, Site]:
    owner = Owner("0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11", identity)
    service = Microservice(identity, 1, MicroserviceSpec.model_validate(spec))
    return service, Site("us-east-1", "123456789012", owner.cluster, owner.name)


@given(spec=SPEC, identity=IDENTITY)
def test_a_policy_holds_nothing_but_what_is_declared(spec: dict[str, Any], identity: Identity) -> None:
    service, site = parsed(spec, identity)
    exact = arns(site, service)
    granted = grants(service.spec, exact)
    policy = document(granted)
    if not granted:
        assert not any((service.spec.tables, service.spec.topics, service.spec.queues))
        assert policy is None
        return
    assert policy is not None
    assert excess(policy) or len(text(policy)) <= SIZE_LIMIT
    declared = {(action, grant.resource) for grant in granted for action in grant.actions}
    said = {(a, r) for s in policy["Statement"] for a in s["Action"] for r in s["Resource"]}
    assert said == declared
    assert {s["Effect"] for s in policy["Statement"]} == {"Allow"}
    for action, resource in said:
        assert action in CLOSED
        assert "*" not in action
        assert not CONTROL.search(action)
        bare = re.sub(r"/(index|stream)/\*$", "", resource)
        assert bare in exact.values()
        assert "*" not in bare
    for grant in granted:
        match = re.fullmatch(r"spec\.(tables|topics|queues)\[(\d+)\]", grant.at)
        assert match
        assert getattr(service.spec, match.group(1))[int(match.group(2))].name in grant.because


def test_the_closed_table_holds_no_wildcard_and_nothing_that_can_lose_a_table() -> None:
    assert all(set(table) == set(ACCESS) for table in TABLES)
    assert not [action for action in CLOSED if "*" in action or CONTROL.search(action)]


@pytest.mark.parametrize(
    ("access", "may", "may_not"),
    [
        ("ReadOnly", {"GetItem", "Query", "Scan"}, {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}),
        ("WriteOnly", {"PutItem", "UpdateItem", "DeleteItem"}, {"GetItem", "Query", "Scan", "BatchGetItem"}),
        ("ReadWrite", {"GetItem", "PutItem"}, {"DeleteTable"}),
    ],
)
def test_access_is_what_it_says(access: str, may: set[str], may_not: set[str]) -> None:
    spec = {"image": "x", "tables": [{"name": "t", "partitionKey": {"name": "id"}, "access": access}]}
    service, site = parsed(spec, Identity("shop", "x", "u"))
    policy = document(grants(service.spec, arns(site, service)))
    assert policy is not None
    actions = {action.partition(":")[2] for s in policy["Statement"] for action in s["Action"]}
    assert may <= actions
    assert not may_not & actions


@given(policy=st.permutations(["c", "a", "b"]))
def test_order_and_repetition_say_nothing(policy: list[str]) -> None:
    one = {"Version": "1", "Statement": [{"Action": [*policy, "a"], "Resource": "r"}, {"Action": "z"}]}
    other = {"Statement": [{"Action": ["z"]}, {"Resource": ["r"], "Action": ["a", "b", "c"]}], "Version": "1"}
    assert normalised(one) == normalised(other)
    assert same_policy(one, other) is None


@pytest.mark.parametrize(
    "other",
    [
        None,
        {},
        {"Statement": [{"Action": ["a"], "Resource": ["r", "s"]}]},
        {"Statement": [{"Action": ["a"], "Resource": ["r"], "Condition": {"Bool": {"x": True}}}]},
        {"Statement": [{"Action": ["A"], "Resource": ["r"]}]},
    ],
)
def test_what_says_something_else_is_replaced_as_a_whole(other: dict[str, Any] | None) -> None:
    wanted = {"Statement": [{"Action": ["a"], "Resource": ["r"]}]}
    assert same_policy(wanted, other) == Change(wanted)


def test_a_truth_is_a_word_to_aws() -> None:
    assert normalised({"Bool": True}) == normalised({"Bool": ["true"]})


@given(identity=IDENTITY, kind=st.sampled_from(["PodIdentity", "IRSA"]))
def test_trust_is_always_for_one_service_account(identity: Identity, kind: str) -> None:
    provider = "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/A"
    given_roles = {"type": kind} | ({"clusterName": "prod"} if kind == "PodIdentity" else {"oidcProviderARN": provider})
    aws = AWS.model_validate({"region": "us-east-1", "accountID": "123456789012", "identity": given_roles})
    assert aws.identity is not None
    (statement,) = trust(aws, aws.identity, identity)["Statement"]
    assert "*" not in json.dumps(statement)
    assert set(statement["Condition"]) == {"StringEquals"}
    said = set(statement["Condition"]["StringEquals"].values())
    subject = f"system:serviceaccount:{identity.namespace}:{identity.name}"
    assert {identity.namespace, identity.name} <= said or subject in said


ON = "arn:aws:dynamodb:us-east-1:123456789012:table/x"
SURE = Grant(("dynamodb:GetItem",), ON.replace("/x", "/sure"), "", "")


def allows(resource: Any, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def statements(*found: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(found)}


@pytest.mark.parametrize("field", ["unsure", "former"])
@pytest.mark.parametrize("resource", [ON, f"{ON}/index/*", f"{ON}/stream/*"])
def test_what_was_granted_stays_where_nobody_can_tell_or_former_pods_run(field: str, resource: str) -> None:
    desired = Granting((SURE,), **{field: frozenset({ON})})
    there = statements(allows(resource, "dynamodb:Query"), allows(SURE.resource, "dynamodb:GetItem"))
    assert granted(desired, there) is None
    assert granted(Granting((SURE,)), there) == Change(document([SURE]))


def test_nothing_is_kept_that_was_not_granted_or_that_no_declaration_grants() -> None:
    desired = Granting((SURE,), unsure=frozenset({ON}))
    only = Change(document([SURE]))
    assert granted(desired, None) == only
    assert granted(desired, statements(allows(ON.replace("/x", "/y"), "dynamodb:GetItem"))) == only
    assert granted(desired, statements(allows(ON, "dynamodb:DeleteTable", "*"))) == only
    assert granted(desired, statements(allows("*", "dynamodb:GetItem"))) == only
    assert granted(Granting(), None) is None


def test_former_rights_make_room_for_new_ones() -> None:
    """IAM allows 10,240 characters: a rollout that waited for space would never end."""
    new = tuple(Grant(("dynamodb:GetItem",), f"{ON}-new-{number}", "", "") for number in range(100))
    old = frozenset(f"{ON}-old-{number}" for number in range(100))
    before = document([Grant(("dynamodb:PutItem",), arn, "", "") for arn in sorted(old)])
    assert before is not None
    assert not excess(document(new))
    assert not excess(before)
    changed = granted(Granting(new, former=old), before)
    assert changed == Change(document(new))
    assert granted(Granting(new, former=old), document(new)) is None
