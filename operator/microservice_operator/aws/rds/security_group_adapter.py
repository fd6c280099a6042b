"""Adapter of security groups: translates between fields and the calls of EC2, never decides.

A group has a random id. The operator chooses its name, which is unique within a VPC ("CreateSecurityGroup" in the EC2
API Reference). So EC2 refuses a second creation after a lost answer, and the first one is found by its name.
"""

from collections.abc import Mapping
from typing import Any

from ...ownership import Ownership
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.rules import Missing, Surplus
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag, Untag, tag_list

Rules = Mapping[tuple[Any, ...], Mapping[str, Any]]  # a rule → the permission that contains it

_SOURCES = {
    "UserIdGroupPairs": "GroupId",
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
}


class SecurityGroup:
    """One security group, by its name."""

    def __init__(
        self, scope: AwsScope, name: str, *, vpc: str = "", known_id: str = "", lane: Lane = Lane.MAIN
    ) -> None:
        """Set the group's name and VPC, without a call; `known_id` is the id from the status."""
        self._scope = scope
        self._name = name
        self._vpc = vpc
        self._known_id = known_id
        self._id = ""
        self._rules: dict[str, Rules] = {}
        self._service = AwsService(scope, "ec2", f"security group {name}", lane)

    async def observe(self) -> Observed | None:
        """Read rules and tags with one call."""
        named = [{"Name": "group-name", "Values": [self._name]}]
        groups = (await self._service.read("DescribeSecurityGroups", Filters=named)).get("SecurityGroups", [])
        # a foreign group of the same name in another VPC is not a conflict
        near = [g for g in groups if g["VpcId"] == self._vpc or g["GroupId"] == self._known_id or self._ours(g)]
        if not near:
            return None
        group = near[0]
        self._id = group["GroupId"]
        self._rules = {"ingress": _rules(group["IpPermissions"]), "egress": _rules(group["IpPermissionsEgress"])}
        tags = _tags(group)
        fields = {
            "vpc": group["VpcId"],
            "tags": tags,
            "ingress": frozenset(self._rules["ingress"]),
            "egress": frozenset(self._rules["egress"]),
        }
        return Observed(self._id, Phase.READY, fields, tags)

    def _ours(self, group: Mapping[str, Any]) -> bool:
        return self._scope.owner.standing(_tags(group)) is not Ownership.FOREIGN

    async def create(self, desired: Desired) -> None:
        """Create the group with its tags in one call; its rules are separate steps."""
        tags = [{"ResourceType": "security-group", "Tags": tag_list(desired.fields["tags"])}]
        await self._service.write(
            "CreateSecurityGroup",
            GroupName=self._name,
            Description=f"PostgreSQL of {self._scope.owner.identity.namespace}/{self._scope.owner.identity.name}",
            VpcId=desired.fields["vpc"],
            TagSpecifications=tags,
        )

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's
        """Make the one call of the step."""
        match step.changes[step.name]:
            case Tag(tags):
                await self._service.write("CreateTags", Resources=[self._id], Tags=tag_list(tags))
            case Untag(keys):
                await self._service.write("DeleteTags", Resources=[self._id], Tags=[{"Key": key} for key in keys])
            case Missing(rules):
                permissions = [_permission(rule) for rule in sorted(rules)]
                await self._service.write(
                    f"AuthorizeSecurityGroup{step.name.title()}", GroupId=self._id, IpPermissions=permissions
                )
            case Surplus(rules):
                permissions = [dict(self._rules[step.name][rule]) for rule in sorted(rules)]
                await self._service.write(
                    f"RevokeSecurityGroup{step.name.title()}", GroupId=self._id, IpPermissions=permissions
                )
            case change:
                raise TypeError(change)

    async def delete(self) -> None:
        """Delete the group; EC2 refuses this while something uses it."""
        await self._service.write("DeleteSecurityGroup", GroupId=self._id)


def from_group(port: int, group: str) -> tuple[Any, ...]:
    """Return a rule that allows a security group to reach a TCP port."""
    return "tcp", port, port, "UserIdGroupPairs", group


def _rules(permissions: list[dict[str, Any]]) -> Rules:
    """Return one rule for each source: EC2 groups the sources of one port, however they were written."""
    rules: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for permission in permissions:
        # absent if the protocol has no ports
        ports: dict[str, Any] = {end: permission[end] for end in ("FromPort", "ToPort") if end in permission}
        for sources, key in _SOURCES.items():
            for source in permission.get(sources, []):
                rule = (
                    permission["IpProtocol"],
                    ports.get("FromPort", -1),
                    ports.get("ToPort", -1),
                    sources,
                    source.get(key, ""),
                )
                plain = {name: value for name, value in source.items() if name in (key, "UserId")}
                rules[rule] = {"IpProtocol": permission["IpProtocol"], **ports, sources: [plain]}
    return rules


def _permission(rule: tuple[Any, ...]) -> dict[str, Any]:
    protocol, low, high, sources, source = rule
    permission: dict[str, Any] = {"IpProtocol": protocol, "FromPort": low, "ToPort": high}
    permission[sources] = [{_SOURCES[sources]: source}]
    return permission


def _tags(group: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}
