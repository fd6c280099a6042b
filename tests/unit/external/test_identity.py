"""When a role is declared, which pods wait for it, and the annotations of the ServiceAccount."""

from dataclasses import replace
from typing import Any

import pytest

from microservice_operator.api import parsing
from microservice_operator.api.parsing import Environment
from microservice_operator.external.identity import Roles, identity_wait, role_arn
from microservice_operator.facts import Part, Reason, State
from tests.unit.desired.builders import body, context

POD_IDENTITY = {"type": "PodIdentity", "clusterName": "prod"}
IRSA = {"type": "IRSA", "oidcProviderARN": "arn:aws:iam::123456789012:oidc-provider/oidc.example/id/A"}
TABLE = {"name": "products", "partitionKey": {"name": "id"}}
ROLE = Part("AWS", "Role", "service", State.READY, id="arn:aws:iam::123456789012:role/x")
ASSOCIATION = replace(ROLE, kind="PodIdentityAssociation", id="arn:aws:eks:x:y:podidentityassociation/prod/a-1")


def environment(roles: dict[str, Any] | None) -> Environment:
    aws = {"region": "us-east-1", "accountID": "123456789012", **({"identity": roles} if roles else {})}
    return parsing.environment({"metadata": {"name": "prod"}, "spec": {"aws": aws}})


@pytest.mark.parametrize(
    ("spec", "roles", "expected"),
    [
        ({"tables": [TABLE]}, POD_IDENTITY, ["service"]),
        ({"tables": [TABLE]}, IRSA, ["service"]),
        ({"tables": [TABLE]}, None, []),
        ({"tables": []}, POD_IDENTITY, []),
        ({"tables": "nonsense"}, POD_IDENTITY, []),
        ({}, POD_IDENTITY, []),
    ],
)
def test_a_role_is_declared_by_what_a_service_calls(
    spec: Any, roles: dict[str, Any] | None, expected: list[str]
) -> None:
    resource = Roles(None)  # type: ignore[arg-type]
    assert [item.name for item in resource.declarations(spec, environment(roles))] == expected
    assert not resource.declarations(spec, None)
    assert not resource.holds_data


@pytest.mark.parametrize(
    ("parts", "waits"),
    [
        ((), False),
        ((ROLE, ASSOCIATION), False),
        ((replace(ROLE, id="", state=State.PROGRESSING, reason=Reason.IDENTITY_CREATING),), True),
        ((ROLE, replace(ASSOCIATION, id="", state=State.PROGRESSING, reason=Reason.IDENTITY_CREATING)), True),
        ((ROLE, replace(ASSOCIATION, state=State.STALLED, reason=Reason.CONFLICT)), True),
        ((replace(ROLE, id="", state=State.UNKNOWN, reason=Reason.AWS_UNAVAILABLE),), True),
        # running pods continue and new ones may start while only the operator cannot read or change the role
        ((replace(ROLE, state=State.UNKNOWN, reason=Reason.AWS_UNAVAILABLE), ASSOCIATION), False),
        ((replace(ROLE, state=State.STALLED, reason=Reason.ACCESS_DENIED), ASSOCIATION), False),
        ((replace(ROLE, state=State.PROGRESSING, reason=Reason.IDENTITY_UPDATING), ASSOCIATION), False),
        # nothing waits for a role that is being deleted
        ((replace(ROLE, state=State.DELETING, reason=Reason.IDENTITY_DELETING),), False),
    ],
)
def test_pods_wait_until_they_can_get_credentials(parts: tuple[Part, ...], waits: bool) -> None:
    assert bool(identity_wait(parts)) is waits


def test_only_pods_that_assume_their_role_themselves_get_its_arn() -> None:
    assert role_arn(environment(IRSA), (ASSOCIATION, ROLE)) == ROLE.id
    assert role_arn(environment(POD_IDENTITY), (ASSOCIATION, ROLE)) == ""
    assert role_arn(environment(IRSA), ()) == ""
    assert role_arn(None, (ROLE,)) == ""
    account = body(context(role_arn=ROLE.id), "ServiceAccount")
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] == ROLE.id
    assert account["automountServiceAccountToken"] is False
    assert "eks.amazonaws.com/role-arn" not in body(context(), "ServiceAccount")["metadata"]["annotations"]
