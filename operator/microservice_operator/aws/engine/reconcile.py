"""The port that every adapter implements, and the loop that drives all of them: observe, decide, one step, a Part.

An adapter translates and never decides. Both sides are maps of fields, so one `decide` serves all types.
"""

from dataclasses import replace
from typing import Any, Protocol

from ...errors import NeedsPerson, NotYet, OperatorError, Postponed
from ...facts import Event, Part, Reason, State
from ...ownership import OWNER_TAGS, Ownership
from ...resources import Removal
from ...resync_cache import Outcome
from .decide import (
    Create,
    Decision,
    Delete,
    Desired,
    Keep,
    Modify,
    Observed,
    Phase,
    Step,
    decide,
    decide_removal,
    withheld,
)
from .expectations import Key, certainly_refused
from .fields import ResourceSchema, describe
from .report import Repeat, desired_part, failed, removal_part, unkept_part
from .scope import AwsScope
from .tags import Tag


class Resource(Protocol):
    """One AWS resource. All methods raise OperatorErrors; `modify` and `delete` raise Gone if it does not exist."""

    async def observe(self) -> Observed | None:
        """Return its state; None means that AWS says it does not exist, never that the read failed."""

    async def create(self, desired: Desired) -> None:
        """Create it with its owner tags from the first moment; a second call creates no second resource."""

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """Make one change; `desired` is None for a resource that is being removed."""

    async def delete(self) -> None:
        """Start its deletion."""


async def reconcile(scope: AwsScope, resource: Resource, kind: ResourceSchema, desired: Desired) -> Outcome:
    """Reconcile a declared resource: observe it, take at most one step and report its state."""
    part = Part("AWS", kind.name, desired.name, State.UNKNOWN, id=desired.known_id, field=desired.at)
    try:
        observed = await _observe(scope, resource, kind, desired, desired.known_id)
    except OperatorError as error:
        return Outcome(failed(part, error), postponed=isinstance(error, Postponed))
    decision = decide(kind, desired, observed)
    if observed and observed.phase in (Phase.READY, Phase.CHANGING) and _is_ours(desired, observed):
        part = replace(part, id=observed.id)
    repeats, key, tried = scope.clients.write_backoff, _key(scope, kind, desired), _pending_write(decision, observed)
    repeat = repeats.of(key, *tried) if tried else Repeat()
    part = desired_part(part, kind, decision, observed)
    if repeat.kept_from:
        part = unkept_part(part, kind, decision, repeat)
    # The lost id stays until the resource is created again; otherwise a withdrawn consent would count as given.
    undone = replace(part, id=desired.known_id) if isinstance(decision, Create) else part
    if repeat.wait:
        return Outcome(undone)
    try:
        if isinstance(decision, Create):
            await _create(scope, resource, kind, desired)
        elif isinstance(decision, Modify):
            await _modify(scope, resource, kind, (decision.step, desired))
    except OperatorError as error:
        return Outcome(failed(replace(undone, events=(), state=State.PROGRESSING), error))
    if tried:
        repeats.taken(key, *tried)
    elif isinstance(decision, Keep):
        repeats.forget(key)
    return Outcome(part, up_to_date=isinstance(decision, Keep))


async def remove(scope: AwsScope, resource: Resource, kind: ResourceSchema, removal: Removal) -> Part:
    """Take at most one step to delete or retain a resource; it is done when the state is Ready (gone) or Retained."""
    known_id = removal.id_of(kind.name)
    part = Part("AWS", kind.name, removal.name, State.DELETING, kind.reasons.deleting, id=known_id)
    try:
        observed = await _observe(scope, resource, kind, removal, known_id)
        if observed is None and scope.clients.expectations.may_exist(_key(scope, kind, removal)):
            message = f"AWS does not show {describe(kind, removal.name)} yet; it may have been created recently"
            raise NotYet(kind.reasons.deleting, message)
        decision = decide_removal(kind, scope.owner, removal, observed)
        tried = _pending_write(decision, observed)
        repeats, key = scope.clients.write_backoff, _key(scope, kind, removal)
        repeat = repeats.of(key, *tried) if tried else Repeat()
        if not repeat.wait and isinstance(decision, Modify):
            await resource.modify(decision.step, None)
        elif not repeat.wait and isinstance(decision, Delete):
            await resource.delete()
    except OperatorError as error:
        return failed(part, error)
    if tried and not repeat.wait:
        repeats.taken(key, *tried)
    elif isinstance(decision, Keep):
        repeats.forget(key)
    left = removal_part(part, kind, decision, observed)
    if repeat.kept_from and left.state is State.DELETING:
        return unkept_part(left, kind, decision, repeat)
    why = withheld(kind, removal, observed)
    if not why or left.state is not State.RETAINED or left.reason is Reason.CONFLICT:
        return left
    return replace(left, message=why, events=(Event("Warning", kind.reasons.retained, why),))


def _pending_write(decision: Decision, observed: Observed | None) -> tuple[str, Any] | None:
    """Return the name of the next write, and the values that distinguish it from other writes."""
    match decision:
        case Create():
            return "create", None
        case Delete():
            return "delete", observed and observed.id
        case Modify(step):
            fields = observed.fields if observed else {}
            return step.name, (dict(step.changes), {name: fields.get(name) for name in step.changes})
    return None


async def _observe(
    scope: AwsScope, resource: Resource, kind: ResourceSchema, about: Desired | Removal, known_id: str
) -> Observed | None:
    """Return the certain part of its state: tags that may be stale count as tags that cannot be read yet."""
    at_home(scope, kind, about.name, known_id)
    observed = await resource.observe()
    if observed is None:
        return None
    key, expectations = _key(scope, kind, about), scope.clients.expectations
    expectations.seen(key)
    if observed.restored or observed.tags is None or observed.phase in (Phase.CREATING, Phase.DELETING):
        return observed
    standing = scope.owner.standing(observed.tags)
    if expectations.may_be_ours(key, standing, observed.tags, known=known_id == observed.id):
        return replace(observed, tags=None)
    return observed


def at_home(scope: AwsScope, kind: ResourceSchema, name: str, known_id: str) -> None:
    """Raise NeedsPerson if the id in the status belongs to another account or region: a read here finds another one."""
    if not known_id.startswith("arn:"):
        return
    region, account = known_id.split(":")[3:5]
    if region in ("", scope.region) and account in ("", scope.account_id):
        return
    raise NeedsPerson(
        Reason.ACCOUNT_MISMATCH,
        f"{describe(kind, name)} is {known_id}, but the Environment names account {scope.account_id} and "
        f"region {scope.region}; nothing is written; restore the Environment's spec.aws",
    )


async def _create(scope: AwsScope, resource: Resource, kind: ResourceSchema, desired: Desired) -> None:
    """Create it; unless AWS refuses clearly, it may exist from now on."""
    try:
        await resource.create(desired)
    except OperatorError as error:
        if not certainly_refused(error):
            scope.clients.expectations.made(_key(scope, kind, desired))
        raise
    scope.clients.expectations.made(_key(scope, kind, desired))


async def _modify(scope: AwsScope, resource: Resource, kind: ResourceSchema, change: tuple[Step, Desired]) -> None:
    step, desired = change
    tags = step.changes.get("tags")
    if isinstance(tags, Tag) and tags.tags.keys() & OWNER_TAGS:
        scope.clients.expectations.marked(_key(scope, kind, desired))
    await resource.modify(step, desired)


def _key(scope: AwsScope, kind: ResourceSchema, about: Desired | Removal) -> Key:
    return (scope.account_id, scope.region, *scope.owner.marks.values(), kind.name, about.name, about.within)


def _is_ours(desired: Desired, observed: Observed) -> bool:
    """Whether its tags name us; an adopted resource is remembered from the moment it has our owner tags."""
    return observed.tags is not None and desired.owner.standing(observed.tags) is not Ownership.FOREIGN
