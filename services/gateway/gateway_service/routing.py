"""PURE: which route a request takes, as API Gateway decides.

"Routing API requests" in "Create routes for HTTP APIs in API Gateway": of the routes that match, the most specific one
is taken: a literal segment before a parameter, a parameter before a greedy one, a method before ANY, and `$default`
when nothing else matches.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

DEFAULT = "$default"
_LITERAL, _PARAMETER, _GREEDY = range(3)


@dataclass(frozen=True)
class Authorizer:
    """Tokens that a route accepts."""

    issuer: str
    audiences: frozenset[str]


@dataclass(frozen=True)
class Route:
    """A route as it was read; `service` is `<name>.<namespace>`, "" where the integration names none.

    `guarded` without an authorizer is one that this gateway cannot check, so nobody passes.
    """

    key: str
    service: str
    guarded: bool = False
    authorizer: Authorizer | None = None
    scopes: frozenset[str] = frozenset()


def match(routes: Iterable[Route], method: str, path: str) -> Route | None:
    """The route for a request."""
    segments = path.split("/")[1:]
    ranked = [(rank, route) for route in routes if (rank := _rank(route.key, method, segments)) is not None]
    return min(ranked, key=lambda found: (found[0], found[1].key))[1] if ranked else None


def dotted(path: str) -> bool:
    """Whether a path steps up or stays in place: a service might read another path out of it than was matched."""
    return any(unquote(segment) in {".", ".."} for segment in path.split("/"))


def _rank(key: str, method: str, segments: list[str]) -> tuple[tuple[int, ...], int] | None:
    """How specific a route is for this request, the least first; `None` when it does not match."""
    if key == DEFAULT:
        return ((_GREEDY + 1,), 0)
    wanted_method, _, pattern = key.partition(" ")
    kinds = _kinds(pattern.split("/")[1:], segments)
    if kinds is None or wanted_method not in {method, "ANY"}:
        return None
    return kinds, int(wanted_method == "ANY")


def _kinds(pattern: list[str], segments: list[str]) -> tuple[int, ...] | None:
    kinds: list[int] = []
    for index, wanted in enumerate(pattern):
        if wanted.startswith("{") and wanted.endswith("+}"):
            return (*kinds, _GREEDY) if any(segments[index:]) else None
        if index >= len(segments):
            return None
        if wanted.startswith("{"):
            if not segments[index]:
                return None
            kinds.append(_PARAMETER)
        elif unquote(wanted) == unquote(segments[index]):
            kinds.append(_LITERAL)
        else:
            return None
    return tuple(kinds) if len(pattern) == len(segments) else None
