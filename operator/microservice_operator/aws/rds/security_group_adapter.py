"""Adapter of security groups: translates between fields and the calls of EC2, never decides.

A group has a random id. The operator chooses its name, which is unique within a VPC ("CreateSecurityGroup" in the EC2
API Reference). So EC2 refuses a second creation after a lost answer, and the first one is found by its name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ... import names
from ...errors import Gone, NotYet
from ...facts import Reason
from ...ownership import Ownership
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.list_cache import Region
from ..engine.pagination import pages
from ..engine.rules import Missing, Surplus
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag, Untag, tag_list

_PAGE = 1000  # "DescribeSecurityGroups": MaxResults, maximum 1000
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
        self, scope: AwsScope, name: str, *, vpc: str = "", peer: str = "", known_id: str = "", lane: Lane = Lane.MAIN
    ) -> None:
        """Set the group's name and VPC, without a call; `known_id` is the id from the status.

        `peer` is the group that may connect, as ACCOUNT/GROUP if it is of another account.
        """
        self._scope = scope
        self._name = name
        self._vpc = vpc
        self._peer = peer
        self._known_id = known_id
        self._id = ""
        self._rules: dict[str, Rules] = {}
        self._lists = scope.clients.lists
        self._region: Region = scope.list_key("ec2", lane, scope.owner.cluster)
        self._service = AwsService(scope, "ec2", f"security group {name}", lane)
        self._region_service = AwsService(scope, "ec2", "the security groups of the region", lane)

    async def observe(self) -> Observed | None:
        """Find it, with its rules and tags, in the list of the cluster's groups; otherwise read it by its name."""
        valid, call = self._lists.age_after_writes(self._region, self._name), "ec2:DescribeSecurityGroups"
        uid = self._scope.owner.identity.uid
        listed = await self._lists.find(self._region, self._name, self._list_all, call, owner=uid, valid=valid)
        near = self._near(listed["groups"] if listed else [])
        if not near:
            # foreign groups are in no list of the cluster's
            named = [{"Name": "group-name", "Values": [self._name]}]
            answer = await self._service.read("DescribeSecurityGroups", Filters=named)
            near = self._near(answer.get("SecurityGroups", []))
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

    def _near(self, groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Leave out foreign groups of the same name in another VPC, which are not a conflict."""
        return [g for g in groups if g["VpcId"] == self._vpc or g["GroupId"] == self._known_id or self._ours(g)]

    async def _list_all(self) -> Mapping[str, Mapping[str, Any]]:
        filters = [{"Name": f"tag:{names.TAG_CLUSTER}", "Values": [self._scope.owner.cluster]}]
        groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        call = "DescribeSecurityGroups"
        async for page in pages(self._region_service.read, call, Filters=filters, MaxResults=_PAGE):
            for group in page.get("SecurityGroups", []):
                groups[group["GroupName"]].append(group)
        return {name: {"groups": found} for name, found in groups.items()}

    async def _write(self, action: str, **parameters: Any) -> None:
        with self._lists.writing(self._region, self._name):
            await self._service.write(action, **parameters)

    def _ours(self, group: Mapping[str, Any]) -> bool:
        return self._scope.owner.standing(_tags(group)) is not Ownership.FOREIGN

    async def create(self, desired: Desired) -> None:
        """Create the group with its tags in one call; its rules are separate steps."""
        tags = [{"ResourceType": "security-group", "Tags": tag_list(desired.fields["tags"])}]
        await self._write(
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
                await self._write("CreateTags", Resources=[self._id], Tags=tag_list(tags))
            case Untag(keys):
                await self._write("DeleteTags", Resources=[self._id], Tags=[{"Key": key} for key in keys])
            case Missing(rules):
                await self._allow(step.name, rules)
            case Surplus(rules):
                permissions = [dict(self._rules[step.name][rule]) for rule in sorted(rules)]
                await self._write(
                    f"RevokeSecurityGroup{step.name.title()}", GroupId=self._id, IpPermissions=permissions
                )
            case change:
                raise TypeError(change)

    async def _allow(self, direction: str, rules: Iterable[tuple[Any, ...]]) -> None:
        """Add rules; EC2 answers with the same error whichever of the groups does not exist."""
        permissions = [_permission(rule, self._peer) for rule in sorted(rules)]
        try:
            await self._write(f"AuthorizeSecurityGroup{direction.title()}", GroupId=self._id, IpPermissions=permissions)
        except Gone:
            raise NotYet(
                Reason.REJECTED,
                f"EC2 does not find security group {self._peer} of the pods; correct spec.aws.podSecurityGroupID of "
                "the Environment, with the account ID before a group of another account; retried automatically",
                60,
            ) from None

    async def delete(self) -> None:
        """Delete the group; EC2 refuses this while something uses it."""
        await self._write("DeleteSecurityGroup", GroupId=self._id)


def from_group(port: int, group: str) -> tuple[Any, ...]:
    """Return a rule that allows a security group to reach a TCP port; its id is unique in all accounts."""
    return "tcp", port, port, "UserIdGroupPairs", group.rpartition("/")[2]


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


def _permission(rule: tuple[Any, ...], peer: str) -> dict[str, Any]:
    """Return the rule as EC2 takes it.

    "Update your security groups to reference peer security groups" in the Amazon VPC Peering Guide: a group of another
    account needs the account.
    """
    protocol, low, high, sources, source = rule
    account, _, group = peer.rpartition("/")
    owner = {"UserId": account} if account and group == source else {}
    permission: dict[str, Any] = {"IpProtocol": protocol, "FromPort": low, "ToPort": high}
    permission[sources] = [{_SOURCES[sources]: source, **owner}]
    return permission


def _tags(group: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in group.get("Tags", [])}
