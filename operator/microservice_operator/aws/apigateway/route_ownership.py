"""PURE: which routes of a shared gateway a Microservice gets, and which step comes next.

Routes carry no tags. Each leads to an integration, and an integration's description holds the marks of its
Microservice: that is whose a route is. Where two claim the same requests, the older Microservice (creation, then UID)
has them: the younger waits, and an older one that comes late takes over the route, whose id stays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...openapi import shape
from ..engine.rules import Added, Change, Outcome, Refusal, Removed

AT_A_TIME = 5  # API Gateway takes few changes a second from an account, whoever makes them


@dataclass(frozen=True)
class DesiredRoute:
    """A route as it is wanted; `authorizer` is a name, "" lets everybody pass."""

    key: str
    authorizer: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObservedRoute:
    """A route as it is; `holder` is `namespace/name` of a Microservice, "" if nobody can tell.

    `sound` when it leads to its holder's one integration.
    """

    id: str
    claim: DesiredRoute
    holder: str
    sound: bool = True


@dataclass(frozen=True)
class DesiredRoutes:
    """What one Microservice wants; those it gives way to are neither itself nor `juniors`."""

    me: str
    routes: tuple[DesiredRoute, ...] = ()
    seniors: frozenset[str] = frozenset()
    juniors: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReplacedRoute:
    """One entry is to become another; `id` is what AWS calls it."""

    id: str
    entry: DesiredRoute


RouteStep = Added | ReplacedRoute | Removed


def next_routes(desired: DesiredRoutes, observed: tuple[ObservedRoute, ...]) -> Outcome:
    """The next few routes to make, alter or remove; a refusal once nothing else is left and somebody is in the way."""
    steps: list[tuple[str, RouteStep]] = []
    taken: list[str] = []
    mine = [held for held in observed if held.holder == desired.me]
    kept: set[str] = set()
    for claim in desired.routes:
        own = sorted((held for held in mine if _meets(held, claim)), key=lambda held: (held.claim != claim, held.id))
        rivals = [held for held in observed if held not in mine and _meets(held, claim)]
        # a route that somebody unknown puts beside ours does not take ours away
        blocking = [held for held in rivals if held.holder in desired.seniors or not own]
        blocking = [held for held in blocking if held.holder not in desired.juniors]
        if blocking:
            taken.append(_refusal(claim, blocking[0], desired))
            continue
        current = next(iter([*own, *rivals]), None)
        if current is None:
            steps.append((f"adding {claim.key}", Added(claim.key, claim)))
            continue
        kept.add(current.id)
        if current not in own or not current.sound or current.claim != claim:
            steps.append((f"changing {claim.key}", ReplacedRoute(current.id, claim)))
    stale = [held for held in mine if held.id not in kept]
    steps += [(f"removing {held.claim.key}", Removed(held.id)) for held in stale]
    if steps:
        # a route that is to be protected does not wait for others to be made
        now = sorted(steps, key=lambda step: not isinstance(step[1], ReplacedRoute))[:AT_A_TIME]
        return Change(tuple(step for _, step in now), ", ".join(what for what, _ in now))
    return Refusal("; ".join(taken)) if taken else None


@dataclass(frozen=True)
class Tokens:
    """What an authorizer accepts."""

    issuer: str
    audiences: frozenset[str]


@dataclass(frozen=True)
class Authorizer:
    """An authorizer as it is."""

    id: str
    tokens: Tokens
    used: bool


@dataclass(frozen=True)
class Authorizers:
    """Those that one Microservice wants by name, and the names that others want: ten are all that an API may have."""

    wanted: Mapping[str, Tokens]
    others: frozenset[str] = frozenset()


def next_authorizer(desired: Authorizers, observed: Mapping[str, Authorizer]) -> Outcome:
    """The next authorizer to make or to put right; one that nobody uses or wants goes."""
    for name, tokens in sorted(desired.wanted.items()):
        if name not in observed:
            return Change(Added(name, tokens), "adding an authorizer")
        if observed[name].tokens != tokens:
            return Change((observed[name].id, tokens), "putting its authorizer right")
    stale = unwanted(desired, observed)
    return Change(Removed(stale[0]), "removing an authorizer") if stale else None


def unwanted(desired: Authorizers, observed: Mapping[str, Authorizer]) -> list[str]:
    """Ids of authorizers that nobody uses or wants."""
    kept = desired.wanted.keys() | desired.others
    return sorted(found.id for name, found in observed.items() if name not in kept and not found.used)


def none_left(desired: object, observed: Iterable[str]) -> Outcome:  # noqa: ARG001 none is wanted, ever
    """A second one, made by two operators at once, goes."""
    first = next(iter(sorted(observed)), None)
    return Change(first, "removing a duplicate") if first else None


def _meets(held: ObservedRoute, claim: DesiredRoute) -> bool:
    return shape(held.claim.key) == shape(claim.key)


def _refusal(claim: DesiredRoute, held: ObservedRoute, desired: DesiredRoutes) -> str:
    if held.holder in desired.seniors:
        return (
            f"declares {claim.key}, which the older Microservice {held.holder} has; "
            "remove it from the document of one of the two"
        )
    whose = f"{held.holder}, which this operator does not know as one with routes," if held.holder else "nobody known"
    return f"declares {claim.key}, but the route {held.claim.key} is of {whose} and is left as it is; remove that one"
