"""The user service over HTTP."""

from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import Shop


async def test_a_user_is_found_where_the_answer_says(http: httpx2.AsyncClient, shop: Shop) -> None:
    created = await http.post(
        f"{shop.user.url}/users", json={"email": f"{uuid4()}@example.com", "name": " Zoë O'Neil "}
    )
    assert created.status_code == 201
    assert created.json()["name"] == "Zoë O'Neil"
    assert created.json()["createdAt"].endswith("Z")

    found = await http.get(shop.user.url + created.headers["location"])
    assert found.status_code == 200
    assert found.json() == created.json()


async def test_an_address_belongs_to_one_user_however_it_is_written(http: httpx2.AsyncClient, shop: Shop) -> None:
    address = f"{uuid4()}@example.com"
    await http.post(f"{shop.user.url}/users", json={"email": address, "name": "First"})

    again = await http.post(f"{shop.user.url}/users", json={"email": address.upper(), "name": "Second"})

    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"
    assert again.json()["type"] == "urn:shop:problem:email-taken"
    assert address.upper() not in again.text


async def test_an_unknown_user_is_not_found(http: httpx2.AsyncClient, shop: Shop) -> None:
    answer = await http.get(f"{shop.user.url}/users/{uuid4()}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:shop:problem:user-not-found"


GOOD = {"email": "ada@example.com", "name": "Ada"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (GOOD | {"email": "nobody"}, "email"),
        (GOOD | {"email": "a\u0000@example.com"}, "email"),
        (GOOD | {"email": f"{'a' * 250}@example.com"}, "email"),
        (GOOD | {"name": "   "}, "name"),
        (GOOD | {"name": "a\u0000b"}, "name"),
        (GOOD | {"name": "x" * 101}, "name"),
        (GOOD | {"name": 7}, "name"),
        (GOOD | {"role": "admin"}, "role"),
        ({"name": "Ada"}, "email"),
        ([], "body"),
    ],
)
async def test_a_bad_body_is_refused_by_field(body: object, field: str, http: httpx2.AsyncClient, shop: Shop) -> None:
    answer = await http.post(f"{shop.user.url}/users", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert answer.json()["detail"].startswith(f"{field}: ")
