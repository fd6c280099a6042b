"""The routes of a Microservice on its Environment's API: what the walk calls, and the tables of field rules.

The API belongs to the Environment and outlives the services on it; whoever needs it first makes it. What a service has
on it is one integration, its routes and an authorizer that services with the same tokens share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .. import names
from ..api import routes as api
from ..api.objects import Identity
from ..errors import OperatorError
from ..facts import Part, Reason, State
from ..ownership import SharedOwner
from .apigateway import HTTPAPI
from .apigateway_service import ServiceRoutes, Site, parameters
from .apigateway_shapes import CORS_HEADERS, CORS_METHODS
from .claims import Authorizers, Claim, Claims, Tokens, next_authorizer, next_routes, none_left
from .clients import Lane
from .openapi import routes
from .parts import failed
from .place import Place
from .plan import Desired, Field, Kind, Leaving, Reasons
from .resource import reconcile, remove
from .rules import Added, Change, Outcome, Removed, exact
from .tags import desired_tags, owned_tags

_REASONS = Reasons(
    creating=Reason.API_CREATING,
    created=Reason.API_CREATED,
    updating=Reason.API_UPDATING,
    deleting=Reason.API_DELETING,
    deleted=Reason.API_DELETED,
    retained=Reason.API_RETAINED,
    lost=Reason.API_LOST,
    unusable=Reason.API_UNUSABLE,
)


def _stages(desired: str, observed: Mapping[str, tuple[bool, bool]]) -> Outcome:
    """The wanted stage deploys by itself; one that we made under a former name goes."""
    deploys, _ = observed.get(desired, (False, False))
    if not deploys:
        return Change(Added(desired, None), f"setting up stage {desired}")
    former = sorted(name for name, (_, ours) in observed.items() if ours and name != desired)
    return Change(Removed(former[0]), f"removing stage {former[0]}") if former else None


GATEWAY = Kind(
    name="Gateway",
    fields=(
        Field("tags", owned_tags, "tags"),
        Field("name", exact, "name"),
        Field("stages", _stages, "stage"),
        Field("cors", exact, "corsOrigins"),
        Field("duplicates", none_left, "name"),
    ),
    reasons=_REASONS,
)
API = Kind(
    name="API",
    fields=(
        Field("authorizers", next_authorizer, "auth"),
        Field("integration", exact, "openAPI", step="integration"),
        Field("marks", exact, "openAPI", step="integration"),
        Field("routes", next_routes, "openAPI"),
        Field("duplicates", none_left, "openAPI"),
    ),
    reasons=_REASONS,
)


@dataclass(frozen=True)
class Others:
    """The other Microservices with routes in the Environment: those older and younger, and the tokens they ask for."""

    seniors: frozenset[str] = frozenset()
    juniors: frozenset[str] = frozenset()
    tokens: frozenset[Tokens] = frozenset()


@dataclass(frozen=True)
class Shared:
    """An Environment as far as its API goes."""

    environment: str
    gateway: api.APIGateway
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WantedAPI:
    """The declared routes of a Microservice; `known_id` is what status remembers."""

    spec: api.API
    shared: Shared
    others: Others = Others()
    known_id: str = ""
    field: str = "spec.api"


@dataclass(frozen=True)
class LeavingAPI:
    """Routes that are not wanted any more; `shared` is absent where nobody knows the Environment's API."""

    environment: str
    shared: Shared | None = None
    others: Others = Others()
    known_id: str = ""


def tokens(jwt: api.JWT) -> Tokens:
    """What an authorizer is to accept."""
    return Tokens(jwt.issuer, frozenset(jwt.audiences))


def api_url(place: Place, part: Part, gateway: api.APIGateway) -> str:
    """Address of the stage, "" until there is one: "Publish HTTP APIs for customers to invoke" in the AWS documents."""
    at = _api_id(part.id)
    path = "" if gateway.stage == "$default" else f"/{gateway.stage}"
    return f"https://{at}.execute-api.{place.region}.amazonaws.com{path}" if at else ""


async def reconcile_api(place: Place, wanted: WantedAPI, read: Callable[[], Awaitable[str]]) -> Part:
    """Take at most one step towards the Environment's API and one towards a Microservice's routes on it.

    `read` brings the OpenAPI document; it is called only where there is something to look at. Never raises an
    OperatorError. Give `Part.id` back as `known_id`.
    """
    name = place.owner.identity.name
    key = (place.owner.identity.uid, API.name, name)
    remembered = replace(wanted, known_id="")
    recalled = place.settled.recall(key, remembered)
    if recalled:
        return recalled
    unread = Part("AWS", API.name, name, State.UNKNOWN, id=wanted.known_id, field=wanted.field)
    try:
        text = await read()
        claimed = await asyncio.to_thread(_claims, text, wanted)
    except OperatorError as error:
        return place.settled.news(key, replace(failed(unread, error), field=f"{wanted.field}.openAPI"))
    gateway = await _gateway(place, wanted.shared)
    if gateway.state is not State.READY:
        same = replace(gateway, kind=API.name, name=name, id=wanted.known_id, field=wanted.field)
        return place.settled.news(key, same)
    current, former = _api_id(gateway.id), _api_id(wanted.known_id)
    if former not in ("", current):
        left = await _leave(place, Site(former, _prefix(place, wanted.shared.environment)), wanted.known_id)
        if left.state is not State.READY:
            return left
    part, settled = await _routes(place, wanted, (current, claimed))
    if settled:
        place.settled.keep(key, remembered, part)
    return place.settled.news(key, part)


async def leave_api(place: Place, leaving: LeavingAPI) -> Part:
    """Take at most one step towards removing a Microservice's routes; over when the state is Ready.

    The API stays, unless nothing is on it any more and the Environment says that it goes then.
    """
    identity = place.owner.identity
    place.settled.forget(identity.uid)
    part = Part("AWS", API.name, identity.name, State.DELETING, Reason.API_DELETING, id=leaving.known_id)
    shared = _shared_place(place, leaving.environment)
    gateway = HTTPAPI(shared, leaving.shared.gateway.name if leaving.shared else "", Lane.DELETE)
    try:
        there = await gateway.observe()
        ours = there is not None and there.fields
        at = _api_id(leaving.known_id) or (_api_id(there.id) if there and ours else "")
        if at:
            prefix = _prefix(place, leaving.environment)
            part = await _leave(place, Site(at, prefix, others=_names(prefix, leaving.others)), leaving.known_id)
        else:
            part = replace(part, state=State.READY, reason=Reason.API_DELETED, message=f"api {identity.name} is gone")
        alone = not leaving.others.seniors and not leaving.others.juniors
        goes = leaving.shared is not None and leaving.shared.gateway.deletion_policy == "Delete"
        if part.state is State.READY and goes and alone and ours and await gateway.empty():
            return await _drop(shared, gateway, part)
    except OperatorError as error:
        return failed(part, error)
    return part


async def _gateway(place: Place, shared: Shared) -> Part:
    """One pass over the API; services that come at once take turns, so that one of them makes it."""
    there = _shared_place(place, shared.environment)
    spec = shared.gateway
    key = ("/".join(there.owner.marks.values()), GATEWAY.name, spec.name)
    resource = HTTPAPI(there, spec.name)
    async with place.clients.making.turn(resource.key):
        recalled = place.settled.recall(key, shared)
        if recalled:
            return recalled
        origins = frozenset(spec.cors_origins or ())
        fields = {
            "name": spec.name,
            "cors": (origins, frozenset(CORS_HEADERS), frozenset(CORS_METHODS)) if origins else None,
            "tags": desired_tags(there.owner, shared.tags),
            "stages": spec.stage,
            "duplicates": (),
        }
        outcome = await reconcile(resource, GATEWAY, Desired(spec.name, there.owner, fields, at="spec.api"))
        part = outcome.part
        if part.reason is Reason.CONFLICT:
            tagged = ", ".join(f"{tag}: {value}" for tag, value in there.owner.marks.items())
            message = (
                f"an API named {spec.name} exists and is not marked as this Environment's; it is left as it is; "
                f"rename spec.aws.apiGateway.name of Environment {shared.environment}, or give that API away "
                f"by the tags {tagged}"
            )
            part = replace(part, message=message)
        if outcome.settled:
            place.settled.keep(key, shared, part)
        return part


async def _routes(place: Place, wanted: WantedAPI, at: tuple[str, tuple[Claim, ...]]) -> tuple[Part, bool]:
    current, claimed = at
    identity, spec = place.owner.identity, wanted.shared.gateway
    prefix = _prefix(place, wanted.shared.environment)
    asked = {_name(prefix, tokens(wanted.spec.auth.jwt)): tokens(wanted.spec.auth.jwt)} if wanted.spec.auth else {}
    claimed = tuple(
        replace(claim, authorizer=next(iter(asked), "")) if claim.authorizer else claim for claim in claimed
    )
    others = _names(prefix, wanted.others)
    fields: dict[str, Any] = {
        "authorizers": Authorizers(asked, others),
        "integration": {
            "IntegrationUri": spec.listener_arn,
            "ConnectionId": spec.vpc_link_id,
            "IntegrationMethod": "ANY",
            "RequestParameters": parameters(identity.namespace, identity.name),
        },
        "marks": place.owner.marks,
        "routes": Claims(
            f"{identity.namespace}/{identity.name}", claimed, wanted.others.seniors, wanted.others.juniors
        ),
        "duplicates": (),
    }
    resource = ServiceRoutes(place, Site(current, prefix, frozenset(asked), others))
    outcome = await reconcile(resource, API, Desired(identity.name, place.owner, fields, at=wanted.field))
    part = replace(outcome.part, id=outcome.part.id or wanted.known_id)
    if resource.gone:
        place.settled.forget("/".join(_shared_place(place, wanted.shared.environment).owner.marks.values()))
    if part.reason is Reason.CHANGE_REFUSED:  # nothing else of an API is refused than what somebody else has
        part = replace(part, reason=Reason.CONFLICT)
    return part, outcome.settled


async def _leave(place: Place, site: Site, known_id: str) -> Part:
    resource = ServiceRoutes(place, site, Lane.DELETE)
    return await remove(resource, API, Leaving(place.owner.identity.name, place.owner, "Delete", known_id))


async def _drop(shared: Place, gateway: HTTPAPI, part: Part) -> Part:
    """Remove the API itself; the Microservice waits until AWS does not show it any more."""
    shared.settled.forget("/".join(shared.owner.marks.values()))
    dropped = await remove(gateway, GATEWAY, Leaving(part.name, shared.owner, "Delete"))
    if dropped.state is State.RETAINED:
        return part
    return replace(dropped, kind=part.kind, id=part.id, events=(*part.events, *dropped.events))


def _claims(text: str, wanted: WantedAPI) -> tuple[Claim, ...]:
    """Claims of a document; the authorizer's name is not known yet, only whether one is asked for."""
    asks = wanted.spec.auth is not None
    return tuple(
        Claim(route.key, "?", route.scopes) if asks and not route.public else Claim(route.key) for route in routes(text)
    )


def _shared_place(place: Place, environment: str) -> Place:
    owner = SharedOwner(place.owner.cluster, Identity("", environment, ""))
    return replace(place, owner=owner)


def _prefix(place: Place, environment: str) -> str:
    return names.cloud_name((place.owner.cluster, "environment", environment, "jwt"), 100)


def _name(prefix: str, asked: Tokens) -> str:
    return f"{prefix}-{names.short_hash(asked.issuer, *sorted(asked.audiences))}"


def _names(prefix: str, others: Others) -> frozenset[str]:
    return frozenset(_name(prefix, asked) for asked in others.tokens)


def _api_id(arn: str) -> str:
    """`arn:aws:apigateway:REGION::/apis/ID/…` → ID."""
    return arn.partition("/apis/")[2].partition("/")[0]
