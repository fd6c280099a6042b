"""Adapter of IAM roles: translates between fields and the calls of IAM, never decides.

A role and its inline policy are one resource here. "DeleteRole" in the IAM API Reference: a role with policies cannot
be deleted, so the policy acts as its deletion protection.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...errors import Gone, NeedsPerson
from ...facts import Reason
from ...ownership import Ownership
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.policy_documents import text
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag, tag_list

POLICY = "declared"  # name of our inline policy; others may add their own policies


class IAMRole:
    """One role, by its name, which is unique in the account, whatever its path."""

    def __init__(self, scope: AwsScope, name: str, path: str = "/", lane: Lane = Lane.MAIN) -> None:
        """Set the role's name, without a call; `observe` sets `created` (its time) and `granted` (its policy)."""
        self._name = name
        self._path = path
        self._owner = scope.owner
        self._service = AwsService(scope, "iam", f"role {name}", lane)
        self.created: datetime | None = None
        self.granted: Mapping[str, Any] | None = None

    async def observe(self) -> Observed | None:
        """Read the role, then its inline policy, which GetRole does not return.

        The policy of a foreign role is not read: the operator has no permission for it, and need not know it.
        """
        try:
            role = (await self._service.read("GetRole", RoleName=self._name))["Role"]
        except Gone:
            return None
        self.created = role["CreateDate"]
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        foreign = self._owner.standing(tags) is Ownership.FOREIGN
        policy = self.granted = None if foreign else await self._policy()
        fields = {
            "tags": tags,
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "trust": role["AssumeRolePolicyDocument"],
            "policy": policy,
        }
        return Observed(role["Arn"], Phase.READY, fields, tags, protected=policy is not None)

    async def create(self, desired: Desired) -> None:
        """Create the role with its tags and boundary in one call; the policy is a separate step."""
        fields = desired.fields
        boundary = {"PermissionsBoundary": fields["boundary"]} if fields["boundary"] else {}
        try:
            await self._service.write(
                "CreateRole",
                RoleName=self._name,
                Path=self._path,
                AssumeRolePolicyDocument=text(fields["trust"]),
                Tags=tag_list(fields["tags"]),
                **boundary,
            )
        except Gone:
            raise _unknown_boundary(fields["boundary"]) from None

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's signature
        """Make the one call of the step."""
        value: Any = step.changes.get(step.name)
        match step.name:
            case "tags" if isinstance(value, Tag):
                await self._service.write("TagRole", RoleName=self._name, Tags=tag_list(value.tags))
            case "tags":
                await self._service.write("UntagRole", RoleName=self._name, TagKeys=list(value.keys))
            case "boundary":
                await self._bound(value)
            case "trust":
                await self._service.write("UpdateAssumeRolePolicy", RoleName=self._name, PolicyDocument=text(value))
            case "policy" if value is None:
                await self._service.write("DeleteRolePolicy", RoleName=self._name, PolicyName=POLICY)
            case "policy":
                await self._service.write(
                    "PutRolePolicy", RoleName=self._name, PolicyName=POLICY, PolicyDocument=text(value)
                )
            case _:
                await self._service.write("DeleteRolePolicy", RoleName=self._name, PolicyName=POLICY)

    async def delete(self) -> None:
        """Delete the role."""
        await self._service.write("DeleteRole", RoleName=self._name)

    async def _bound(self, boundary: str) -> None:
        try:
            await self._service.write("PutRolePermissionsBoundary", RoleName=self._name, PermissionsBoundary=boundary)
        except Gone:
            raise _unknown_boundary(boundary) from None

    async def _policy(self) -> Mapping[str, Any] | None:
        try:
            answer = await self._service.read("GetRolePolicy", RoleName=self._name, PolicyName=POLICY)
        except Gone:
            return None
        policy: Mapping[str, Any] = answer["PolicyDocument"]
        return policy


def _unknown_boundary(boundary: str | None) -> NeedsPerson:
    message = f"IAM has no policy {boundary}; correct spec.aws.permissionsBoundaryARN of the Environment"
    return NeedsPerson(Reason.REJECTED, message)
