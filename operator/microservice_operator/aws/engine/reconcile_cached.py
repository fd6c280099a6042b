"""Reconciles one AWS resource, or takes its report from the resync cache if it was up to date recently."""

from dataclasses import replace
from functools import partial
from typing import Any

from ...facts import Part
from ...resources import Removal
from ...resync_cache import Outcome
from .decide import Desired
from .fields import ResourceSchema
from .reconcile import Resource, reconcile, remove
from .scope import AwsScope


async def reconcile_cached(
    scope: AwsScope, resource: Resource, kind: ResourceSchema, desired: Desired, cached_state: Any = None
) -> Outcome:
    """Take at most one step towards the desired state, and report the state.

    A change of `cached_state` makes a read necessary; by default it is the desired state. Never raises an
    OperatorError: the part contains the error. Pass `Part.id` back as `known_id` next time.
    """
    key = (scope.owner.identity.uid, kind.name, desired.name)
    state = replace(desired, known_id="") if cached_state is None else cached_state
    return await scope.resync_cache.reconcile(
        key, (scope.place, state), partial(reconcile, scope, resource, kind, desired)
    )


async def remove_uncached(scope: AwsScope, resource: Resource, kind: ResourceSchema, removal: Removal) -> Part:
    """Take at most one step to delete or retain a resource; it is done when the state is Ready (gone) or Retained."""
    scope.resync_cache.invalidate((scope.owner.identity.uid, kind.name, removal.name))
    return await remove(scope, resource, kind, removal)
