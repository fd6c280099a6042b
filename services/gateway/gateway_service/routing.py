"""PURE: selects the route of a request, as API Gateway does.

"Routing API requests" in "Create routes for HTTP APIs in API Gateway" defines it: the most specific matching route
wins. A literal segment precedes a parameter, a parameter precedes a greedy one, and a method precedes ANY. `$default`
matches when no other route does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from gateway_service.header_mapping import HeaderMapping
from shop_shared.tokens import Trust

DEFAULT = "$default"
_LITERAL, _PARAMETER, _GREEDY = range(3)


@dataclass(frozen=True)
class Route:
    """A route of the API. `service` is `<name>.<namespace>`, or "" if the integration names none.

    A route with `requires_token` but without an `authorizer` rejects all requests: this gateway cannot check them.
    """

    key: str
    service: str
    requires_token: bool = False
    authorizer: Trust | None = None
    scopes: frozenset[str] = frozenset()
    mappings: tuple[HeaderMapping, ...] = ()
    """changes of the request's headers"""


def match(routes: Iterable[Route], method: str, path: str) -> Route | None:
    """Return the route of a request."""
    segments = path.split("/")[1:]
    ranked = [(rank, route) for route in routes if (rank := _rank(route.key, method, segments)) is not None]
    return min(ranked, key=lambda pair: (pair[0], pair[1].key))[1] if ranked else None


def has_dot_segments(path: str) -> bool:
    """Return whether a path contains `.` or `..`: a service might resolve it to another path than the matched one."""
    return any(unquote(segment) in {".", ".."} for segment in path.split("/"))


def _rank(key: str, method: str, segments: list[str]) -> tuple[tuple[int, ...], int] | None:
    """Return a sort key for a matching route, the most specific first. Returns `None` without a match."""
    if key == DEFAULT:
        return ((_GREEDY + 1,), 0)
    route_method, _, pattern = key.partition(" ")
    ranks = _segment_ranks(pattern.split("/")[1:], segments)
    if ranks is None or route_method not in {method, "ANY"}:
        return None
    return ranks, int(route_method == "ANY")


def _segment_ranks(pattern: list[str], segments: list[str]) -> tuple[int, ...] | None:
    ranks: list[int] = []
    for index, part in enumerate(pattern):
        if part.startswith("{") and part.endswith("+}"):
            return (*ranks, _GREEDY) if any(segments[index:]) else None
        if index >= len(segments):
            return None
        if part.startswith("{"):
            if not segments[index]:
                return None
            ranks.append(_PARAMETER)
        elif unquote(part) == unquote(segments[index]):
            ranks.append(_LITERAL)
        else:
            return None
    return tuple(ranks) if len(pattern) == len(segments) else None
