"""Adapters of the RDS subnet groups and parameter groups: translate, never decide.

The operator chooses the names of both; their tags need a separate call. All groups of a region are listed together,
because RDS throttles by call.
"""

from collections.abc import Mapping
from typing import Any

from ...errors import Gone, NeedsPerson
from ...facts import Reason
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.list_cache import Region
from ..engine.pagination import pages
from ..engine.rules import Missing, Surplus
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag, Untag, tag_list

_PAGE = 100  # "DescribeDBSubnetGroups", "DescribeDBParameterGroups": MaxRecords, maximum 100
_AT_ONCE = 20  # "ModifyDBParameterGroup": a maximum of 20 parameters can be modified in a single request


class ListedGroup:
    """One group in the list of all groups of its type in the region.

    `kind` is `DBSubnetGroup` or `DBParameterGroup`.
    """

    def __init__(self, scope: AwsScope, service: AwsService, kind: str, named: tuple[str, Lane]) -> None:
        """Set the group's name, without a call; `service` makes its own calls."""
        self._name, lane = named
        self._kind = kind
        self._lists = scope.clients.lists
        self._owner = scope.owner.identity.uid
        self._region: Region = scope.list_key("rds", lane, kind)
        self._service = service
        self._region_service = AwsService(scope, "rds", f"the {kind}s of the region", lane)

    async def find(self) -> Mapping[str, Any] | None:
        """Return the group from the region's list; if the list does not show it, read it by its name."""
        valid, call = self._lists.age_after_writes(self._region, self._written), f"rds:Describe{self._kind}s"
        listed = await self._lists.find(
            self._region, self._written, self._list_all, call, owner=self._owner, valid=valid
        )
        return listed or await self._read_by_name()

    async def write(self, action: str, **parameters: Any) -> None:
        """Change the group; lists from before the change are not used again."""
        with self._lists.writing(self._region, self._written):
            await self._service.write(action, **{f"{self._kind}Name": self._name}, **parameters)

    @property
    def _written(self) -> str:
        """Name of the group among everything of RDS: an instance may have the same name."""
        return f"{self._kind} {self._name}"

    async def _list_all(self) -> Mapping[str, Mapping[str, Any]]:
        listed = pages(self._region_service.read, f"Describe{self._kind}s", "Marker", MaxRecords=_PAGE)
        return {
            f"{self._kind} {group[f'{self._kind}Name']}": group
            async for page in listed
            for group in page.get(f"{self._kind}s", [])
        }

    async def _read_by_name(self) -> Mapping[str, Any] | None:
        try:
            answer = await self._service.read(f"Describe{self._kind}s", **{f"{self._kind}Name": self._name})
        except Gone:
            return None
        group: Mapping[str, Any] = answer[f"{self._kind}s"][0]
        return group


class Tagged:
    """Tags of an RDS resource, by its ARN."""

    def __init__(self, service: AwsService) -> None:
        """Use this service for the calls."""
        self._service = service

    async def read(self, arn: str) -> dict[str, str]:
        """Return all tags."""
        answer = await self._service.read("ListTagsForResource", ResourceName=arn)
        return {tag["Key"]: tag["Value"] for tag in answer.get("TagList", [])}

    async def write(self, arn: str, change: Tag | Untag) -> None:
        """Set or remove tags."""
        if isinstance(change, Tag):
            await self._service.write("AddTagsToResource", ResourceName=arn, Tags=tag_list(change.tags))
        else:
            await self._service.write("RemoveTagsFromResource", ResourceName=arn, TagKeys=list(change.keys))


async def parameter_groups(scope: AwsScope, prefix: str) -> list[str]:
    """Return the names of all parameter groups with this prefix."""
    service = AwsService(scope, "rds", "parameter groups", Lane.DELETE)
    group_names: list[str] = []
    async for page in pages(service.read, "DescribeDBParameterGroups", "Marker"):
        group_names += [group["DBParameterGroupName"] for group in page.get("DBParameterGroups", [])]
    return sorted(name for name in group_names if name.startswith(prefix))


class SubnetGroup:
    """One subnet group, by its name."""

    def __init__(self, scope: AwsScope, name: str, lane: Lane = Lane.MAIN) -> None:
        """Name the group; nothing is asked yet."""
        self._name = name
        self._arn = ""
        service = AwsService(scope, "rds", f"subnet group {name}", lane)
        self._group = ListedGroup(scope, service, "DBSubnetGroup", (name, lane))
        self._tagged = Tagged(service)

    async def observe(self) -> Observed | None:
        """Find it in the region's list."""
        group = await self._group.find()
        if group is None:
            return None
        self._arn = group["DBSubnetGroupArn"]
        try:
            tags = await self._tagged.read(self._arn)
        except Gone:
            return None
        subnets = frozenset(subnet["SubnetIdentifier"] for subnet in group["Subnets"])
        fields = {"vpc": group["VpcId"], "subnets": subnets, "tags": tags}
        return Observed(self._arn, Phase.READY, fields, tags)

    async def create(self, desired: Desired) -> None:
        """Create the group with its tags in one call."""
        await self._group.write(
            "CreateDBSubnetGroup",
            DBSubnetGroupDescription=f"Subnets of {self._name}",
            SubnetIds=sorted(desired.fields["subnets"]),
            Tags=tag_list(desired.fields["tags"]),
        )

    async def modify(self, step: Step, desired: Desired | None) -> None:  # noqa: ARG002 the port's
        """One call for one step."""
        if step.name == "tags":
            await self._tagged.write(self._arn, step.changes["tags"])
        else:
            subnets = sorted(step.changes["subnets"])
            await self._group.write("ModifyDBSubnetGroup", SubnetIds=subnets)

    async def delete(self) -> None:
        """Delete the group; AWS refuses this while an instance uses it."""
        await self._group.write("DeleteDBSubnetGroup")


class ParameterGroup:
    """One parameter group, by its name; it shows only parameters that were set, not RDS's defaults."""

    def __init__(self, scope: AwsScope, name: str, lane: Lane = Lane.MAIN) -> None:
        """Name the group; nothing is asked yet."""
        self._name = name
        self._arn = ""
        self._service = AwsService(scope, "rds", f"parameter group {name}", lane)
        self._group = ListedGroup(scope, self._service, "DBParameterGroup", (name, lane))
        self._tagged = Tagged(self._service)

    async def observe(self) -> Observed | None:
        """Find it in the region's list; its tags and parameters are read by its name."""
        group = await self._group.find()
        if group is None:
            return None
        self._arn = group["DBParameterGroupArn"]
        try:
            tags = await self._tagged.read(self._arn)
            values = {p["ParameterName"]: p.get("ParameterValue", "") for p in await self._parameters(Source="user")}
        except Gone:
            return None
        fields = {"family": group["DBParameterGroupFamily"], "parameters": values, "tags": tags}
        return Observed(self._arn, Phase.READY, fields, tags)

    async def create(self, desired: Desired) -> None:
        """Create the group with its tags in one call; its parameters are a separate step."""
        await self._group.write(
            "CreateDBParameterGroup",
            DBParameterGroupFamily=desired.fields["family"],
            Description=f"Settings of {self._name}",
            Tags=tag_list(desired.fields["tags"]),
        )

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """Make the one call of the step; the next reconciliation sets the parameters that do not fit in one call."""
        match step.changes[step.name]:
            case Missing(values):
                chosen = sorted(values.items())[:_AT_ONCE]
                methods = await self._methods([name for name, _ in chosen], desired)
                parameters = [
                    {"ParameterName": name, "ParameterValue": value, "ApplyMethod": methods[name]}
                    for name, value in chosen
                ]
                await self._group.write("ModifyDBParameterGroup", Parameters=parameters)
            case Surplus(listed):
                chosen = listed[:_AT_ONCE]
                methods = await self._methods(chosen, desired)
                await self._group.write(
                    "ResetDBParameterGroup",
                    ResetAllParameters=False,
                    Parameters=[{"ParameterName": name, "ApplyMethod": methods[name]} for name in chosen],
                )
            case change:
                await self._tagged.write(self._arn, change)

    async def delete(self) -> None:
        """Delete the group; AWS refuses this while an instance uses it."""
        await self._group.write("DeleteDBParameterGroup")

    async def _methods(self, wanted: Any, desired: Desired | None) -> dict[str, str]:
        """Return the ApplyMethod of each parameter: a static one needs a restart."""
        parameters = {parameter["ParameterName"]: parameter for parameter in await self._parameters()}
        for name in wanted:
            if not parameters.get(name, {}).get("IsModifiable", False):
                label = desired.name if desired else self._name
                raise NeedsPerson(
                    Reason.REJECTED,
                    f"parameter {name} of database {label} cannot be set on RDS; remove it from parameters",
                    f"{desired.at}.parameters" if desired else "",
                )
        return {name: "pending-reboot" if parameters[name]["ApplyType"] == "static" else "immediate" for name in wanted}

    async def _parameters(self, **which: str) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = []
        query = {"DBParameterGroupName": self._name, **which}
        async for page in pages(self._service.read, "DescribeDBParameters", "Marker", **query):
            parameters += page.get("Parameters", [])
        return parameters
