"""Adapter of one Microservice's integration, routes and authorizer on the API: translates, never decides.

"Integrations", "Routes" and "Authorizers" in the API Gateway V2 API Reference; none of them has tags.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ...errors import Gone, NotYet
from ...facts import Reason
from ..engine.arns import api_arn
from ..engine.call import Lane
from ..engine.decide import Desired, Observed, Phase, Step
from ..engine.list_cache import Described
from ..engine.rules import Added, Removed
from ..engine.scope import AwsScope
from ..engine.service import AwsService
from .integrations import Callers, ChangedIntegration, Integration, chosen, integration, integration_request
from .responses import (
    Item,
    authorizer,
    authorizer_request,
    callers_of,
    description,
    held,
    holder,
    marks,
    route_request,
    target_of,
)
from .route_ownership import AT_A_TIME, Authorizer, Authorizers, ObservedRoute, ReplacedRoute, unwanted
from .shared_api_adapter import SERVICE, items, lists_of

_KINDS = ("Integrations", "Routes", "Authorizers")


@dataclass(frozen=True)
class Site:
    """The API, the prefix of its authorizers' names, and the names that this and other Microservices need.

    `callers` are those for which this Microservice needs an integration.
    """

    api: str
    prefix: str
    wanted: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    callers: frozenset[Callers] = frozenset()


class ServiceRoutes:
    """The integrations, routes and authorizer of one Microservice on one API."""

    def __init__(self, scope: AwsScope, site: Site, lane: Lane = Lane.MAIN) -> None:
        """Set the API, without a call."""
        self._scope = scope
        self._site = site
        self._service = AwsService(scope, SERVICE, f"API {site.api}", lane)
        owner = scope.owner
        self._me = holder(owner.marks, owner.cluster)
        self._lists = scope.clients.lists
        self._region = lists_of(scope, site.api, lane)
        self._own = f"{site.api} {self._me}"  # what only this Microservice writes, among the writes to the API
        self._integrations: tuple[Integration, ...] = ()  # by id
        self._routes: tuple[ObservedRoute, ...] = ()
        self._authorizers: dict[str, Authorizer] = {}
        self.gone = False  # the whole API does not exist

    async def observe(self) -> Observed | None:
        """Find them in the lists of the whole API; a route is ours if its integration has our tags."""
        # "Amazon API Gateway quotas": ten calls per second for an account, and a full API has some twenty pages
        valid = self._lists.age_after_writes(self._region, self._own)
        try:
            listed = await self._lists.find(
                self._region,
                self._site.api,
                self._list_all,
                "apigatewayv2:GetRoutes",
                owner=self._scope.owner.identity.uid,
                valid=valid,
            )
        except Gone:
            self.gone = True
            return None
        integrations, routes, authorizers = ((listed or {})[kind] for kind in _KINDS)
        holders = {item["IntegrationId"]: holder(marks(item), self._scope.owner.cluster) for item in integrations}
        mine = [item for item in integrations if holders[item["IntegrationId"]] == self._me]
        self._integrations = tuple(
            integration(item, marks(item), [each for each in routes if target_of(each) == item["IntegrationId"]])
            for item in sorted(mine, key=lambda item: str(item["IntegrationId"]))
        )
        self._note(routes, authorizers, holders)
        awaited = self._awaited()
        if not self._integrations:
            return Observed(self.arn, Phase.CREATING) if awaited else None
        phase = Phase.CHANGING if awaited else Phase.READY
        return Observed(self.arn, phase, self._fields(routes), self._scope.owner.marks)

    @property
    def arn(self) -> str:
        """Return the id of our first integration in the form that IAM policies use; AWS has no ARN for it.

        The ARNs of API Gateway name no account, but a status must tell an account that is not the operator's own.
        """
        account = self._scope.account_id if self._scope.role else ""
        integrations = f"{api_arn(self._scope.region, self._site.api, account)}/integrations"
        return f"{integrations}/{self._integrations[0].id}" if self._integrations else integrations

    async def create(self, desired: Desired) -> None:
        """Create the first integration with our owner tags in its description."""
        if self.gone:
            raise NotYet(
                Reason.API_CREATING, f"api {desired.name}: its API Gateway API does not exist and is created again", 1
            )
        callers, fields = min(desired.fields["integrations"].items())
        with self._writing():
            await self._change_integration(Added(callers, fields))

    async def modify(self, step: Step, _desired: Desired | None) -> None:
        """Take one step: an authorizer, an integration, or a few routes."""
        value: Any = step.changes.get(step.name)
        with self._writing():
            match step.name:
                case "authorizers":
                    await self._change_authorizer(value)
                case "integrations":
                    await self._change_integration(value)
                case "routes":
                    for change in value:
                        await self._change_route(change)
                case _:
                    await self._write("DeleteIntegration", IntegrationId=value)

    async def delete(self) -> None:
        """Take one step of the deletion: a few routes at a time, then the authorizer, then an integration."""
        mine = [route.id for route in self._routes if route.holder == self._me]
        stale = unwanted(Authorizers({}, self._site.others), self._authorizers)
        with self._writing():
            if mine:
                for route in mine[:AT_A_TIME]:
                    await self._write("DeleteRoute", RouteId=route)
            elif stale:
                await self._write("DeleteAuthorizer", AuthorizerId=stale[0])
            else:
                await self._write("DeleteIntegration", IntegrationId=self._integrations[0].id)

    def _note(self, routes: list[Item], authorizers: list[Item], holders: Mapping[str, str]) -> None:
        used = frozenset(str(route["AuthorizerId"]) for route in routes if _asks(route))
        names = {item["AuthorizerId"]: item["Name"] for item in authorizers}
        mine = {each.id for each in self._integrations}
        described = [held(route, holders, names, self._ids if target_of(route) in mine else {}) for route in routes]
        self._routes = tuple(sorted(described, key=lambda route: route.id))
        self._authorizers = {}
        for item in sorted(authorizers, key=lambda item: item["AuthorizerId"]):
            name, id_ = item["Name"], item["AuthorizerId"]
            if not name.startswith(self._site.prefix):
                # somebody else's: it counts for the quota, and the operator never deletes one in use
                self._authorizers[id_] = authorizer(item, frozenset({id_}))
            else:
                self._authorizers[name if name not in self._authorizers else id_] = authorizer(item, used)

    def _awaited(self) -> bool:
        """Whether something that we need may exist although AWS does not list it yet."""
        making, there = self._scope.clients.create_once, self._ids
        wanted = {self._authorizer_key(name): name in self._authorizers for name in self._site.wanted}
        # the deletion needs none, but must not overlook one
        wanted |= {self._integration_key(callers): callers in there for callers in self._site.callers or Callers}
        for key in (key for key, listed in wanted.items() if listed):
            making.seen(key)
        return any(making.may_exist(key) for key, listed in wanted.items() if not listed)

    @property
    def _ids(self) -> dict[Callers, str]:
        return {callers: each.id for callers, each in chosen(self._integrations).items()}

    def _integration_key(self, callers: Callers) -> tuple[str, ...]:
        return ("integration", self._scope.account_id, self._scope.region, self._site.api, self._me, callers)

    def _authorizer_key(self, name: str) -> tuple[str, ...]:
        return ("authorizer", self._scope.account_id, self._scope.region, self._site.api, name)

    def _fields(self, routes: list[Item]) -> dict[str, Any]:
        used = {target_of(route) for route in routes}
        used |= {id_ for callers, id_ in self._ids.items() if callers in self._site.callers}
        return {
            "authorizers": self._authorizers,
            "integrations": self._integrations,
            "routes": self._routes,
            "duplicates": tuple(each.id for each in self._integrations if each.id not in used),
        }

    async def _change_integration(self, change: Any) -> None:
        match change:
            case Added(callers, fields):
                async with self._scope.clients.create_once.once(self._integration_key(Callers(callers))):
                    described = description(fields["marks"])
                    await self._write("CreateIntegration", Description=described, **integration_request(fields))
            case ChangedIntegration(id_, fields, surplus):
                request = {"Description": description(fields["marks"]), **integration_request(fields, surplus)}
                await self._write("UpdateIntegration", IntegrationId=id_, **request)

    async def _change_route(self, change: Any) -> None:
        ids = {name: existing.id for name, existing in self._authorizers.items()}
        match change:
            case Added(_, claim):
                await self._write("CreateRoute", **route_request(claim, self._ids[callers_of(claim)], ids))
            case ReplacedRoute(route, claim):
                request = route_request(claim, self._ids[callers_of(claim)], ids)
                await self._write("UpdateRoute", RouteId=route, **request)
            case Removed(route):
                await self._write("DeleteRoute", RouteId=route)

    async def _change_authorizer(self, change: Any) -> None:
        match change:
            case Added(name, tokens):
                async with self._scope.clients.create_once.once(self._authorizer_key(name)):
                    await self._write("CreateAuthorizer", Name=name, **authorizer_request(tokens))
            case Removed(id_):
                await self._write("DeleteAuthorizer", AuthorizerId=id_)
            case (id_, tokens):
                await self._write("UpdateAuthorizer", AuthorizerId=id_, **authorizer_request(tokens))

    async def _list_all(self) -> dict[str, Described]:
        """List integrations, routes and authorizers concurrently, for every Microservice of the API."""
        lists = await asyncio.gather(*(items(self._service, f"Get{kind}", ApiId=self._site.api) for kind in _KINDS))
        return {self._site.api: dict(zip(_KINDS, lists, strict=True))}

    def _writing(self) -> AbstractContextManager[None]:
        """Wrap all writes of a step: the lists are read again after the last one."""
        return self._lists.writing(self._region, self._site.api, self._own)

    async def _write(self, action: str, **request: Any) -> None:
        await self._service.write(action, ApiId=self._site.api, **request)


def _asks(route: Item) -> bool:
    return route.get("AuthorizationType", "NONE") != "NONE" and bool(route.get("AuthorizerId"))
