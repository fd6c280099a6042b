"""PURE: defines the routes that a document declares for an API gateway."""

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cached_property, lru_cache
from urllib.parse import unquote

GREEDY = "{+}"  # the shape of a greedy parameter
CATCH_ALL = "$default"  # the route of all requests that no other route matches


class Parameter(Enum):
    """A segment of a path that is no literal: it matches one segment, or all that follow."""

    ONE = 1
    GREEDY = 2


class Checks(StrEnum):
    """What a gateway checks in a request, by the Microservice's authorization or else the Environment's."""

    TOKENS = "tokens"
    NOTHING = "nothing"  # declared: the service itself checks its requests
    UNSAID = "unsaid"  # neither declares it: no operation that needs a token can have a route


@dataclass(frozen=True)
class Settings:
    """What a Microservice declares in addition to its document; `base_path` is Prepend, Ignore or `None`.

    `prefix` is the path below which the Environment wants all routes, such as `/shop`; "" if it wants none.
    `allow_anonymous`: an operation whose security is an empty list may be public.
    """

    checks: Checks = Checks.TOKENS
    base_path: str | None = None
    prefix: str = ""
    allow_anonymous: bool = False


@dataclass(frozen=True)
class Route:
    """One operation, such as `GET /users/{userId}`.

    If `public`, it needs no token; otherwise it needs one with any of the scopes, or any token if there are none.
    """

    key: str
    public: bool = False
    scopes: tuple[str, ...] = ()

    @cached_property
    def shape(self) -> str:
        """The key without the names of parameters; two routes of the same shape would match the same requests."""
        return shape(self.key)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The method, and the segments of the path without the names of parameters."""
        return tuple(self.shape.split("/"))

    @property
    def callers(self) -> str:
        """Describe briefly who may call the route."""
        if self.public:
            return "public"
        return f"a token with scope {' or '.join(self.scopes)}" if self.scopes else "any token"


def shape(key: str) -> str:
    """Remove the names of parameters: `GET /users/{userId}` → `GET /users/{}`; a greedy parameter stays greedy."""
    return re.sub(r"\{[^}+]*(\+?)\}", r"{\1}", key)


def is_greedy(key: str) -> bool:
    """Return whether a route matches paths of any length."""
    return key == CATCH_ALL or key.endswith("+}")


@lru_cache(maxsize=4096)
def _segments(path: str) -> tuple[str | Parameter, ...]:
    """Return the segments of a path as they are compared: literals decoded, parameters without names."""
    return tuple(
        (Parameter.GREEDY if segment.endswith("+}") else Parameter.ONE) if segment.startswith("{") else unquote(segment)
        for segment in path.split("/")
    )


def overlap(key: str, other_key: str) -> bool:
    """Return whether some requests match both keys, however specific each of them is."""
    if CATCH_ALL in (key, other_key):
        return True
    (method, _, path), (other_method, _, other_path) = key.partition(" "), other_key.partition(" ")
    if method != other_method and "ANY" not in (method, other_method):
        return False
    mine, theirs = _segments(path), _segments(other_path)
    for segment, their_segment in zip(mine, theirs, strict=False):
        if Parameter.GREEDY in (segment, their_segment):
            return True
        if Parameter.ONE not in (segment, their_segment) and segment != their_segment:
            return False
    return len(mine) == len(theirs)


def unclear(route: Route, other_route: Route) -> bool:
    """Return whether some requests match both routes and neither is more specific.

    API Gateway may then choose either.
    """
    mine, theirs = route.segments, other_route.segments
    if mine[0] != theirs[0] or len(mine) != len(theirs) or (mine[-1] == GREEDY) != (theirs[-1] == GREEDY):
        return False
    mine_wider = theirs_wider = False
    for a, b in zip(mine, theirs, strict=True):
        if a != b:
            if a[:1] == "{":
                mine_wider = True
            elif b[:1] == "{":
                theirs_wider = True
            else:
                return False
    return mine_wider and theirs_wider
