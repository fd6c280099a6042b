"""The port that every adapter implements, and the one pass that drives any of them: observe, plan, one step, a Part.

An adapter translates and never decides. Both sides are maps of fields, so that one plan serves all types.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from ..errors import OperatorError
from ..facts import Part, State
from ..ownership import Standing
from .kinds import Kind
from .parts import failed, leaving_part, wanted_part
from .plan import Create, Delete, Desired, Keep, Leaving, Modify, Observed, Phase, Step, plan, plan_removal


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
    if observed and observed.phase in (Phase.READY, Phase.CHANGING) and not _foreign(desired, observed):
        part = replace(part, id=observed.id)
    part = wanted_part(part, kind, decision, observed)
    try:
        if isinstance(decision, Create):
            await resource.create(desired)
        elif isinstance(decision, Modify):
            await resource.modify(decision.step, desired)
    except OperatorError as error:
        return Outcome(failed(replace(part, events=(), state=State.PROGRESSING), error))
    return Outcome(part, settled=isinstance(decision, Keep))


def _foreign(desired: Desired, observed: Observed) -> bool:
    """Not ours, or not yet: what is taken over is remembered once it carries our marks."""
    return observed.tags is not None and desired.owner.standing(observed.tags) is Standing.FOREIGN


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
    return leaving_part(part, kind, decision, observed)
