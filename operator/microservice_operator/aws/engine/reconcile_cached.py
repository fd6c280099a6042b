"""Reconciles one AWS resource, or takes its report from the resync cache if it was up to date recently."""

from dataclasses import replace

from ...facts import Part
from ...resources import Removal
from .decide import Desired
from .fields import ResourceSchema
from .reconcile import Resource, reconcile, remove
from .scope import AwsScope


async def reconcile_cached(scope: AwsScope, resource: Resource, kind: ResourceSchema, desired: Desired) -> Part:
    """Take at most one step towards the desired state, and report the state.

    Never raises an OperatorError: the part contains the error. Pass `Part.id` back as `known_id` next time.
    """
    key = (scope.owner.identity.uid, kind.name, desired.name)
    cached_state = replace(desired, known_id="")
    cached = scope.resync_cache.get(key, cached_state)
    if cached:
        return cached
    outcome = await reconcile(scope, resource, kind, desired)
    if outcome.up_to_date:
        scope.resync_cache.put(key, cached_state, outcome.part)
    return scope.resync_cache.with_warning(key, outcome.part)


async def remove_uncached(scope: AwsScope, resource: Resource, kind: ResourceSchema, removal: Removal) -> Part:
    """Take at most one step to delete or retain a resource; it is done when the state is Ready (gone) or Retained."""
    scope.resync_cache.invalidate((scope.owner.identity.uid, kind.name, removal.name))
    return await remove(scope, resource, kind, removal)
