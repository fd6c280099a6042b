"""Which Microservice owns a route, and the next step, as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.aws.apigateway.route_ownership import (
    AT_A_TIME,
    Authorizer,
    Authorizers,
    DesiredRoute,
    DesiredRoutes,
    ObservedRoute,
    ReplacedRoute,
    Tokens,
    next_authorizer,
    next_routes,
)
from microservice_operator.aws.engine.rules import Added, Change, Refusal, Removed
from microservice_operator.facts import Reason

A, B, OTHER_NAME = DesiredRoute("GET /a/{x}"), DesiredRoute("GET /b"), DesiredRoute("GET /a/{y}")
C = DesiredRoute("GET /c")
ME, OLD, YOUNG = "shop/me", "shop/old", "shop/young"
OLD_STRANGER, YOUNG_STRANGER = "evil/old", "evil/young"
LITERAL, PARAMETER = DesiredRoute("GET /users/me"), DesiredRoute("GET /users/{id}")


def wanted(*claims: DesiredRoute) -> DesiredRoutes:
    return DesiredRoutes(ME, claims, frozenset({OLD, OLD_STRANGER}), frozenset({YOUNG, YOUNG_STRANGER}))


def held(claim: DesiredRoute, holder: str = ME, **more: object) -> ObservedRoute:
    return ObservedRoute(f"{holder} {claim.key}", claim, holder, **more)  # type: ignore[arg-type]


CASES: dict[str, tuple[DesiredRoutes, tuple[ObservedRoute, ...], tuple[object, ...] | str | None]] = {
    "nothing": (wanted(), (), None),
    "missing": (wanted(A), (), (Added(A.key, A),)),
    "there": (wanted(A), (held(A),), None),
    "no longer wanted": (wanted(), (held(A),), (Removed(held(A).id),)),
    "a parameter's name": (wanted(OTHER_NAME), (held(A),), (ReplacedRoute(held(A).id, OTHER_NAME),)),
    "another authorizer": (
        wanted(DesiredRoute(A.key, "jwt")),
        (held(A),),
        (ReplacedRoute(held(A).id, DesiredRoute(A.key, "jwt")),),
    ),
    "to an old integration": (wanted(A), (held(A, sound=False),), (ReplacedRoute(held(A).id, A),)),
    "twice ours": (wanted(A), (held(OTHER_NAME), held(A)), (Removed(held(OTHER_NAME).id),)),
    "the older has it": (wanted(A), (held(A, OLD),), "Microservice shop/old has the route GET /a/{x}"),
    "the older has it by another name": (wanted(A), (held(OTHER_NAME, OLD),), "the same requests"),
    "the older made it at the same moment": (wanted(A), (held(A), held(OTHER_NAME, OLD)), (Removed(held(A).id),)),
    "the younger has it": (wanted(A), (held(A, YOUNG),), "Microservice shop/young has the route GET /a/{x}"),
    "a younger stranger has it": (wanted(A), (held(A, YOUNG_STRANGER),), "the same requests"),
    "the younger made it at the same moment": (wanted(A), (held(A), held(OTHER_NAME, YOUNG)), None),
    "a sibling has the parameter": (wanted(LITERAL), (held(PARAMETER, OLD),), (Added(LITERAL.key, LITERAL),)),
    "a sibling has the literal": (wanted(PARAMETER), (held(LITERAL, OLD),), (Added(PARAMETER.key, PARAMETER),)),
    "an older stranger has the parameter": (wanted(LITERAL), (held(PARAMETER, OLD_STRANGER),), "must not overlap"),
    "a younger stranger has the parameter": (wanted(LITERAL), (held(PARAMETER, YOUNG_STRANGER),), "must not overlap"),
    "a stranger has the literal": (wanted(PARAMETER), (held(LITERAL, OLD_STRANGER),), "must not overlap"),
    "a stranger without routes has the parameter": (
        wanted(LITERAL),
        (held(PARAMETER, "x/gone"),),
        "x/gone, which",
    ),
    "an unknown owner has the parameter": (wanted(LITERAL), (held(PARAMETER, ""),), (Added(LITERAL.key, LITERAL),)),
    "an unknown owner has $default": (wanted(A), (held(DesiredRoute("$default"), ""),), (Added(A.key, A),)),
    # requests reach both today: the operator cuts neither off, and says what is wrong to the younger one
    "an older stranger's overlaps ours": (wanted(LITERAL), (held(LITERAL), held(PARAMETER, OLD_STRANGER)), "overlap"),
    "a younger stranger's overlaps ours": (wanted(LITERAL), (held(LITERAL), held(PARAMETER, YOUNG_STRANGER)), None),
    "an unknown owner has it": (wanted(A), (held(A, ""),), "an unknown owner"),
    "one without routes has it": (wanted(A), (held(A, "shop/gone"),), "shop/gone, which"),
    "somebody unknown put one beside ours": (wanted(A), (held(A), held(OTHER_NAME, "")), None),
    "what others have is theirs": (wanted(), (held(A, OLD), held(B, YOUNG), held(A, "")), None),
    "what is to be protected first": (
        wanted(*(DesiredRoute(f"GET /{n}") for n in range(9)), DesiredRoute("GET /z", "jwt")),
        (held(DesiredRoute("GET /z")),),
        (
            ReplacedRoute(held(DesiredRoute("GET /z")).id, DesiredRoute("GET /z", "jwt")),
            *(Added(f"GET /{n}", DesiredRoute(f"GET /{n}")) for n in range(4)),
        ),
    ),
    "the rest first": (wanted(A, B), (held(A, OLD),), (Added(B.key, B),)),
}


@pytest.mark.parametrize("case", CASES)
def test_next_routes(case: str) -> None:
    claims, observed, expected = CASES[case]
    outcome = next_routes(claims, observed)
    if isinstance(expected, str):
        assert isinstance(outcome, Refusal)
        assert expected in outcome.message
    else:
        assert (outcome.to if isinstance(outcome, Change) else outcome) == expected


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_few_at_a_time_and_in_the_end_all(now: set[int], then: set[int]) -> None:
    routes = {f"id{number}": DesiredRoute(f"GET /{number}") for number in now}
    claims = DesiredRoutes(ME, tuple(DesiredRoute(f"GET /{number}") for number in sorted(then)))
    reconciliations = 0
    while outcome := next_routes(claims, tuple(ObservedRoute(name, claim, ME) for name, claim in routes.items())):
        assert isinstance(outcome, Change)
        assert 1 <= len(outcome.to) <= AT_A_TIME
        for step in outcome.to:
            if isinstance(step, Added):
                routes[f"new {step.name}"] = step.entry
            elif isinstance(step, Removed):
                del routes[step.name]
        reconciliations += 1
    assert {claim.key for claim in routes.values()} == {claim.key for claim in claims.routes}
    assert all(name.startswith("id") for name, claim in routes.items() if int(claim.key[5:]) in now)
    assert reconciliations <= len(now ^ then)


TOKENS, OTHER = Tokens("https://a", frozenset({"x"})), Tokens("https://b", frozenset())
JWT: dict[str, tuple[Authorizers, dict[str, Authorizer], object]] = {
    "none": (Authorizers({}), {}, None),
    "missing": (Authorizers({"a": TOKENS}), {}, Added("a", TOKENS)),
    "there": (Authorizers({"a": TOKENS}), {"a": Authorizer("1", TOKENS, used=False)}, None),
    "changed by hand": (Authorizers({"a": TOKENS}), {"a": Authorizer("1", OTHER, used=True)}, ("1", TOKENS)),
    "unused": (Authorizers({}), {"a": Authorizer("1", TOKENS, used=False)}, Removed("1")),
    "in use": (Authorizers({}), {"a": Authorizer("1", TOKENS, used=True)}, None),
    "wanted by others": (Authorizers({}, frozenset({"a"})), {"a": Authorizer("1", TOKENS, used=False)}, None),
    "full, one is unused": (
        Authorizers({"a": TOKENS}, limit=1),
        {"b": Authorizer("1", OTHER, used=False)},
        Removed("1"),
    ),
    "full, but there": (Authorizers({"a": TOKENS}, limit=1), {"a": Authorizer("1", TOKENS, used=True)}, None),
}


def test_a_full_api_takes_no_other_authorizer() -> None:
    outcome = next_authorizer(Authorizers({"a": TOKENS}, limit=1), {"b": Authorizer("1", OTHER, used=True)})
    assert isinstance(outcome, Refusal)
    assert outcome.reason is Reason.QUOTA_EXCEEDED


def test_below_its_prefix_a_namespace_waits_for_no_route_from_before_the_prefixes() -> None:
    claim = DesiredRoute("GET /shop/orders")
    old = held(DesiredRoute("ANY /{proxy+}"), OLD_STRANGER)
    without = next_routes(DesiredRoutes(ME, (claim,), frozenset({OLD_STRANGER})), (old,))
    assert isinstance(without, Refusal)
    outcome = next_routes(DesiredRoutes(ME, (claim,), frozenset({OLD_STRANGER}), prefixed=True), (old,))
    assert isinstance(outcome, Change)
    assert outcome.to == (Added(claim.key, claim),)
    same = held(claim, OLD_STRANGER)
    assert isinstance(next_routes(DesiredRoutes(ME, (claim,), prefixed=True), (same,)), Refusal)


@pytest.mark.parametrize("claim", ["ANY /shop/{proxy+}", "GET /shop/{id}"])
def test_a_route_of_others_that_would_take_requests_below_a_prefix_is_a_conflict(claim: str) -> None:
    """API Gateway prefers a full match to a greedy one ("Working with routes for HTTP APIs"), whoever declared it."""
    old = held(DesiredRoute("GET /{team}/users"), OLD_STRANGER)
    desired = DesiredRoutes(ME, (DesiredRoute(claim),), frozenset({OLD_STRANGER}), prefixed=True)
    assert isinstance(next_routes(desired, (old,)), Refusal)


# The limit, the routes that others hold, those that this one holds, what it declares, and what happens.
FULL: dict[str, tuple[int, int, tuple[DesiredRoute, ...], tuple[DesiredRoute, ...], object]] = {
    "room for all": (4, 2, (), (A, B), (Added(A.key, A), Added(B.key, B))),
    "room for one of two": (3, 2, (), (A, B), "needs 2 more routes, but the API of the Environment has 2 of at most 3"),
    "no room, and nothing to add": (1, 2, (A,), (A,), None),
    "no room, and one to change": (2, 1, (A,), (OTHER_NAME,), (ReplacedRoute(held(A).id, OTHER_NAME),)),
    "no room, and one to replace": (2, 1, (A,), (B,), (ReplacedRoute(held(A).id, B),)),
    "no room, and too few to replace": (
        2,
        1,
        (A,),
        (B, C),
        "needs 2 more routes, but the API of the Environment has 2",
    ),
}


@pytest.mark.parametrize("case", FULL)
def test_routes_on_a_full_api(case: str) -> None:
    limit, others, mine, declared, expected = FULL[case]
    there = [held(DesiredRoute(f"GET /other/{number}"), OLD) for number in range(others)]
    desired = DesiredRoutes(ME, declared, frozenset({OLD}), limit=limit)
    outcome = next_routes(desired, (*there, *map(held, mine)))
    if isinstance(expected, str):
        assert isinstance(outcome, Refusal)
        assert outcome.message.startswith(expected)
        assert outcome.reason is Reason.QUOTA_EXCEEDED
    else:
        assert (outcome.to if isinstance(outcome, Change) else outcome) == expected


@pytest.mark.parametrize("case", JWT)
def test_next_authorizer(case: str) -> None:
    desired, observed, expected = JWT[case]
    outcome = next_authorizer(desired, observed)
    assert (outcome.to if isinstance(outcome, Change) else outcome) == expected
