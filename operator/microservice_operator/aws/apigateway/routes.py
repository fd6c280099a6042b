"""Reconciles and deletes the routes of a Microservice on its Environment's API, with their field rules.

A service has one integration and its routes on the API; services with the same tokens share an authorizer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from ... import names
from ...api import routes as api
from ...errors import OperatorError
from ...facts import Part, Reason, State
from ...openapi import routes, settings
from ..engine.call import Lane
from ..engine.decide import Deletion, Desired
from ..engine.fields import Field, ResourceSchema
from ..engine.reconcile import at_home, reconcile, remove
from ..engine.report import failed
from ..engine.rules import exact
from ..engine.scope import AwsScope
from .route_ownership import Authorizers, DesiredRoute, DesiredRoutes, Tokens, next_authorizer, next_routes, none_left
from .routes_adapter import ServiceRoutes, Site, parameters
from .shared_api import REASONS, SharedAPI, drop_gateway, forget_gateway, reconcile_gateway, shared_place
from .shared_api_adapter import HTTPAPI

API_PART = "routes"  # name of the part; a Microservice has one
API = ResourceSchema(
    name="API",
    fields=(
        Field("authorizers", next_authorizer, "auth"),
        Field("integration", exact, "openAPI", step="integration"),
        Field("marks", exact, "openAPI", step="integration"),
        Field("routes", next_routes, "openAPI"),
        Field("duplicates", none_left, "openAPI"),
    ),
    reasons=REASONS,
)


@dataclass(frozen=True)
class Others:
    """The other Microservices with routes in the Environment: older ones, younger ones, and their tokens."""

    seniors: frozenset[str] = frozenset()
    juniors: frozenset[str] = frozenset()
    tokens: frozenset[Tokens] = frozenset()


@dataclass(frozen=True)
class WantedAPI:
    """The declared routes of a Microservice; `known_id` is the id from the status."""

    spec: api.API
    shared: SharedAPI
    others: Others = Others()
    known_id: str = ""
    field: str = "spec.api"


@dataclass(frozen=True)
class LeavingAPI:
    """Routes that are no longer declared; `shared` is None if the Environment's API is unknown."""

    environment: str
    shared: SharedAPI | None = None
    others: Others = Others()
    known_id: str = ""


def tokens(spec: api.API) -> tuple[Tokens, ...]:
    """Return the tokens that the authorizer must accept, if the spec asks for one."""
    jwt = spec.auth.jwt if spec.auth else None
    return (Tokens(jwt.issuer, frozenset(jwt.audiences)),) if jwt else ()


def api_url(scope: AwsScope, part: Part, gateway: api.APIGateway) -> str:
    """Return the stage's URL, "" until it exists: "Publish HTTP APIs for customers to invoke" in the AWS documents."""
    at = _api_id(part.id)
    path = "" if gateway.stage == "$default" else f"/{gateway.stage}"
    return f"https://{at}.execute-api.{scope.region}.amazonaws.com{path}" if at else ""


async def reconcile_api(scope: AwsScope, wanted: WantedAPI, read: Callable[[], Awaitable[str]]) -> Part:
    """Take at most one step towards the Environment's API and one towards a Microservice's routes on it.

    `read` returns the OpenAPI document; it is called only without a cached result. Never raises an OperatorError. Pass
    `Part.id` back as `known_id` next time.
    """
    key = (scope.owner.identity.uid, API.name, API_PART)
    remembered = replace(wanted, known_id="")
    cached = scope.resync_cache.get(key, remembered)
    if cached:
        return cached
    unread = Part("AWS", API.name, API_PART, State.UNKNOWN, id=wanted.known_id, field=wanted.field)
    try:
        at_home(scope, API, Deletion(API_PART, scope.owner, "Retain", wanted.known_id))
    except OperatorError as error:
        return scope.resync_cache.with_warning(key, failed(unread, error))
    try:
        text = await read()
        claimed = await asyncio.to_thread(_claims, text, wanted)
    except OperatorError as error:
        return scope.resync_cache.with_warning(key, replace(failed(unread, error), field=f"{wanted.field}.openAPI"))
    gateway = await reconcile_gateway(scope, wanted.shared)
    if gateway.state is not State.READY:
        same = replace(gateway, kind=API.name, name=API_PART, id=wanted.known_id, field=wanted.field)
        return scope.resync_cache.with_warning(key, same)
    current, former = _api_id(gateway.id), _api_id(wanted.known_id)
    if former not in ("", current):
        left = await _leave(scope, Site(former, _prefix(scope, wanted.shared.environment)), wanted.known_id)
        if left.state is not State.READY:
            return left
    part, resync_cache = await _routes(scope, wanted, (current, claimed))
    if resync_cache:
        scope.resync_cache.put(key, remembered, part)
    return scope.resync_cache.with_warning(key, part)


async def leave_api(scope: AwsScope, leaving: LeavingAPI) -> Part:
    """Take at most one step to delete a Microservice's routes; it is done when the state is Ready.

    The API stays, unless it is empty and the Environment's deletionPolicy is Delete.
    """
    scope.resync_cache.invalidate((scope.owner.identity.uid, API.name, API_PART))
    part = Part("AWS", API.name, API_PART, State.DELETING, Reason.API_DELETING, id=leaving.known_id)
    shared = shared_place(scope, leaving.environment)
    gateway = HTTPAPI(shared, leaving.shared.gateway.name if leaving.shared else "", Lane.DELETE)
    try:
        there = await gateway.observe()
        ours = there is not None and there.fields
        at = _api_id(leaving.known_id) or (_api_id(there.id) if there and ours else "")
        if at:
            prefix = _prefix(scope, leaving.environment)
            part = await _leave(scope, Site(at, prefix, others=_names(prefix, leaving.others)), leaving.known_id)
        else:
            part = replace(part, state=State.READY, reason=Reason.API_DELETED, message=f"api {API_PART} is deleted")
        goes = leaving.shared is not None and leaving.shared.gateway.deletion_policy == "Delete"
        if part.state is State.READY and goes and ours and await gateway.empty():
            return await drop_gateway(shared, gateway, part)
    except OperatorError as error:
        return failed(part, error)
    return part


async def _routes(scope: AwsScope, wanted: WantedAPI, at: tuple[str, tuple[DesiredRoute, ...]]) -> tuple[Part, bool]:
    current, claimed = at
    identity, spec = scope.owner.identity, wanted.shared.gateway
    prefix = _prefix(scope, wanted.shared.environment)
    asked = {_name(prefix, accepted): accepted for accepted in tokens(wanted.spec)}
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
        "marks": scope.owner.marks,
        "routes": DesiredRoutes(
            f"{identity.namespace}/{identity.name}", claimed, wanted.others.seniors, wanted.others.juniors
        ),
        "duplicates": (),
    }
    resource = ServiceRoutes(scope, Site(current, prefix, frozenset(asked), others))
    desired = Desired(API_PART, scope.owner, fields, at=wanted.field, within=current)
    outcome = await reconcile(scope, resource, API, desired)
    part = replace(outcome.part, id=outcome.part.id or wanted.known_id)
    if resource.gone:
        forget_gateway(shared_place(scope, wanted.shared.environment))
    if part.reason is Reason.CHANGE_REFUSED:  # an API refuses a change only because another owner has the route
        part = replace(part, reason=Reason.CONFLICT)
    return part, outcome.up_to_date


async def _leave(scope: AwsScope, site: Site, known_id: str) -> Part:
    resource = ServiceRoutes(scope, site, Lane.DELETE)
    return await remove(scope, resource, API, Deletion(API_PART, scope.owner, "Delete", known_id, site.api))


def _claims(text: str, wanted: WantedAPI) -> tuple[DesiredRoute, ...]:
    """Return the desired routes of a document; "?" stands for the authorizer's name, which is not known yet."""
    found = routes(text, settings(wanted.spec))
    return tuple(
        DesiredRoute(route.key) if route.public else DesiredRoute(route.key, "?", route.scopes) for route in found
    )


def _prefix(scope: AwsScope, environment: str) -> str:
    return names.cloud_name((scope.owner.cluster, "environment", environment, "jwt"), 100)


def _name(prefix: str, asked: Tokens) -> str:
    return f"{prefix}-{names.short_hash(asked.issuer, *sorted(asked.audiences))}"


def _names(prefix: str, others: Others) -> frozenset[str]:
    return frozenset(_name(prefix, asked) for asked in others.tokens)


def _api_id(arn: str) -> str:
    """`arn:aws:apigateway:REGION::/apis/ID/…` → ID."""
    return arn.partition("/apis/")[2].partition("/")[0]
