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

from ...facts import Reason
from ...openapi import is_greedy, overlap, shape
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
    limit: int = 300  # of all routes of the API
    prefixed: bool = False  # whether all routes of a namespace are below its own path


@dataclass(frozen=True)
class ReplacedRoute:
    """One route to change into `entry`; `id` is its id in AWS."""

    id: str
    entry: DesiredRoute


RouteStep = Added | ReplacedRoute | Removed


def next_routes(desired: DesiredRoutes, observed: tuple[ObservedRoute, ...]) -> Outcome:
    """Rule: add, change or remove the next few routes; refuse when only conflicts or a full API are left.

    New routes are added only if there is room for all of them, because a part of a service's routes helps nobody. Until
    then the stale ones stay.
    """
    steps: list[tuple[str, RouteStep]] = []
    adding: list[DesiredRoute] = []
    taken: list[str] = []
    mine = [held for held in observed if held.holder == desired.me]
    kept: set[str] = set()
    for claim in desired.routes:
        own = sorted((held for held in mine if _meets(held, claim)), key=lambda held: (held.claim != claim, held.id))
        rivals = [held for held in observed if held.holder != desired.me and _competes(held, claim, desired)]
        blocking = [held for held in rivals if held.holder in desired.seniors] if own else rivals
        if blocking:
            taken.append(_refusal(claim, blocking[0], desired))
        # requests that reach a route are not cut off only because another namespace's route overlaps it
        if any(not own or _meets(held, claim) for held in blocking):
            continue
        if not own:
            adding.append(claim)
            continue
        current = own[0]
        kept.add(current.id)
        if not current.sound or current.claim != claim:
            steps.append((f"changing {claim.key}", ReplacedRoute(current.id, claim)))
    stale = [held for held in mine if held.id not in kept]
    room = desired.limit - len(observed)
    fits = not adding or len(adding) - len(stale) <= room
    if fits:
        steps += _exchange(adding, stale, room)
    if steps:
        # changes come first: a route that needs an authorizer does not wait for new routes
        now = sorted(steps, key=lambda step: not isinstance(step[1], ReplacedRoute))[:AT_A_TIME]
        return Change(tuple(step for _, step in now), ", ".join(what for what, _ in now))
    if taken:
        return Refusal("; ".join(taken))
    return None if fits else _full("routes", len(adding), len(observed), desired.limit)


def _exchange(adding: list[DesiredRoute], stale: list[ObservedRoute], room: int) -> list[tuple[str, RouteStep]]:
    """Add the new routes and remove the stale ones; without room for both at once, a stale one becomes a new one.

    A route that is removed first would leave its place to somebody else.
    """
    reused = list(zip(adding, stale, strict=False)) if len(adding) > room else []
    return [
        *(
            (f"adding {claim.key} in place of {held.claim.key}", ReplacedRoute(held.id, claim))
            for claim, held in reused
        ),
        *((f"adding {claim.key}", Added(claim.key, claim)) for claim in adding[len(reused) :]),
        *((f"removing {held.claim.key}", Removed(held.id)) for held in stale[len(reused) :]),
    ]


def _full(parts: str, added: int, there: int, limit: int) -> Refusal:
    """Refuse what does not fit, because AWS answers as if it throttled the call (anomalyco/sst#4522)."""
    return Refusal(
        f"needs {added} more {parts}, but the API of the Environment has {there} of at most {limit}; remove others, or "
        f"ask the platform team to raise the quota in AWS, and then apiGateway.max{parts.capitalize()}",
        Reason.QUOTA_EXCEEDED,
    )


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
    """The authorizers that one Microservice needs, the names that others need, and the limit of all on the API."""

    wanted: Mapping[str, Tokens]
    others: frozenset[str] = frozenset()
    limit: int = 10


def next_authorizer(desired: Authorizers, observed: Mapping[str, Authorizer]) -> Outcome:
    """Rule: add or correct the next authorizer; remove one that nobody uses or needs; refuse if the API is full."""
    stale = unwanted(desired, observed)
    for name, tokens in sorted(desired.wanted.items()):
        if name in observed and observed[name].tokens != tokens:
            return Change((observed[name].id, tokens), "correcting its authorizer")
        if name not in observed and len(observed) < desired.limit:
            return Change(Added(name, tokens), "adding an authorizer")
        if name not in observed and not stale:
            return _full("authorizers", 1, len(observed), desired.limit)
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


def _competes(held: ObservedRoute, claim: DesiredRoute, desired: DesiredRoutes) -> bool:
    """Return whether a route of another owner must not stand beside a claim.

    An unknown owner has access to AWS itself: a Microservice may take requests from its catch-all route. With prefixes,
    another namespace's route that overlaps is from before the prefixes. If it is greedy, the claim is more specific.
    """
    if held.holder and held.holder.partition("/")[0] != desired.me.partition("/")[0]:
        less_specific = desired.prefixed and is_greedy(held.claim.key)
        return _meets(held, claim) if less_specific else overlap(held.claim.key, claim.key)
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
