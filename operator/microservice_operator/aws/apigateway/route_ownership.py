"""PURE: decides which routes of a shared API a Microservice owns, and which step comes next.

Routes have no tags. Each routes to an integration, and the integration's description contains the owner tags of its
Microservice, which owns the route. It keeps the route while it declares it. Who declares the same requests later waits,
also if its Microservice is older: age decides only if two created such a route at the same moment.

API Gateway gives a request to the most specific route. So a claim also waits for routes of other namespaces that match
some of its requests. In one namespace a more specific route may take requests from another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ...openapi import overlap, shape
from ..engine.rules import Added, Change, Outcome, Refusal, Removed

AT_A_TIME = 5  # API Gateway accepts few changes per second from an account, from all callers together


@dataclass(frozen=True)
class DesiredRoute:
    """A desired route; `authorizer` is a name, "" means a public route."""

    key: str
    authorizer: str = ""
    scopes: tuple[str, ...] = ()

    @cached_property
    def shape(self) -> str:
        """The key without the names of parameters; computed once, because each route is compared with all others."""
        return shape(self.key)


@dataclass(frozen=True)
class ObservedRoute:
    """An observed route; `holder` is `namespace/name` of a Microservice, "" if unknown.

    `sound` if it routes to its holder's one integration.
    """

    id: str
    claim: DesiredRoute
    holder: str
    sound: bool = True


@dataclass(frozen=True)
class DesiredRoutes:
    """The desired routes of one Microservice; `seniors` are older Microservices, `juniors` younger ones."""

    me: str
    routes: tuple[DesiredRoute, ...] = ()
    seniors: frozenset[str] = frozenset()
    juniors: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReplacedRoute:
    """One route to change into `entry`; `id` is its id in AWS."""

    id: str
    entry: DesiredRoute


RouteStep = Added | ReplacedRoute | Removed


def next_routes(desired: DesiredRoutes, observed: tuple[ObservedRoute, ...]) -> Outcome:
    """Rule: add, change or remove the next few routes; refuse when only conflicts with other owners are left."""
    steps: list[tuple[str, RouteStep]] = []
    taken: list[str] = []
    mine = [held for held in observed if held.holder == desired.me]
    kept: set[str] = set()
    for claim in desired.routes:
        own = sorted((held for held in mine if _meets(held, claim)), key=lambda held: (held.claim != claim, held.id))
        rivals = [held for held in observed if held.holder != desired.me and _competes(held, claim, desired.me)]
        blocking = [held for held in rivals if held.holder in desired.seniors] if own else rivals
        if blocking:
            taken.append(_refusal(claim, blocking[0], desired))
        # requests that reach a route are not cut off only because another namespace's route overlaps it
        if any(not own or _meets(held, claim) for held in blocking):
            continue
        if not own:
            steps.append((f"adding {claim.key}", Added(claim.key, claim)))
            continue
        current = own[0]
        kept.add(current.id)
        if not current.sound or current.claim != claim:
            steps.append((f"changing {claim.key}", ReplacedRoute(current.id, claim)))
    stale = [held for held in mine if held.id not in kept]
    steps += [(f"removing {held.claim.key}", Removed(held.id)) for held in stale]
    if steps:
        # changes come first: a route that needs an authorizer does not wait for new routes
        now = sorted(steps, key=lambda step: not isinstance(step[1], ReplacedRoute))[:AT_A_TIME]
        return Change(tuple(step for _, step in now), ", ".join(what for what, _ in now))
    return Refusal("; ".join(taken)) if taken else None


@dataclass(frozen=True)
class Tokens:
    """Issuer and audiences that an authorizer accepts."""

    issuer: str
    audiences: frozenset[str]


@dataclass(frozen=True)
class Authorizer:
    """An observed authorizer."""

    id: str
    tokens: Tokens
    used: bool


@dataclass(frozen=True)
class Authorizers:
    """The authorizers that one Microservice needs, and the names that others need; an API may have at most ten."""

    wanted: Mapping[str, Tokens]
    others: frozenset[str] = frozenset()


def next_authorizer(desired: Authorizers, observed: Mapping[str, Authorizer]) -> Outcome:
    """Rule: add or correct the next authorizer; remove one that nobody uses or needs."""
    for name, tokens in sorted(desired.wanted.items()):
        if name not in observed:
            return Change(Added(name, tokens), "adding an authorizer")
        if observed[name].tokens != tokens:
            return Change((observed[name].id, tokens), "correcting its authorizer")
    stale = unwanted(desired, observed)
    return Change(Removed(stale[0]), "removing an authorizer") if stale else None


def unwanted(desired: Authorizers, observed: Mapping[str, Authorizer]) -> list[str]:
    """Return the ids of authorizers that nobody uses or needs."""
    kept = desired.wanted.keys() | desired.others
    return sorted(authorizer.id for name, authorizer in observed.items() if name not in kept and not authorizer.used)


def none_left(desired: object, observed: Iterable[str]) -> Outcome:  # noqa: ARG001 the signature of a rule; a duplicate is never desired
    """Rule: remove a duplicate, which two operators may have created at the same time."""
    first = next(iter(sorted(observed)), None)
    return Change(first, "removing a duplicate") if first else None


def _meets(held: ObservedRoute, claim: DesiredRoute) -> bool:
    return held.claim.shape == claim.shape


def _competes(held: ObservedRoute, claim: DesiredRoute, me: str) -> bool:
    """Return whether a route of another owner must not stand beside a claim.

    An unknown owner has access to AWS itself: a Microservice may take requests from its catch-all route.
    """
    if held.holder and held.holder.partition("/")[0] != me.partition("/")[0]:
        return overlap(held.claim.key, claim.key)
    return _meets(held, claim)


def _refusal(claim: DesiredRoute, held: ObservedRoute, desired: DesiredRoutes) -> str:
    if held.holder in desired.seniors | desired.juniors:
        shared = "the same requests" if _meets(held, claim) else "some of the same requests"
        rule = "" if _meets(held, claim) else "; routes of different namespaces must not overlap"
        return (
            f"declares {claim.key}, but Microservice {held.holder} has the route {held.claim.key}, which matches "
            f"{shared}{rule}; remove the route from the document of one of the two"
        )
    whose = f"{held.holder}, which has no routes known to this operator" if held.holder else "an unknown owner"
    return (
        f"declares {claim.key}, but the route {held.claim.key} belongs to {whose}; it stays unchanged; "
        "delete the existing route"
    )
