"""What identifies a caller: claims of a verified token. And a route that declares no caller stops the startup."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter

from shop_shared.callers import ADMIN, INTERNAL, PUBLIC, AnyCaller, Caller, CallerVerifier, check_routes, requires
from shop_shared.problems import Problem
from shop_shared.token_keys import DiscoveredKeys
from shop_shared.tokens import Trust
from tests.services.tokens import AUDIENCE, ISSUER, bearer, variables


@pytest.fixture
async def verifier() -> AsyncIterator[CallerVerifier]:
    keys = DiscoveredKeys(key_set_urls={ISSUER: variables()["API_AUTH_JWKS_URL"]})
    yield CallerVerifier(Trust(ISSUER, frozenset({AUDIENCE, "admin-ui"})), keys)
    await keys.close()


@pytest.mark.parametrize(
    ("claims", "caller"),
    [
        ({}, Caller("ada")),
        ({"sub": "auth0|1 2"}, Caller("auth0|1 2")),
        ({"scope": "a b  a"}, Caller("ada", frozenset("ab"))),
        ({"scp": ["a", "b c", 7]}, Caller("ada", frozenset({"a", "b c"}))),
        ({"aud": ["x", "admin-ui"]}, Caller("ada")),
    ],
)
async def test_a_caller_is_the_subject_and_scopes_of_the_token(
    claims: dict[str, Any], caller: Caller, verifier: CallerVerifier
) -> None:
    found = await verifier.verify(bearer("ada", **claims)["authorization"], [])
    assert (found.subject, found.scopes) == (caller.subject, caller.scopes)
    assert "Bearer" not in repr(found)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"sub": ""},
        {"sub": "a\x00"},
        {"sub": "ä"},
        {"sub": "a" * 256},
        {"aud": []},
        {"aud": {"shop": 1}},
        {"iss": ISSUER + "/"},
        {"exp": 1},
        {"padding": "x" * 9000},
    ],
)
async def test_an_unusable_token_is_rejected(claims: dict[str, Any], verifier: CallerVerifier) -> None:
    with pytest.raises(Problem) as rejected:
        await verifier.verify(bearer("ada", **claims)["authorization"], [])
    assert rejected.value.status == 401
    assert rejected.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("scopes", [(ADMIN,), (ADMIN, "other")])
async def test_a_token_with_the_scope_is_accepted(scopes: tuple[str, ...], verifier: CallerVerifier) -> None:
    assert (await verifier.verify(bearer("ada", *scopes)["authorization"], [ADMIN])).is_admin


@pytest.mark.parametrize("scopes", [("shop:administrator",), ("shop:catalogue",), ()])
async def test_a_token_without_the_scope_is_rejected(scopes: tuple[str, ...], verifier: CallerVerifier) -> None:
    with pytest.raises(Problem) as rejected:
        await verifier.verify(bearer("ada", *scopes)["authorization"], [ADMIN])
    assert (rejected.value.status, rejected.value.kind) == (403, "insufficient-scope")
    assert rejected.value.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope" scope="shop:admin"'


async def _any(caller: AnyCaller) -> str:
    return caller.subject


async def _none() -> str:
    return ""


@pytest.mark.parametrize(
    ("options", "endpoint", "declared"),
    [
        ({}, _any, True),
        ({"dependencies": [requires(ADMIN)]}, _none, True),
        ({"openapi_extra": PUBLIC}, _none, True),
        ({"openapi_extra": INTERNAL}, _none, True),
        ({"include_in_schema": False}, _none, True),
        ({}, _none, False),
        ({"openapi_extra": {"x-internal": True}}, _none, False),
        ({"openapi_extra": PUBLIC}, _any, False),
    ],
)
def test_a_route_declares_who_may_call_it(options: dict[str, Any], endpoint: Any, declared: bool) -> None:
    routes = APIRouter()
    routes.get("/things", **options)(endpoint)
    if declared:
        check_routes(routes)
        return
    with pytest.raises(TypeError, match="GET /things: declare AnyCaller"):
        check_routes(routes)
