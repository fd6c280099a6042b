"""PURE: turns a decision or an error into a Part: state, reason, message and time of the next reconciliation."""

from dataclasses import dataclass, replace

from ...errors import Gone, NeedsPerson, NotYet, OperatorError
from ...facts import PERSON_SECONDS, Event, Part, Reason, State, with_error
from ...ownership import OWNER_TAGS
from .decide import Create, Decision, Delete, Keep, Modify, Observed, Phase, Refuse, Wait
from .fields import SHOWS, ResourceSchema, describe

_SOON = 1.0  # a step was taken; there may be another
_UNDER_WAY = 5.0  # AWS is working
AT_ONCE = 2  # number of writes of the same step without a wait: the first may have crossed another write


@dataclass(frozen=True)
class Repeat:
    """How often the same step was taken from the current state, for how many seconds, and the seconds to wait."""

    times: int = 0
    lasting: float = 0.0
    wait: float = 0.0

    @property
    def kept_from(self) -> bool:
        """Whether the step was taken so often that it does not seem to persist."""
        return self.times >= AT_ONCE


def desired_part(part: Part, kind: ResourceSchema, decision: Decision, observed: Observed | None) -> Part:
    """Report the state of a declared resource."""
    thing = describe(kind, part.name)
    reasons = kind.reasons
    part = replace(part, state=State.PROGRESSING)
    match decision:
        case Create(source):
            # the resource in the status is lost, or never existed: no id
            doing = f"restoring {thing} from {source}" if source else f"creating {thing}"
            happened = (Event("Normal", reasons.created, doing),)
            message = f"{thing} is being created"
            return replace(part, reason=reasons.creating, message=message, id="", after=_SOON, events=happened)
        case Modify(step):
            happened = (Event("Normal", reasons.updating, f"{thing}: {step.what}"),)
            message = f"{thing} is being changed"
            return replace(part, reason=reasons.updating, message=message, after=_SOON, events=happened)
        case Wait():
            return _waiting(part, kind, observed)
        case Refuse(reason, message, field):
            part = replace(part, field=field or part.field, unmarked=_unmarked_altogether(observed))
            return replace(part, state=State.STALLED, reason=reason, message=message, after=PERSON_SECONDS)
        case Keep(left) if left:
            message = f"{thing} was adopted; these fields are not declared and stay unchanged: {', '.join(left)}"
            return replace(part, state=State.READY, message=message)
        case _:
            return replace(part, state=State.READY)


def with_source(part: Part, kind: ResourceSchema, source: str) -> Part:
    """Say what a resource is being restored from, or that this has no effect on an existing one; "" says nothing."""
    thing = describe(kind, part.name)
    if source and part.state is State.PROGRESSING and part.reason is kind.reasons.creating:
        return replace(part, message=f"{thing} is being restored from {source}")
    if source and part.state is State.READY:
        unused = f"{thing} exists, so restoreFrom has no effect on it; remove restoreFrom"
        message = f"{part.message}; {unused}" if part.message else unused
        return replace(part, message=message, field=f"{part.field}.restoreFrom")
    return part


def removal_part(part: Part, kind: ResourceSchema, decision: Decision, observed: Observed | None) -> Part:
    """Report the state of a resource that is being removed; it is done when the state is Ready (gone) or Retained."""
    thing = describe(kind, part.name)
    reasons = kind.reasons
    match decision:
        case Refuse(reason, message, _):
            return replace(part, state=State.RETAINED, reason=reason, message=message)
        case Keep() if observed is None:
            message = f"{thing} is deleted"
            happened = (Event("Normal", reasons.deleted, message),) if part.id else ()
            return replace(part, state=State.READY, reason=reasons.deleted, message=message, id="", events=happened)
        case Keep():
            return replace(part, state=State.RETAINED, reason=reasons.retained, message=f"{thing} is retained")
        case Modify(step) if step.name == "tags":
            message = f"{thing} is retained"
            happened = (Event("Normal", reasons.retained, f"{thing} is retained and tagged as retained"),)
            return replace(part, state=State.RETAINED, reason=reasons.retained, message=message, events=happened)
        case _:
            unmarked = observed and observed.tags is None and observed.phase in (Phase.READY, Phase.CHANGING)
            message = _unmarked(thing) if unmarked else f"{thing} is being deleted"
            happened = (Event("Normal", reasons.deleting, message),) if isinstance(decision, Delete) else ()
            after = _UNDER_WAY if isinstance(decision, Wait) else _SOON
            return replace(part, message=message, after=after, events=happened)


def unkept_part(part: Part, kind: ResourceSchema, decision: Decision, repeat: Repeat) -> Part:
    """Report the state of a resource for which AWS still shows the old state after repeated writes.

    At first this is only a delay. Repeated writes send no further Events.
    """
    thing = describe(kind, part.name)
    part = replace(part, events=(), after=repeat.wait or _UNDER_WAY)
    if isinstance(decision, Delete) or part.state is State.DELETING:
        return replace(part, message=f"AWS accepted the deletion of {thing} but still shows it; retried automatically")
    rows = [row for row in kind.fields if isinstance(decision, Modify) and row.name in decision.step.changes]
    what = f"the change of {', '.join(dict.fromkeys(row.spec for row in rows))} for" if rows else "the creation of"
    if repeat.lasting < max((row.shows for row in rows), default=SHOWS):
        return replace(part, message=f"AWS accepted {what} {thing} but does not show it yet")
    remedy = "find out what else sets it, or declare the current value" if rows else "ask AWS support"
    message = f"AWS accepts {what} {thing}, but it does not persist; {remedy}; retried with growing waits"
    return replace(part, state=State.STALLED, reason=Reason.REJECTED, message=message)


def failed(part: Part, error: OperatorError) -> Part:
    """Report a failed call; raise an error that says nothing about the resource."""
    if isinstance(error, Gone):
        return replace(part, reason=Reason.PROGRESSING, message=str(error), after=_SOON, failed=True)
    if isinstance(error, NeedsPerson | NotYet):
        return with_error(part, error)
    raise error


def _unmarked_altogether(observed: Observed | None) -> bool:
    return observed is not None and not (observed.tags or {}).keys() & OWNER_TAGS


def _unmarked(thing: str) -> str:
    return f"AWS does not show the tags of {thing} yet; nothing is changed until they name its owner"


def _waiting(part: Part, kind: ResourceSchema, observed: Observed | None) -> Part:
    thing = describe(kind, part.name)
    phase = observed.phase if observed else Phase.CHANGING
    if observed and observed.tags is None and phase in (Phase.READY, Phase.CHANGING):
        reason = kind.reasons.updating if part.id else kind.reasons.creating
        return replace(part, reason=reason, message=_unmarked(thing), after=_UNDER_WAY)
    if phase is Phase.CREATING:
        message = f"{thing} is being created"
        return replace(part, reason=kind.reasons.creating, message=message, after=_UNDER_WAY / 2)
    if phase is Phase.DELETING:
        message = f"{thing} is still being deleted"
        return replace(part, reason=kind.reasons.deleting, message=message, after=_UNDER_WAY)
    return replace(part, reason=kind.reasons.updating, message=f"{thing} is being changed", after=_UNDER_WAY)
