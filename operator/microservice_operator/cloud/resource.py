"""The port that every adapter implements, and the one pass that drives any of them: observe, plan, one step, a Part.

An adapter translates and never decides. Both sides are maps of fields, so that one plan serves all types.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from ..errors import Gone, NeedsPerson, NotYet, OperatorError
from ..facts import Event, Part, Reason, State
from .plan import (
    Create,
    Decision,
    Delete,
    Desired,
    Keep,
    Kind,
    Leaving,
    Modify,
    Observed,
    Phase,
    Refuse,
    Step,
    Wait,
    plan,
    plan_removal,
)

_SOON = 1.0  # a step was taken: is there another?
_UNDER_WAY = 5.0  # AWS is at work
_PERSON = 300.0  # so that it recovers by itself once somebody has acted


class Resource(Protocol):
    """One resource of AWS. All raise OperatorErrors; `modify` and `delete` raise Gone if it is not there."""

    async def observe(self) -> Observed | None:
        """How it stands; None means that AWS says it is not there, never that it could not be asked."""

    async def create(self, desired: Desired) -> None:
        """Make it, its marks on it from the first moment; a second call for the same resource makes no second one."""

    async def modify(self, step: Step, desired: Desired | None) -> None:
        """Make one change; `desired` is absent when it is leaving."""

    async def delete(self) -> None:
        """Start its removal."""


@dataclass(frozen=True)
class Outcome:
    """What a pass has come to; `settled` when nothing was to do."""

    part: Part
    settled: bool = False


async def reconcile(resource: Resource, kind: Kind, desired: Desired) -> Outcome:
    """One pass over a resource that is wanted."""
    part = Part("AWS", kind.name, desired.name, State.UNKNOWN, id=desired.known_id, field=desired.at)
    try:
        observed = await resource.observe()
    except OperatorError as error:
        return Outcome(failed(part, error))
    decision = plan(kind, desired, observed)
    foreign = isinstance(decision, Refuse) and decision.reason is Reason.CONFLICT
    if observed and observed.phase in (Phase.READY, Phase.CHANGING) and not foreign:
        part = replace(part, id=observed.id)
    part = _described(part, kind, decision, observed)
    try:
        if isinstance(decision, Create):
            await resource.create(desired)
        elif isinstance(decision, Modify):
            await resource.modify(decision.step, desired)
    except OperatorError as error:
        return Outcome(failed(replace(part, events=(), state=State.PROGRESSING), error))
    return Outcome(part, settled=isinstance(decision, Keep))


async def remove(resource: Resource, kind: Kind, leaving: Leaving) -> Part:
    """One pass over a resource that is not wanted; it is over when the state is Ready (gone) or Retained."""
    part = Part("AWS", kind.name, leaving.name, State.DELETING, kind.reasons.deleting, id=leaving.known_id)
    try:
        observed = await resource.observe()
        decision = plan_removal(kind, leaving, observed)
        if isinstance(decision, Modify):
            await resource.modify(decision.step, None)
        elif isinstance(decision, Delete):
            await resource.delete()
    except OperatorError as error:
        return failed(part, error)
    return _leaving(part, kind, decision, observed)


def failed(part: Part, error: OperatorError) -> Part:
    """The part when a call went wrong: a person is asked for, or the state is left as it was and looked at again."""
    if isinstance(error, NeedsPerson):
        return replace(part, state=State.STALLED, reason=Reason(error.reason), message=str(error), after=_PERSON)
    if isinstance(error, NotYet):
        return replace(part, reason=Reason(error.reason), message=str(error), after=error.after)
    if isinstance(error, Gone):
        return replace(part, reason=Reason.PROGRESSING, message=str(error), after=_SOON)
    raise error


def _described(part: Part, kind: Kind, decision: Decision, observed: Observed | None) -> Part:
    noun = f"{kind.name.lower()} {part.name}"
    reasons = kind.reasons
    match decision:
        case Create():
            happened = Event("Normal", reasons.created, f"{noun} is made")
            return replace(
                part,
                state=State.PROGRESSING,
                reason=reasons.creating,
                message=f"{noun} is being created",
                id="",  # what status remembers is gone for good, or was never there
                after=_SOON,
                events=(happened,),
            )
        case Modify(step):
            happened = Event("Normal", reasons.updating, f"{noun}: {step.what}")
            message = f"{noun} is being changed"
            return replace(
                part, state=State.PROGRESSING, reason=reasons.updating, message=message, after=_SOON, events=(happened,)
            )
        case Wait() if observed and observed.phase is Phase.CREATING:
            message = f"{noun} is being created"
            return replace(
                part, state=State.PROGRESSING, reason=reasons.creating, message=message, after=_UNDER_WAY / 2
            )
        case Wait() if observed and observed.phase is Phase.DELETING:
            message = f"{noun} is being deleted, and made again once it is gone"
            return replace(part, state=State.PROGRESSING, reason=reasons.deleting, message=message, after=_UNDER_WAY)
        case Wait():
            message = f"{noun} is being changed"
            return replace(part, state=State.PROGRESSING, reason=reasons.updating, message=message, after=_UNDER_WAY)
        case Refuse(reason, message, field):
            path = field or part.field
            return replace(part, state=State.STALLED, reason=reason, message=message, field=path, after=_PERSON)
        case _:
            return replace(part, state=State.READY)


def _leaving(part: Part, kind: Kind, decision: Decision, observed: Observed | None) -> Part:
    noun = f"{kind.name.lower()} {part.name}"
    reasons = kind.reasons
    match decision:
        case Refuse(reason, message, _):
            return replace(part, state=State.RETAINED, reason=reason, message=message)
        case Keep() if observed is None:
            happened = (Event("Normal", reasons.deleted, f"{noun} is gone"),) if part.id else ()
            return replace(
                part, state=State.READY, reason=reasons.deleted, message=f"{noun} is gone", id="", events=happened
            )
        case Keep():
            return replace(part, state=State.RETAINED, reason=reasons.retained, message=f"{noun} is retained")
        case Modify(step) if step.name == "tags":
            return replace(
                part,
                state=State.RETAINED,
                reason=reasons.retained,
                message=f"{noun} is retained",
                events=(Event("Normal", reasons.retained, f"{noun} is left in place, marked as retained"),),
            )
        case Delete():
            happened = (Event("Normal", reasons.deleting, f"{noun} is being deleted"),)
            return replace(part, message=f"{noun} is being deleted", after=_SOON, events=happened)
        case _:
            return replace(part, message=f"{noun} is being deleted", after=_UNDER_WAY if observed else _SOON)
