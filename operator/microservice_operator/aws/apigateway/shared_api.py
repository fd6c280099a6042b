"""Reconciles the HTTP API of an Environment, which its Microservices share, with its field rules.

It belongs to the Environment and outlives the services on it. The first Microservice that needs it creates it;
concurrent ones take turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...api.parsing import Identity
from ...api.routes import APIGateway
from ...facts import Part, Reason, State
from ...ownership import SharedOwner
from ...resources import Removal
from ..engine.decide import Desired
from ..engine.fields import Field, Reasons, ResourceSchema
from ..engine.reconcile import reconcile, remove
from ..engine.rules import Added, Change, Outcome, Removed, exact, if_given
from ..engine.scope import AwsScope
from ..engine.tags import desired_tags, owned_tags
from .responses import CORS_HEADERS, CORS_METHODS, Throttling
from .route_ownership import none_left
from .shared_api_adapter import HTTPAPI

REASONS = Reasons(
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
    """Rule: the desired stage deploys automatically; remove a stage that we created under an old name."""
    deploys, _ = observed.get(desired, (False, False))
    if not deploys:
        return Change(Added(desired, None), f"setting up stage {desired}")
    former = sorted(name for name, (_, ours) in observed.items() if ours and name != desired)
    return Change(Removed(former[0]), f"removing stage {former[0]}") if former else None


def _of_stage(desired: tuple[str, Any], observed: Mapping[str, Any]) -> Outcome:
    """Rule: change a setting of the desired stage; one that is not declared may be somebody else's and stays."""
    stage, value = desired
    return if_given(value, observed[stage]) if stage in observed else None


GATEWAY = ResourceSchema(
    name="Gateway",
    fields=(
        Field("tags", owned_tags, "tags"),
        Field("name", exact, "name"),
        Field("stages", _stages, "stage"),
        Field("access_log", _of_stage, "accessLogGroupARN", step="settings"),
        Field("throttling", _of_stage, "throttling", step="settings"),
        Field("endpoint_disabled", if_given, "disableExecuteAPIEndpoint"),
        Field("cors", exact, "corsOrigins"),
        Field("duplicates", none_left, "name"),
    ),
    reasons=REASONS,
)


@dataclass(frozen=True)
class SharedAPI:
    """An Environment's settings for its API."""

    environment: str
    gateway: APIGateway
    tags: Mapping[str, str] = field(default_factory=dict)


async def reconcile_gateway(scope: AwsScope, shared: SharedAPI) -> Part:
    """Reconcile the API; concurrent services take turns, so that only one of them creates it."""
    there = shared_place(scope, shared.environment)
    spec = shared.gateway
    key = (_whose(there), GATEWAY.name, spec.name)
    resource = HTTPAPI(there, spec.name)
    async with scope.clients.create_once.turn(resource.key):
        state = scope.place, shared
        cached = scope.resync_cache.get(key, state)
        if cached:
            return cached
        origins = frozenset(spec.cors_origins or ())
        limits = spec.throttling
        throttling = Throttling(limits.requests_per_second, limits.burst) if limits else None
        fields = {
            "name": spec.name,
            "cors": (origins, frozenset(CORS_HEADERS), frozenset(CORS_METHODS)) if origins else None,
            "tags": desired_tags(there.owner, shared.tags),
            "stages": spec.stage,
            "access_log": (spec.stage, spec.access_log_group_arn),
            "throttling": (spec.stage, throttling),
            "endpoint_disabled": spec.disable_execute_api_endpoint,
            "duplicates": (),
        }
        outcome = await reconcile(there, resource, GATEWAY, Desired(spec.name, there.owner, fields, at="spec.api"))
        outcome = scope.resync_cache.kept(key, state, outcome)
        part = outcome.part
        if part.reason is Reason.CONFLICT:
            tagged = ", ".join(f"{tag}: {value}" for tag, value in there.owner.marks.items())
            message = (
                f"an API named {spec.name} already exists and is not owned by this Environment; it stays unchanged; "
                f"rename spec.aws.apiGateway.name of Environment {shared.environment}, or hand that API over with the "
                f"tags {tagged}"
            )
            part = replace(part, message=message)
        if outcome.up_to_date:
            scope.resync_cache.put(key, state, part)
        return part


async def drop_gateway(shared: AwsScope, gateway: HTTPAPI, part: Part) -> Part:
    """Delete the API itself; the Microservice waits until AWS no longer shows it."""
    forget_gateway(shared)
    dropped = await remove(shared, gateway, GATEWAY, Removal(part.name, "Delete"))
    if dropped.state is State.RETAINED:
        return part
    return replace(dropped, kind=part.kind, id=part.id, events=(*part.events, *dropped.events))


def shared_place(scope: AwsScope, environment: str) -> AwsScope:
    """Return the scope with the Environment as owner, for resources that its Microservices share."""
    owner = SharedOwner(scope.owner.cluster, Identity("", environment, ""))
    return replace(scope, owner=owner)


def forget_gateway(shared: AwsScope) -> None:
    """Invalidate the cached API, because it does not exist or is being deleted."""
    shared.resync_cache.invalidate_owner(_whose(shared))


def _whose(shared: AwsScope) -> str:
    return "/".join(shared.owner.marks.values())
