"""Who gets a request after another Microservice has claimed routes, for any routes and any age."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_service.routing import Route, match
from microservice_operator.aws.apigateway.route_ownership import (
    DesiredRoute,
    DesiredRoutes,
    ObservedRoute,
    ReplacedRoute,
    next_routes,
)
from microservice_operator.aws.engine.rules import Added, Change, Removed
from microservice_operator.openapi import shape

HOLDER, STRANGER, SIBLING = "shop/user", "evil/thing", "shop/other"
SEGMENTS = ("a", "b", "{x}", "{y}")
METHODS = ("GET", "POST", "ANY")


@dataclass
class Gateway:
    """The routes of one API, as it stores them."""

    routes: dict[int, ObservedRoute] = field(default_factory=dict)
    created: int = 0

    def claim(self, me: str, keys: frozenset[str], others: DesiredRoutes) -> None:
        """Reconcile one Microservice until nothing changes."""
        desired = replace(others, me=me, routes=tuple(DesiredRoute(key) for key in sorted(keys)))
        while isinstance(outcome := next_routes(desired, tuple(self.routes.values())), Change):
            for step in outcome.to:
                match step:
                    case Added(_, entry):
                        self.created += 1
                        self.routes[self.created] = ObservedRoute(str(self.created), entry, me)
                    case ReplacedRoute(id_, entry):
                        self.routes[int(id_)] = ObservedRoute(id_, entry, me)
                    case Removed(id_):
                        del self.routes[int(id_)]

    def receiver(self, method: str, path: str) -> str:
        """The Microservice that gets a request, "" if none does."""
        matching = match([Route(route.claim.key, route.holder) for route in self.routes.values()], method, path)
        return matching.service if matching else ""


def ranked(me: str, other: str, *, older: bool) -> DesiredRoutes:
    """What `me` knows about the age of the other."""
    peers = frozenset({other})
    return DesiredRoutes(me, seniors=frozenset() if older else peers, juniors=peers if older else frozenset())


@st.composite
def keys(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3))
    if draw(st.booleans()):
        parts.append("{rest+}")
    return f"{draw(st.sampled_from(METHODS))} /{'/'.join(parts)}"


ROUTES = st.lists(keys(), max_size=6, unique_by=shape).map(frozenset)  # as of a document, which refuses twins
REQUESTS = st.tuples(st.sampled_from(METHODS[:2]), st.lists(st.sampled_from("abc"), min_size=1, max_size=5))


@given(ROUTES, ROUTES, st.booleans(), st.lists(REQUESTS, max_size=30))
def test_a_newcomer_of_another_namespace_gets_no_request_that_a_holder_got(
    held: frozenset[str], claimed: frozenset[str], older: bool, requests: list[tuple[str, list[str]]]
) -> None:
    gateway = Gateway()
    gateway.claim(HOLDER, held, ranked(HOLDER, STRANGER, older=not older))
    wanted = [(method, "/" + "/".join(segments)) for method, segments in requests]
    before = {request: gateway.receiver(*request) for request in wanted}
    gateway.claim(STRANGER, claimed, ranked(STRANGER, HOLDER, older=older))
    gateway.claim(HOLDER, held, ranked(HOLDER, STRANGER, older=not older))
    for request, receiver in before.items():
        if receiver == HOLDER:
            assert gateway.receiver(*request) == HOLDER


@given(ROUTES, ROUTES, st.booleans())
def test_a_newcomer_of_the_same_namespace_changes_no_route_of_a_holder(
    held: frozenset[str], claimed: frozenset[str], older: bool
) -> None:
    gateway = Gateway()
    gateway.claim(HOLDER, held, ranked(HOLDER, SIBLING, older=not older))
    before = dict(gateway.routes)
    gateway.claim(SIBLING, claimed, ranked(SIBLING, HOLDER, older=older))
    assert before.items() <= gateway.routes.items()


@pytest.mark.parametrize("older", [True, False])
def test_what_the_holder_gives_up_the_other_gets(older: bool) -> None:
    gateway = Gateway()
    gateway.claim(HOLDER, frozenset({"GET /a/{x}", "GET /b"}), ranked(HOLDER, STRANGER, older=not older))
    gateway.claim(STRANGER, frozenset({"GET /a/b"}), ranked(STRANGER, HOLDER, older=older))
    assert gateway.receiver("GET", "/a/b") == HOLDER
    gateway.claim(HOLDER, frozenset({"GET /b"}), ranked(HOLDER, STRANGER, older=not older))
    gateway.claim(STRANGER, frozenset({"GET /a/b"}), ranked(STRANGER, HOLDER, older=older))
    assert (gateway.receiver("GET", "/a/b"), gateway.receiver("GET", "/b")) == (STRANGER, HOLDER)
