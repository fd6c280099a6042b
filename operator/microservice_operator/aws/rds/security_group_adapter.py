"""The adapter of security groups: translates between the plan's fields and the calls of EC2, never decides.

A group has a random id; its name is ours to choose and unique within a VPC ("CreateSecurityGroup" in the EC2 API
Reference), so that a second creation after a lost answer is refused and the first one is found by its name.
"""

from collections.abc import Mapping
from typing import Any

from ...ownership import Ownership
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.rules import Missing, Surplus
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag, Untag

Rules = Mapping[tuple[Any, ...], Mapping[str, Any]]  # what a rule says → the permission that says so

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
        """Name the group and the VPC that it belongs to; `known_id` is what status remembers, nothing is asked yet."""
        self._scope = scope
        self._name = name
        self._vpc = vpc
        self._known_id = known_id
        self._id = ""
        self._rules: dict[str, Rules] = {}
        self._service = AwsService(scope, "ec2", f"security group {name}", lane)

    async def observe(self) -> Observed | None:
        """One call answers all: rules and tags."""
        named = [{"Name": "group-name", "Values": [self._name]}]
        found = (await self._service.read("DescribeSecurityGroups", Filters=named)).get("SecurityGroups", [])
        # a foreign group of the name in another VPC is in nobody's way
        near = [g for g in found if g["VpcId"] == self._vpc or g["GroupId"] == self._known_id or self._ours(g)]
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
        """CreateSecurityGroup, our tags in the same call; its rules are steps of their own."""
        tags = [{"ResourceType": "security-group", "Tags": _tag_list(desired.fields["tags"])}]
        await self._service.write(
            "CreateSecurityGroup",
            GroupName=self._name,
            Description=f"PostgreSQL of {self._scope.owner.identity.namespace}/{self._scope.owner.identity.name}",
            VpcId=desired.fields["vpc"],
            TagSpecifications=tags,
        )

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's
        """One call for one step."""
        match step.changes[step.name]:
            case Tag(tags):
                await self._service.write("CreateTags", Resources=[self._id], Tags=_tag_list(tags))
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
        """DeleteSecurityGroup; refused while something uses it."""
        await self._service.write("DeleteSecurityGroup", GroupId=self._id)


def from_group(port: int, group: str) -> tuple[Any, ...]:
    """A rule that lets a security group reach a TCP port."""
    return "tcp", port, port, "UserIdGroupPairs", group


def _rules(permissions: list[dict[str, Any]]) -> Rules:
    """Each source by itself: EC2 shows sources of one port together, whichever way they were given."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for permission in permissions:
        # absent where the protocol has no ports
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
                found[rule] = {"IpProtocol": permission["IpProtocol"], **ports, sources: [plain]}
    return found


def _permission(rule: tuple[Any, ...]) -> dict[str, Any]:
    protocol, low, high, sources, source = rule
    permission: dict[str, Any] = {"IpProtocol": protocol, "FromPort": low, "ToPort": high}
    permission[sources] = [{_SOURCES[sources]: source}]
    return permission


def _tags(group: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
