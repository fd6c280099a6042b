"""A Microservice's role and its association: created, each field changed, deleted, against the strict layer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from microservice_operator.api.environment import AWS
from microservice_operator.api.microservice import MicroserviceSpec
from microservice_operator.api.parsing import Microservice
from microservice_operator.aws.engine.arns import MESSAGING_KEY, TABLE_KEY, arns
from microservice_operator.aws.engine.call import AssumedRole
from microservice_operator.aws.engine.scope import AwsScope, site
from microservice_operator.aws.iam.roles import (
    DesiredIdentity,
    credentials_usable,
    delete_identity,
    reconcile_identity,
)
from microservice_operator.aws.iam.service_policy import Granting, grants
from microservice_operator.facts import Part, Reason, State
from microservice_operator.resources import Removal
from microservice_operator.resync_cache import ResyncCache
from tests.aws.conftest import ACCOUNT, REGION, World
from tests.fakes.aws.eks import PodIdentity
from tests.fakes.aws.iam import StrictIAM
from tests.fakes.aws.proxy import Fault, xml_refusal
from tests.fakes.aws.sts import StrictSTS

OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/ABC"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
POD_IDENTITY: dict[str, Any] = {"type": "PodIdentity", "clusterName": "prod"}
IRSA: dict[str, Any] = {"type": "IRSA", "oidcProviderARN": OIDC}
TABLE: dict[str, Any] = {"name": "products", "partitionKey": {"name": "id"}}
IN_ORDER = ["CreateRole", "PutRolePolicy", "CreatePodIdentityAssociation"]


@dataclass
class Roles:
    """A Microservice's AWS scope, with the two AWS services of its role."""

    world: World
    iam: StrictIAM
    eks: PodIdentity
    client: Any  # straight to the emulator: somebody else's hands

    @property
    def scope(self) -> AwsScope:
        return self.world.scope

    def writes(self) -> list[str]:
        return self.world.proxy.writes()

    def role(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_role(RoleName=site(self.scope).role_name)["Role"]
        return found

    def tags(self) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.role()["Tags"]}

    def policy(self) -> dict[str, Any]:
        answer = self.client.get_role_policy(RoleName=site(self.scope).role_name, PolicyName="declared")
        found: dict[str, Any] = answer["PolicyDocument"]
        return found

    def association(self) -> dict[str, Any]:
        (found,) = self.eks.associations.values()
        return found


@pytest.fixture(scope="session")
def iam_client(doors: World) -> Iterator[Any]:
    client = boto3.client("iam", region_name=REGION, endpoint_url=doors.proxy.upstream)
    client.list_roles()
    yield client
    client.close()


@pytest.fixture
def roles(world: World, iam_client: Any) -> Iterator[Roles]:
    iam, eks = StrictIAM(), PodIdentity()
    world.proxy.layers = {"iam": iam, "eks": eks}
    yield Roles(world, iam, eks, iam_client)
    world.proxy.layers = {}


def wanted(roles: Roles, identity: dict[str, Any] = POD_IDENTITY, **more: Any) -> DesiredIdentity:
    spec = {"image": "shop/product:1", "tables": [TABLE], **more.pop("spec", {})}
    aws = AWS.model_validate({"region": REGION, "accountID": ACCOUNT, "identity": identity, **more.pop("aws", {})})
    service = Microservice(roles.scope.owner.identity, 1, MicroserviceSpec.model_validate(spec))
    keys = {MESSAGING_KEY: aws.messaging_key_arn, TABLE_KEY: aws.table_key_arn}
    named = arns(site(roles.scope), service, keys)
    granting = more.pop("granting", None) or Granting(grants(service.spec, named))
    return DesiredIdentity(service, aws, granting=granting, **more)


async def drive(roles: Roles, want: DesiredIdentity, reconciliations: int = 20) -> tuple[Part, ...]:
    """Reconcile until nothing changes; each reconciliation takes at most one step for each of the two."""
    for _ in range(reconciliations):
        before = len(roles.writes())
        parts = await reconcile_identity(roles.scope, want)
        assert len(roles.writes()) - before <= len(parts)
        if all(part.state is State.READY for part in parts) or any(part.state is State.STALLED for part in parts):
            return parts
        assert all(part.after for part in parts if part.state is not State.READY), parts
        roles.world.now[0] += max(part.after or 0 for part in parts)
        want = replace(want, known={part.kind: part.id for part in parts})
    raise AssertionError(parts)


def removal(known: dict[str, str] | None = None) -> Removal:
    return Removal("service", "Delete", known or {})


async def leave(roles: Roles, leaving: Removal, reconciliations: int = 20) -> tuple[Part, ...]:
    for _ in range(reconciliations):
        before = len(roles.writes())
        parts = await delete_identity(roles.scope, leaving, "prod")
        assert len(roles.writes()) - before <= 1
        if all(part.state in (State.READY, State.RETAINED) for part in parts):
            return parts
    raise AssertionError(parts)


def made(roles: Roles) -> list[str]:
    return [call for _, call, code in roles.world.heard if code == "OK" and call in IN_ORDER]


async def test_a_role_is_made_bounded_and_marked_from_the_first_moment(roles: Roles) -> None:
    want = wanted(roles, tags={"team": "shop"}, aws={"permissionsBoundaryARN": BOUNDARY})
    first, waiting = await reconcile_identity(roles.scope, want)
    assert (waiting.state, waiting.reason) == (State.PROGRESSING, Reason.IDENTITY_CREATING)
    assert not credentials_usable((first, waiting))
    assert (first.state, first.reason, first.id) == (State.PROGRESSING, Reason.IDENTITY_CREATING, "")
    role = roles.role()
    assert role["Path"] == "/microservice-operator/cluster/"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    assert roles.tags().items() >= {**roles.scope.owner.marks, "team": "shop"}.items()
    parts = await drive(roles, want)
    assert [part.kind for part in parts] == ["Role", "PodIdentityAssociation"]
    assert parts[0].id == role["Arn"] == site(roles.scope).role_arn
    assert made(roles) == IN_ORDER


async def test_only_pods_of_the_service_in_this_cluster_may_take_the_role(roles: Roles) -> None:
    await drive(roles, wanted(roles))
    (statement,) = roles.role()["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert sorted(statement["Action"]) == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod",
        "aws:RequestTag/kubernetes-namespace": "shop",
        "aws:RequestTag/kubernetes-service-account": roles.scope.owner.identity.name,
    }
    association = roles.association()
    assert association["roleArn"] == roles.role()["Arn"]
    assert association["serviceAccount"] == roles.scope.owner.identity.name
    assert association["tags"].items() >= roles.scope.owner.marks.items()


async def test_irsa_names_one_subject_and_one_audience_and_needs_no_association(roles: Roles) -> None:
    (part,) = await drive(roles, wanted(roles, IRSA))
    assert part.state is State.READY
    (statement,) = roles.role()["AssumeRolePolicyDocument"]["Statement"]
    issuer = OIDC.partition("oidc-provider/")[2]
    assert statement["Principal"] == {"Federated": OIDC}
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert statement["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": f"system:serviceaccount:shop:{roles.scope.owner.identity.name}",
        }
    }
    assert not roles.eks.associations


async def test_without_a_declaration_or_an_identity_no_role_is_made(roles: Roles) -> None:
    assert await reconcile_identity(roles.scope, wanted(roles, spec={"tables": None})) == ()
    bare = wanted(roles)
    bare = replace(bare, aws=bare.aws.model_copy(update={"identity": None}))
    assert await reconcile_identity(roles.scope, bare) == ()
    assert roles.world.proxy.calls == []


CHANGES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "tags": ({"tags": {"team": "shop"}}, ["TagRole", "TagResource"]),
    "boundary": ({"aws": {"permissionsBoundaryARN": BOUNDARY}}, ["PutRolePermissionsBoundary"]),
    "access": ({"spec": {"tables": [{**TABLE, "access": "ReadOnly"}]}}, ["PutRolePolicy"]),
    "table": ({"spec": {"tables": [TABLE, {**TABLE, "name": "prices"}]}}, ["PutRolePolicy"]),
    "stream": ({"spec": {"tables": [{**TABLE, "streamViewType": "KeysOnly"}]}}, ["PutRolePolicy"]),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("identity", [POD_IDENTITY, IRSA], ids=["PodIdentity", "IRSA"])
async def test_each_change_is_one_write_and_then_quiet(roles: Roles, change: str, identity: dict[str, Any]) -> None:
    differing, expected = CHANGES[change]
    await drive(roles, wanted(roles, identity))
    roles.world.proxy.calls.clear()
    parts = await drive(roles, wanted(roles, identity, **differing))
    assert all(part.state is State.READY for part in parts)
    assert roles.writes() == [call for call in expected if identity is POD_IDENTITY or call != "TagResource"]
    roles.world.proxy.calls.clear()
    parts = await reconcile_identity(roles.scope, wanted(roles, identity, **differing))
    assert [(part.state, part.events, part.after) for part in parts] == [(State.READY, (), None)] * len(parts)
    assert roles.writes() == []


async def test_a_changed_identity_moves_the_trust_and_takes_the_association_away(roles: Roles) -> None:
    parts = await drive(roles, wanted(roles))
    (part,) = await drive(roles, wanted(roles, IRSA, known={part.kind: part.id for part in parts}))
    assert part.id == parts[0].id
    assert roles.role()["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"Federated": OIDC}
    assert not roles.eks.associations


async def test_another_cluster_name_takes_the_old_association_away_first(roles: Roles) -> None:
    parts = await drive(roles, wanted(roles))
    roles.eks.clusters = ("prod", "next")
    ids = {part.kind: part.id for part in parts}
    await drive(roles, wanted(roles, {**POD_IDENTITY, "clusterName": "next"}, known=ids))
    assert roles.association()["clusterName"] == "next"


@pytest.mark.parametrize("identity", [POD_IDENTITY, IRSA], ids=["PodIdentity", "IRSA"])
async def test_a_tag_that_is_not_declared_any_more_goes(roles: Roles, identity: dict[str, Any]) -> None:
    await drive(roles, wanted(roles, identity, tags={"team": "shop", "tier": "1"}))
    roles.world.proxy.calls.clear()
    await drive(roles, wanted(roles, identity))
    assert not {"team", "tier"} & roles.tags().keys()
    assert roles.tags().items() >= roles.scope.owner.marks.items()
    assert "UntagRole" in roles.writes()
    assert ("UntagResource" in roles.writes()) == (identity is POD_IDENTITY)


async def test_a_policy_that_is_written_otherwise_is_no_difference(roles: Roles) -> None:
    await drive(roles, wanted(roles, spec={"tables": [TABLE, {**TABLE, "name": "prices", "access": "ReadOnly"}]}))
    policy, trust = roles.policy(), roles.role()["AssumeRolePolicyDocument"]
    for statement in policy["Statement"]:
        statement["Action"].reverse()
        if len(statement["Resource"]) == 1:
            statement["Resource"] = statement["Resource"][0]
    policy["Statement"].reverse()
    trust["Statement"] = trust["Statement"][0]
    role = site(roles.scope).role_name
    roles.client.put_role_policy(RoleName=role, PolicyName="declared", PolicyDocument=json.dumps(policy, indent=4))
    roles.client.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust, indent=4))
    roles.world.proxy.calls.clear()
    want = wanted(roles, spec={"tables": [{**TABLE, "name": "prices", "access": "ReadOnly"}, TABLE]})
    assert all(part.state is State.READY for part in await reconcile_identity(roles.scope, want))
    assert roles.writes() == []


@pytest.mark.parametrize(
    ("act", "repaired"),
    [
        (lambda r, role: r.client.delete_role_policy(RoleName=role, PolicyName="declared"), ["PutRolePolicy"]),
        (lambda r, role: r.client.untag_role(RoleName=role, TagKeys=["team"]), ["TagRole"]),
        (lambda r, role: r.client.delete_role_permissions_boundary(RoleName=role), ["PutRolePermissionsBoundary"]),
        (lambda r, _: r.association().update(roleArn="arn:aws:iam::1:role/x"), ["UpdatePodIdentityAssociation"]),
        (lambda r, _: r.eks.associations.clear(), ["CreatePodIdentityAssociation"]),
    ],
)
async def test_what_somebody_else_changed_is_put_right(roles: Roles, act: Any, repaired: list[str]) -> None:
    want = wanted(roles, tags={"team": "shop"}, aws={"permissionsBoundaryARN": BOUNDARY})
    parts = await drive(roles, want)
    act(roles, site(roles.scope).role_name)
    roles.world.proxy.calls.clear()
    await drive(roles, replace(want, known={part.kind: part.id for part in parts}))
    assert roles.writes() == repaired


async def test_a_deleted_role_is_made_anew(roles: Roles) -> None:
    parts = await drive(roles, wanted(roles))
    roles.client.delete_role_policy(RoleName=site(roles.scope).role_name, PolicyName="declared")
    roles.client.delete_role(RoleName=site(roles.scope).role_name)
    parts = await drive(roles, wanted(roles, known={part.kind: part.id for part in parts}))
    assert all(part.state is State.READY for part in parts)
    assert made(roles) == [*IN_ORDER, "CreateRole", "PutRolePolicy"]


async def test_a_boundary_that_is_not_named_any_more_stays(roles: Roles) -> None:
    await drive(roles, wanted(roles, aws={"permissionsBoundaryARN": BOUNDARY}))
    await drive(roles, wanted(roles))
    assert roles.role()["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY


async def test_leaving_takes_the_association_the_policy_and_the_role_in_this_order(roles: Roles) -> None:
    parts = await drive(roles, wanted(roles))
    roles.world.proxy.calls.clear()
    leaving = removal({part.kind: part.id for part in parts})
    gone = await leave(roles, leaving)
    assert roles.writes() == ["DeletePodIdentityAssociation", "DeleteRolePolicy", "DeleteRole"]
    assert {part.state for part in gone} == {State.READY}
    assert [event.reason for part in gone for event in part.events] == [Reason.IDENTITY_DELETED] * 2
    with pytest.raises(roles.client.exceptions.NoSuchEntityException):
        roles.role()


async def test_what_others_attached_keeps_the_role_and_says_so(roles: Roles) -> None:
    await drive(roles, wanted(roles))
    role = site(roles.scope).role_name
    document = json.dumps(roles.policy())
    roles.client.put_role_policy(RoleName=role, PolicyName="theirs", PolicyDocument=document)
    for _ in range(6):
        parts = await delete_identity(roles.scope, removal(), "prod")
    assert (parts[0].state, parts[0].reason, parts[0].after) == (State.STALLED, Reason.REJECTED, 300)
    assert "iam:DeleteRole" in parts[0].message
    roles.client.delete_role_policy(RoleName=role, PolicyName="theirs")
    await leave(roles, removal())


async def test_a_cluster_that_is_gone_keeps_nothing(roles: Roles) -> None:
    parts = await drive(roles, wanted(roles))
    roles.eks.clusters = ()
    await leave(roles, removal({part.kind: part.id for part in parts}))


async def test_a_cluster_that_is_not_there_needs_a_person(roles: Roles) -> None:
    _, part = await drive(roles, wanted(roles, {**POD_IDENTITY, "clusterName": "prud"}))
    assert (part.state, part.reason) == (State.STALLED, Reason.REJECTED)
    assert "spec.aws.identity.clusterName" in part.message


async def test_a_boundary_that_is_not_there_needs_a_person(roles: Roles) -> None:
    other = {"permissionsBoundaryARN": f"{BOUNDARY}-2"}
    part, _ = await drive(roles, wanted(roles, aws=other))
    assert (part.state, part.reason) == (State.STALLED, Reason.REJECTED)
    assert "spec.aws.permissionsBoundaryARN" in part.message
    await drive(roles, wanted(roles))
    parts = await drive(roles, wanted(roles, aws=other))
    assert "spec.aws.permissionsBoundaryARN" in parts[0].message


async def test_somebody_elses_role_or_association_is_left_alone(roles: Roles) -> None:
    role, trust = site(roles.scope).role_name, json.dumps({"Version": "2012-10-17", "Statement": []})
    roles.client.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    before = roles.role()
    part, _ = await drive(roles, wanted(roles))
    assert (part.state, part.reason) == (State.STALLED, Reason.CONFLICT)
    gone = await leave(roles, removal())
    assert gone[0].state is State.RETAINED
    assert roles.role() == before
    assert {call.action for call in roles.world.proxy.calls if "Role" in call.action} == {"GetRole"}
    roles.client.delete_role(RoleName=role)
    parts = await drive(roles, wanted(roles))
    theirs = dict(roles.association(), tags={}, roleArn="arn:aws:iam::1:role/theirs")
    roles.eks.associations = {theirs["associationId"]: dict(theirs)}
    parts = await drive(roles, wanted(roles))
    assert (parts[1].state, parts[1].reason) == (State.STALLED, Reason.CONFLICT)
    assert roles.association() == theirs


async def test_a_role_that_is_not_visible_at_once_is_waited_for(roles: Roles) -> None:
    roles.iam.absent_looks = 3
    roles.iam.age = 0
    roles.eks.unknown_roles = 2
    parts = await drive(roles, wanted(roles))
    assert all(part.state is State.READY for part in parts)
    assert made(roles) == IN_ORDER


async def test_a_role_is_waited_for_as_long_as_terraform_does(roles: Roles) -> None:
    roles.iam.age = 125  # seconds; how old the role is when EKS is asked
    roles.eks.unknown_roles = 1
    parts = await drive(roles, wanted(roles))
    assert all(part.state is State.READY for part in parts)


async def test_a_role_that_eks_never_accepts_needs_a_person_once_it_is_old(roles: Roles) -> None:
    roles.eks.unknown_roles = 1000
    parts = await drive(roles, wanted(roles))
    assert (parts[1].state, parts[1].reason) == (State.STALLED, Reason.REJECTED)


async def test_an_association_is_waited_for_until_it_is_effective(roles: Roles) -> None:
    roles.eks.age = 0
    want = wanted(roles)
    for _ in range(4):
        parts = await reconcile_identity(roles.scope, want)
    assert (parts[1].state, parts[1].reason) == (State.PROGRESSING, Reason.IDENTITY_CREATING)
    assert parts[1].after
    roles.association()["createdAt"] -= 20
    assert (await reconcile_identity(roles.scope, want))[1].state is State.READY


async def test_a_role_for_tokens_is_waited_for_until_it_is_known_everywhere(roles: Roles) -> None:
    roles.iam.age = 0
    want = wanted(roles, IRSA)
    for _ in range(3):
        parts = await reconcile_identity(roles.scope, want)
        assert (parts[0].state, parts[0].reason) == (State.PROGRESSING, Reason.IDENTITY_CREATING)
        assert not credentials_usable(parts)
    roles.iam.age = 11
    (part,) = await reconcile_identity(roles.scope, want)
    assert part.state is State.READY
    assert credentials_usable((part,))


@pytest.mark.parametrize("action", [*IN_ORDER, "GetRole", "GetRolePolicy", "ListPodIdentityAssociations"])
@pytest.mark.parametrize("effect", ["drop-after", "drop-before", xml_refusal("Throttling", "Rate exceeded")])
async def test_trouble_at_each_call_is_waited_for(roles: Roles, action: str, effect: Any) -> None:
    if "Association" in action and not isinstance(effect, str):
        effect = replace(effect, body={"__type": "ThrottlingException", "message": ""}, kind="application/json")
    roles.world.proxy.faults = [Fault(action, effect, times=2)]
    parts = await drive(roles, wanted(roles))
    assert all(part.state is State.READY for part in parts)
    assert len(roles.eks.associations) == 1
    assert roles.writes().count("CreateRole") <= 3


async def test_a_denied_call_names_itself_and_recovers_once_granted(roles: Roles) -> None:
    for action in ("CreateRole", "PutRolePolicy"):
        fault = Fault(action, xml_refusal("AccessDenied", "User: operator is not authorized to perform it.", 403))
        roles.world.proxy.faults = [fault]
        parts = await drive(roles, wanted(roles))
        assert (parts[0].state, parts[0].reason, parts[0].after) == (State.STALLED, Reason.ACCESS_DENIED, 300)
        assert f"iam:{action} on role" in parts[0].message
        fault.times = 0
    await drive(roles, wanted(roles))


async def test_what_is_settled_is_not_asked_for(roles: Roles) -> None:
    roles.world.scope = replace(roles.scope, resync_cache=ResyncCache(300))
    parts = await drive(roles, wanted(roles))
    calls = len(roles.world.proxy.calls)
    assert await reconcile_identity(roles.scope, wanted(roles)) == tuple(replace(p, events=()) for p in parts)
    assert len(roles.world.proxy.calls) == calls


async def test_a_policy_that_is_too_long_is_refused_before_anything_is_written(roles: Roles) -> None:
    many = [{**TABLE, "name": f"{'t' * 37}-{number}"} for number in range(32)]
    owner = roles.scope.owner
    long = replace(owner.identity, namespace="n" * 60, name="m" * 50)
    roles.world.scope = replace(roles.scope, owner=replace(owner, identity=long))
    indexed = [{**each, "globalSecondaryIndexes": [{"name": "byAge", "partitionKey": {"name": "x"}}]} for each in many]
    (part,) = await drive(roles, wanted(roles, spec={"tables": indexed}))
    assert (part.state, part.reason) == (State.STALLED, Reason.REJECTED)
    assert "10240" in part.message
    assert roles.world.proxy.calls == []


async def test_names_of_roles_fit_and_differ(roles: Roles) -> None:
    owner = roles.scope.owner
    pairs = [("a-b", "c"), ("a", "b-c"), ("n" * 63, "m" * 50), ("n" * 63, "m" * 49)]
    owners = [replace(owner, identity=replace(owner.identity, namespace=n, name=m)) for n, m in pairs]
    found = {site(replace(roles.scope, owner=each)).role_name for each in owners}
    assert len(found) == len(pairs)
    assert all(len(name) <= 64 for name in found)


async def test_the_role_keeps_the_key_of_its_tables(roles: Roles) -> None:
    """A table keeps the key with which it was created, whatever the Environment names later."""
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0b5c8f3a-7c0e-4b43-9a52-0d2f6f1f0c11"
    parts = await drive(roles, wanted(roles, aws={"tableKeyARN": key}))
    policy = roles.policy()
    assert [s["Resource"] for s in policy["Statement"] if "kms:Decrypt" in s["Action"]] == [[key]]
    before = roles.writes()
    known = {part.kind: part.id for part in parts}
    assert all(part.message == "" for part in await drive(roles, wanted(roles, known=known)))
    assert (roles.policy(), roles.writes()) == (policy, before)


OTHER = "210987654321"


def in_account(roles: Roles, account: str) -> dict[str, Any]:
    """Give the Environment a role of an account that it assumes; return the fields of its spec."""
    role = f"arn:aws:iam::{account}:role/operator"
    roles.world.proxy.layers["sts"] = StrictSTS({role: ""})
    roles.world.scope = replace(roles.scope, account_id=account, role=AssumedRole(role))
    return {"accountID": account, "roleARN": role}


async def test_pod_identity_gives_no_role_of_another_account(roles: Roles) -> None:
    """EKS finds a cluster by its name, and the other account may have one of the same name."""
    aws = in_account(roles, OTHER)
    for _ in range(2):
        parts = await reconcile_identity(roles.scope, wanted(roles, aws=aws))
        assert {(part.state, part.reason) for part in parts} == {(State.STALLED, Reason.ACCOUNT_MISMATCH)}
        assert f"roles of the cluster's account {ACCOUNT}" in parts[0].message
        assert "use type IRSA" in parts[0].message
        assert not credentials_usable(parts)
    assert not [call for call in roles.world.proxy.calls if call.service in ("eks", "iam")]
    assert all(part.state is State.READY for part in await delete_identity(roles.scope, removal(), "prod"))
    assert roles.writes() == []
    assert not [call for call in roles.world.proxy.calls if call.service == "eks"]


async def test_whether_the_account_is_the_clusters_may_be_unknown(roles: Roles) -> None:
    aws = in_account(roles, OTHER)
    roles.scope.clients.own_account = ""
    roles.world.proxy.faults = [Fault("GetCallerIdentity", "drop-before")]
    parts = await reconcile_identity(roles.scope, wanted(roles, aws=aws))
    assert {(part.state, part.reason) for part in parts} == {(State.UNKNOWN, Reason.AWS_UNAVAILABLE)}


async def test_pod_identity_works_with_a_role_of_the_clusters_account(roles: Roles) -> None:
    parts = await drive(roles, wanted(roles, aws=in_account(roles, ACCOUNT)))
    assert [part.state for part in parts] == [State.READY, State.READY]
    assert made(roles) == IN_ORDER


async def test_irsa_gives_roles_of_another_account(roles: Roles) -> None:
    provider = OIDC.replace(ACCOUNT, OTHER)
    (part,) = await drive(
        roles, wanted(roles, {"type": "IRSA", "oidcProviderARN": provider}, aws=in_account(roles, OTHER))
    )
    assert part.state is State.READY
    assert part.id.startswith(f"arn:aws:iam::{OTHER}:role/microservice-operator/cluster/")
