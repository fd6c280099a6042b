"""Which two routes share requests: a table over the kinds of segments and methods, checked in both directions."""

import pytest

from microservice_operator.openapi import overlap

SHARED = (
    ("GET /users", "GET /users"),
    ("GET /users/me", "GET /users/{id}"),
    ("GET /users/{id}", "GET /users/{name}"),
    ("GET /users/{id}/orders", "GET /users/me/{kind}"),
    ("GET /files/{path+}", "GET /files/{name}"),
    ("GET /files/{path+}", "GET /files/a/b/c"),
    ("GET /files/{path+}", "GET /files/a/{rest+}"),
    ("GET /{all+}", "GET /users/{id}"),
    ("GET /{first}/b", "GET /a/{second}"),
    ("ANY /users/{id}", "GET /users/me"),
    ("ANY /users", "ANY /users"),
    ("ANY /{all+}", "DELETE /users/{id}"),
    ("$default", "GET /users"),
    ("$default", "$default"),
    ("GET /users/m%65", "GET /users/me"),
)
APART = (
    ("GET /users", "POST /users"),
    ("GET /users", "GET /orders"),
    ("GET /users", "GET /users/{id}"),
    ("GET /users/{id}", "GET /users/{id}/orders"),
    ("GET /users/{id}", "GET /orders/{id}"),
    ("GET /files", "GET /files/{path+}"),
    ("GET /files/{path+}", "GET /users/{path+}"),
    ("GET /users/me", "GET /users/Me"),
    ("ANY /users/{id}", "GET /orders/me"),
)


@pytest.mark.parametrize(("one", "other"), SHARED)
def test_routes_that_share_requests(one: str, other: str) -> None:
    assert overlap(one, other)
    assert overlap(other, one)


@pytest.mark.parametrize(("one", "other"), APART)
def test_routes_that_share_none(one: str, other: str) -> None:
    assert not overlap(one, other)
    assert not overlap(other, one)
