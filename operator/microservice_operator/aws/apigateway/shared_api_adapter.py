"""Adapter of an Environment's HTTP API and its stage: translates, never decides.

AWS chooses an API's id and its name is not unique, so it is found by our tags. Two operators may create two at once;
then the older one counts. "Apis" and "Stages" in the API Gateway V2 API Reference.
"""

from collections.abc import Mapping
from typing import Any

from ...ownership import Ownership
from ..engine.arns import api_arn
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.list_cache import Region
from ..engine.pagination import pages
from ..engine.rules import Added, Removed
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from ..engine.tags import Tag
from .responses import cors, cors_configuration, stage_request, stage_settings

SERVICE = "apigatewayv2"
Item = dict[str, Any]


async def items(service: AwsService, action: str, **parameters: Any) -> list[Item]:
    """Return the items of all pages of a list."""
    result: list[Item] = []
    async for page in pages(service.read, action, **parameters):
        result += page.get("Items", [])
    return result


def lists_of(scope: AwsScope, api: str, lane: Lane) -> Region:
    """Return the cache key of the lists of one API: its integrations, routes and authorizers."""
    return scope.list_key(SERVICE, lane, api)


class HTTPAPI:
    """The HTTP API of one Environment; the owner in `scope` is the Environment."""

    def __init__(self, scope: AwsScope, name: str, lane: Lane = Lane.MAIN) -> None:
        """Set the API's name, without a call."""
        self._scope = scope
        self._name = name
        self._id = ""
        self._stages: dict[str, Item] = {}
        self._lane = lane
        self._service = AwsService(scope, SERVICE, f"API {name}", lane)
        self.key = ("api", scope.account_id, scope.region, *scope.owner.marks.values())

    @property
    def arn(self) -> str:
        """ARN of the API, after `observe`."""
        return api_arn(self._scope.region, self._id)

    async def observe(self) -> Observed | None:
        """Find it by its tags in the list; otherwise return a foreign API of the same name, if any."""
        listed = await items(self._service, "GetApis")
        owner, create_once = self._scope.owner, self._scope.clients.create_once
        ours = [api for api in listed if owner.standing(api.get("Tags") or {}) is Ownership.OURS]
        namesakes = [api for api in listed if api["Name"] == self._name]
        if not ours:
            if create_once.may_exist(self.key):
                return Observed(self.arn, Phase.CREATING)
            return self._foreign(namesakes[0]) if namesakes else None
        create_once.seen(self.key)
        first, *others = sorted(ours, key=lambda api: (str(api.get("CreatedDate", "")), api["ApiId"]))
        self._id = first["ApiId"]
        return Observed(self.arn, Phase.READY, await self._fields(first, others), first["Tags"])

    async def create(self, desired: Desired) -> None:
        """Create the API with its tags in one call."""
        fields = desired.fields
        request = {"Name": fields["name"], "ProtocolType": "HTTP", "Tags": dict(fields["tags"])}
        if fields["endpoint_disabled"] is not None:
            request["DisableExecuteApiEndpoint"] = fields["endpoint_disabled"]
        if fields["cors"]:
            request["CorsConfiguration"] = cors_configuration(fields["cors"][0])
        async with self._scope.clients.create_once.once(self.key):
            await self._service.write("CreateApi", **request)

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """Make the one call of the step."""
        value: Any = step.changes.get(step.name)
        match step.name:
            case "name":
                await self._service.write("UpdateApi", ApiId=self._id, Name=value)
            case "cors" if value is None:
                await self._service.write("DeleteCorsConfiguration", ApiId=self._id)
            case "cors":
                await self._service.write("UpdateApi", ApiId=self._id, CorsConfiguration=cors_configuration(value[0]))
            case "tags" if isinstance(value, Tag):
                await self._service.write("TagResource", ResourceArn=self.arn, Tags=dict(value.tags))
            case "tags":
                await self._service.write("UntagResource", ResourceArn=self.arn, TagKeys=list(value.keys))
            case "stages":
                await self._set_stage(value, desired.fields if desired else {})
            case "settings" if desired:
                name = desired.fields["stages"]
                request = stage_request(
                    self._stages[name], step.changes.get("access_log"), step.changes.get("throttling")
                )
                await self._service.write("UpdateStage", ApiId=self._id, StageName=name, **request)
            case "endpoint_disabled":
                await self._service.write("UpdateApi", ApiId=self._id, DisableExecuteApiEndpoint=value)
            case _:
                await self._delete(value)

    async def delete(self) -> None:
        """Delete the API, and with it its stages."""
        await self._delete(self._id)

    async def _delete(self, api: str) -> None:
        with self._scope.clients.lists.writing(lists_of(self._scope, api, self._lane), api):
            await self._service.write("DeleteApi", ApiId=api)

    async def empty(self, api: str = "") -> bool:
        """Whether it has no routes and no integrations."""
        api_id = api or self._id
        return not (
            await items(self._service, "GetRoutes", ApiId=api_id)
            or await items(self._service, "GetIntegrations", ApiId=api_id)
        )

    async def _fields(self, api: Item, others: list[Item]) -> dict[str, Any]:
        stages = await items(self._service, "GetStages", ApiId=self._id)
        self._stages = {stage["StageName"]: stage for stage in stages}
        settings = {name: stage_settings(stage) for name, stage in self._stages.items()}
        ours = self._scope.owner.standing
        return {
            "name": api["Name"],
            "cors": cors(api.get("CorsConfiguration")),
            "tags": api["Tags"],
            "stages": {
                stage["StageName"]: (bool(stage.get("AutoDeploy")), ours(stage.get("Tags") or {}) is Ownership.OURS)
                for stage in stages
            },
            "access_log": {name: log for name, (log, _) in settings.items()},
            "throttling": {name: limits for name, (_, limits) in settings.items()},
            "endpoint_disabled": bool(api.get("DisableExecuteApiEndpoint")),
            "duplicates": tuple([duplicate["ApiId"] for duplicate in others if await self.empty(duplicate["ApiId"])]),
        }

    async def _set_stage(self, change: Any, fields: Mapping[str, Any]) -> None:
        match change:
            case Removed(name):
                await self._service.write("DeleteStage", ApiId=self._id, StageName=name)
            case Added(name, _) if name in self._stages:
                await self._service.write("UpdateStage", ApiId=self._id, StageName=name, AutoDeploy=True)
            case Added(name, _):
                settings = stage_request({}, fields["access_log"][1], fields["throttling"][1])
                request = {"AutoDeploy": True, "Tags": dict(fields["tags"]), **settings}
                await self._service.write("CreateStage", ApiId=self._id, StageName=name, **request)

    def _foreign(self, api: Item) -> Observed:
        self._id = api["ApiId"]
        return Observed(self.arn, Phase.READY, tags=api.get("Tags") or {})
