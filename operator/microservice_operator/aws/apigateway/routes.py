"""Reconciles and deletes the routes of a Microservice on its Environment's API, with their field rules.

A service has its routes on the API, and an integration for each kind of caller; services with the same tokens share an
authorizer.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from ... import names
from ...api import routes as api
from ...api.arns import account_in_arn
from ...errors import NeedsPerson, OperatorError
from ...facts import Part, Reason, State
from ...openapi import Route
from ...partitions import dns_suffix
from ...resources import DesiredResource, Removal
from ...resync_cache import Outcome
from ..engine.account import other_account
from ..engine.call import Lane
from ..engine.decide import Desired
from ..engine.fields import Field, ResourceSchema
from ..engine.reconcile import at_home, reconcile, remove
from ..engine.report import failed
from ..engine.scope import AwsScope
from .integrations import Callers, Fields, marked, next_integration, parameters
from .responses import callers_of
from .route_ownership import Authorizers, DesiredRoute, DesiredRoutes, Tokens, next_authorizer, next_routes, none_left
from .routes_adapter import ServiceRoutes, Site
from .shared_api import REASONS, SharedAPI, drop_gateway, forget_gateway, reconcile_gateway, shared_place
from .shared_api_adapter import HTTPAPI

API_PART = "routes"  # name of the part; a Microservice has one
API = ResourceSchema(
    name="API",
    fields=(
        Field("authorizers", next_authorizer, "auth"),
        Field("integrations", next_integration, "openAPI"),
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


@dataclass(frozen=True, kw_only=True)
class DesiredAPI(DesiredResource[api.API]):
    """The declared routes of a Microservice."""

    shared: SharedAPI
    others: Others = Others()


def accepted_tokens(auth: api.Auth | None) -> tuple[Tokens, ...]:
    """Return the tokens that the authorizer must accept, if there must be one."""
    jwt = auth.jwt if auth else None
    return (Tokens(jwt.issuer, frozenset(jwt.audiences)),) if jwt else ()


def api_url(scope: AwsScope, part: Part, gateway: api.APIGateway) -> str:
    """Return the stage's URL: "Publish HTTP APIs for customers to invoke" in the AWS documents.

    It is "" until the API exists, and if the Environment disables it: the operator does not know the API's own domain.
    """
    if gateway.disable_execute_api_endpoint:
        return ""
    api_id = _api_id(part.id)
    path = "" if gateway.stage == "$default" else f"/{gateway.stage}"
    return f"https://{api_id}.execute-api.{scope.region}.{dns_suffix(scope.region)}{path}" if api_id else ""


async def reconcile_api(scope: AwsScope, desired: DesiredAPI, read: Callable[[], Awaitable[tuple[Route, ...]]]) -> Part:
    """Take at most one step towards the Environment's API and one towards a Microservice's routes on it.

    `read` returns the routes of the OpenAPI document; it is called only without a cached result. Never raises an
    OperatorError. Pass `Part.id` back in `known` next time.
    """
    key = (scope.owner.identity.uid, API.name, API_PART)
    known_id, remembered = desired.id_of(API.name), (scope.place, replace(desired, known={}))
    cached = scope.resync_cache.get(key, remembered)
    if cached:
        return cached
    unread = Part("AWS", API.name, API_PART, State.UNKNOWN, id=known_id, field=desired.field)
    try:
        at_home(scope, API, API_PART, known_id)
        await _refuse_other_accounts(scope, known_id)
    except OperatorError as error:
        return scope.resync_cache.with_warning(key, failed(unread, error))
    try:
        claimed = _claims(await read(), api.effective_auth(desired.spec, desired.shared.gateway))
    except OperatorError as error:
        return scope.resync_cache.with_warning(key, _unreadable(unread, error))
    gateway = await reconcile_gateway(scope, desired.shared)
    if gateway.state is not State.READY:
        same = replace(gateway, kind=API.name, name=API_PART, id=known_id, field=desired.field)
        return scope.resync_cache.with_warning(key, same)
    current, former = _api_id(gateway.id), _api_id(known_id)
    if former not in ("", current):
        left = await _delete_routes(scope, Site(former, _prefix(scope, desired.shared.environment)), known_id)
        if left.state is not State.READY:
            return left
    outcome = await _routes(scope, desired, (current, claimed))
    outcome = scope.resync_cache.kept(key, remembered, outcome)
    if outcome.up_to_date:
        scope.resync_cache.put(key, remembered, outcome.part)
    return scope.resync_cache.with_warning(key, outcome.part)


async def delete_api(
    scope: AwsScope, removal: Removal, environment: str, shared: SharedAPI | None, others: Others
) -> Part:
    """Take at most one step to delete a Microservice's routes; it is done when the state is Ready.

    `shared` is None if the Environment's API is unknown. The API stays, unless it is empty and the Environment's
    deletionPolicy is Delete.
    """
    known_id = removal.id_of(API.name)
    scope.resync_cache.invalidate((scope.owner.identity.uid, API.name, API_PART))
    part = Part("AWS", API.name, API_PART, State.DELETING, Reason.API_DELETING, id=known_id)
    there = shared_place(scope, environment)
    gateway = HTTPAPI(there, shared.gateway.name if shared else "", Lane.DELETE)
    try:
        await _refuse_other_accounts(scope, known_id)
        observed = await gateway.observe()
        ours = observed is not None and observed.fields
        api_id = _api_id(known_id) or (_api_id(observed.id) if observed and ours else "")
        if api_id:
            prefix = _prefix(scope, environment)
            part = await _delete_routes(scope, Site(api_id, prefix, others=_names(prefix, others)), known_id)
        else:
            part = replace(part, state=State.READY, reason=Reason.API_DELETED, message=f"api {API_PART} is deleted")
        goes = shared is not None and shared.gateway.deletion_policy == "Delete"
        if part.state is State.READY and goes and ours and await gateway.empty():
            return await drop_gateway(there, gateway, part)
    except OperatorError as error:
        return failed(part, error)
    return part


async def _refuse_other_accounts(scope: AwsScope, known_id: str) -> None:
    """Raise NeedsPerson if the operator created the routes with its own credentials in another account.

    The id of such routes names no account, so `at_home` cannot tell.
    """
    if known_id and not account_in_arn(known_id) and (own := await other_account(scope)):
        raise NeedsPerson(
            Reason.ACCOUNT_MISMATCH,
            f"api {API_PART} is {known_id} in account {own}, but the Environment names account {scope.account_id}; "
            "nothing is written; restore the Environment's spec.aws",
        )


async def _routes(scope: AwsScope, desired: DesiredAPI, api_routes: tuple[str, tuple[DesiredRoute, ...]]) -> Outcome:
    current, claimed = api_routes
    identity, spec = scope.owner.identity, desired.shared.gateway
    prefix = _prefix(scope, desired.shared.environment)
    tokens_by_name = {
        _name(prefix, accepted): accepted for accepted in accepted_tokens(api.effective_auth(desired.spec, spec))
    }
    claimed = tuple(
        replace(claim, authorizer=next(iter(tokens_by_name), "")) if claim.authorizer else claim for claim in claimed
    )
    others = _names(prefix, desired.others)
    integrations = _integrations(scope, spec, claimed or (DesiredRoute("", next(iter(tokens_by_name), "")),))
    fields: dict[str, Any] = {
        "authorizers": Authorizers(tokens_by_name, others, spec.max_authorizers),
        "integrations": integrations,
        "routes": DesiredRoutes(
            f"{identity.namespace}/{identity.name}",
            claimed,
            desired.others.seniors,
            desired.others.juniors,
            spec.max_routes,
            spec.path_prefix is not None,
        ),
        "duplicates": (),
    }
    resource = ServiceRoutes(scope, Site(current, prefix, frozenset(tokens_by_name), others, frozenset(integrations)))
    state = Desired(API_PART, scope.owner, fields, at=desired.field, within=current)
    outcome = await reconcile(scope, resource, API, state)
    part = replace(outcome.part, id=outcome.part.id or desired.id_of(API.name))
    if resource.gone:
        forget_gateway(shared_place(scope, desired.shared.environment))
    if part.reason is Reason.CHANGE_REFUSED:  # an API refuses a change only because another owner has the route
        part = replace(part, reason=Reason.CONFLICT)
    return replace(outcome, part=part)


def _integrations(scope: AwsScope, gateway: api.APIGateway, claimed: tuple[DesiredRoute, ...]) -> dict[Callers, Fields]:
    """Return the integrations that the claimed routes need."""
    identity = scope.owner.identity
    return {
        callers: {
            "IntegrationUri": gateway.listener_arn,
            "ConnectionId": gateway.vpc_link_id,
            "IntegrationMethod": "ANY",
            "RequestParameters": parameters(identity.namespace, identity.name, callers),
            "marks": marked(scope.owner.marks, callers),
        }
        for callers in {callers_of(claim) for claim in claimed}
    }


async def _delete_routes(scope: AwsScope, site: Site, known_id: str) -> Part:
    resource = ServiceRoutes(scope, site, Lane.DELETE)
    removal = Removal(API_PART, "Delete", {API.name: known_id}, within=site.api)
    return await remove(scope, resource, API, removal)


def _unreadable(part: Part, error: OperatorError) -> Part:
    """Return the part of a refused document; an error without a field of `spec.api` is about the document itself."""
    field = error.field if isinstance(error, NeedsPerson) else ""
    return replace(failed(part, error), field=f"{part.field}.{field or 'openAPI'}")


def _claims(routes: tuple[Route, ...], auth: api.Auth | None) -> tuple[DesiredRoute, ...]:
    """Return the desired routes of a document; "?" replaces the authorizer's name, which is not known yet.

    Raises NeedsPerson if a route needs a token and there is no authorizer: it must never become public.
    """
    closed = [route.key for route in routes if not route.public]
    if closed and not accepted_tokens(auth):
        message = f"{closed[0]} must have a token, but no auth.jwt says which tokens are valid; set it"
        raise NeedsPerson(Reason.AUTH_MISSING, message, "auth")
    return tuple(
        DesiredRoute(route.key) if route.public else DesiredRoute(route.key, "?", route.scopes) for route in routes
    )


def _prefix(scope: AwsScope, environment: str) -> str:
    return names.cloud_name((scope.owner.cluster, "environment", environment, "jwt"), 100)


def _name(prefix: str, accepted: Tokens) -> str:
    return f"{prefix}-{names.short_hash(accepted.issuer, *sorted(accepted.audiences))}"


def _names(prefix: str, others: Others) -> frozenset[str]:
    return frozenset(_name(prefix, accepted) for accepted in others.tokens)


def _api_id(arn: str) -> str:
    """`arn:aws:apigateway:REGION::/apis/ID/…` → ID."""
    return arn.partition("/apis/")[2].partition("/")[0]
