"""The HTTP API of the user service."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.services.customer import signed_up
from tests.services.processes import Service
from tests.services.shop_postgres import ShopPostgres
from tests.services.tokens import bearer


async def test_a_user_is_found_where_the_answer_says(http: httpx2.AsyncClient, user: Service) -> None:
    created = await signed_up(http, f"{user.url}/users", name=" Zoë O'Neil ")
    assert created.status_code == 201
    assert created.json()["name"] == "Zoë O'Neil"
    assert created.json()["createdAt"].endswith("Z")

    found = await http.get(user.url + created.headers["location"])
    assert found.status_code == 200
    assert found.json() == created.json()


async def test_an_email_address_is_unique_case_insensitively(http: httpx2.AsyncClient, user: Service) -> None:
    address = f"{uuid4()}@example.com"
    await signed_up(http, f"{user.url}/users", email=address)

    again = await signed_up(http, f"{user.url}/users", email=address.upper())

    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"
    assert again.json()["type"] == "urn:shop:problem:email-taken"
    assert address.upper() not in again.text


async def test_a_subject_has_one_user(http: httpx2.AsyncClient, user: Service) -> None:
    owner = bearer(f"owner-{uuid4()}")
    persons = [{"email": f"{uuid4()}@example.com", "name": "Ada"} for _ in range(4)]

    before = await http.get(f"{user.url}/users/me", headers=owner)
    answers = await asyncio.gather(*(http.post(f"{user.url}/users", json=each, headers=owner) for each in persons))

    assert before.status_code == 404
    (created,) = [answer for answer in answers if answer.status_code == 201]
    refused = [(answer.status_code, answer.json()["type"]) for answer in answers if answer != created]
    assert refused == [(409, "urn:shop:problem:user-exists")] * 3
    own = await http.get(f"{user.url}/users/me", headers=owner)
    assert own.json() == created.json()
    assert own.headers["etag"] == created.headers["etag"]


async def test_a_user_from_before_there_were_owners_is_visible_to_administrators_only(
    http: httpx2.AsyncClient, user: Service, postgres: ShopPostgres
) -> None:
    address = f"{uuid4()}@example.com"
    postgres.run(f"INSERT INTO users (email, name) VALUES ('{address}', 'Old')", "users")
    pages: list[dict[str, Any]] = []
    cursor: str | None = None
    while not pages or cursor:
        query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
        pages.append((await http.get(f"{user.url}/users", params=query)).json())
        cursor = pages[-1]["nextCursor"]
    (found,) = [item for page in pages for item in page["items"] if item["email"] == address]
    url = f"{user.url}/users/{found['userId']}"
    assert found["subject"] is None
    assert (await http.get(url)).status_code == 200
    for method, body in (("GET", None), ("PATCH", {"name": "Mine"})):
        assert (await http.request(method, url, json=body, headers=bearer("mallory"))).status_code == 404


async def test_an_unknown_user_is_not_found(http: httpx2.AsyncClient, user: Service) -> None:
    answer = await http.get(f"{user.url}/users/{uuid4()}")
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
        (GOOD | {"name": "gnp\u202e"}, "name"),
        (GOOD | {"name": "\u200f"}, "name"),
        (GOOD | {"name": "x" * 101}, "name"),
        (GOOD | {"name": 7}, "name"),
        (GOOD | {"role": "admin"}, "role"),
        ({"name": "Ada"}, "email"),
        ([], "body"),
    ],
)
async def test_an_invalid_body_is_rejected_by_field(
    body: object, field: str, http: httpx2.AsyncClient, user: Service
) -> None:
    answer = await http.post(f"{user.url}/users", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert answer.json()["detail"].startswith(f"{field}: ")


async def _new(http: httpx2.AsyncClient, user: Service) -> httpx2.Response:
    return await signed_up(http, f"{user.url}/users")


async def test_a_change_keeps_omitted_fields(http: httpx2.AsyncClient, user: Service) -> None:
    created = await _new(http, user)
    url = user.url + created.headers["location"]

    changed = await http.patch(url, json={"name": "Grace"})

    assert changed.status_code == 200
    assert changed.json() == created.json() | {"name": "Grace"}
    assert changed.headers["etag"] != created.headers["etag"]
    assert (await http.get(url)).json() == changed.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "body"), ({"name": None}, "name"), ({"email": "nobody"}, "email"), ({"userId": "x"}, "userId")],
)
async def test_an_invalid_change_is_rejected_by_field(
    body: object, field: str, http: httpx2.AsyncClient, user: Service
) -> None:
    created = await _new(http, user)
    url = user.url + created.headers["location"]
    answer = await http.patch(url, json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await http.get(url)).headers["etag"] == created.headers["etag"]


async def test_a_change_of_an_unknown_user_or_to_a_taken_address_is_rejected(
    http: httpx2.AsyncClient, user: Service
) -> None:
    first, second = await _new(http, user), await _new(http, user)
    taken = await http.patch(user.url + second.headers["location"], json={"email": first.json()["email"].upper()})
    unknown = await http.patch(f"{user.url}/users/{uuid4()}", json={"name": "Ada"})
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:shop:problem:email-taken")
    assert unknown.status_code == 404


async def test_concurrent_changes_of_one_version_succeed_once(http: httpx2.AsyncClient, user: Service) -> None:
    created = await _new(http, user)
    url, tag = user.url + created.headers["location"], {"If-Match": created.headers["etag"]}

    answers = await asyncio.gather(*(http.patch(url, json={"name": f"Name {i}"}, headers=tag) for i in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert (await http.get(url)).json() == won.json()
    assert {a.json()["type"] for a in answers if a.status_code == 412} == {"urn:shop:problem:version-passed"}


@pytest.mark.parametrize(
    ("tag", "status"), [("*", 200), ('"0", "1"', 200), ('W/"1"', 412), ('"x"', 412), ('"99999999999999999999"', 412)]
)
async def test_if_match_selects_versions(tag: str, status: int, http: httpx2.AsyncClient, user: Service) -> None:
    url = user.url + (await _new(http, user)).headers["location"]
    answer = await http.patch(url, json={"name": "Grace"}, headers={"If-Match": tag})
    assert answer.status_code == status


async def test_if_none_match_with_the_current_version_gets_304(http: httpx2.AsyncClient, user: Service) -> None:
    created = await _new(http, user)
    url, tag = user.url + created.headers["location"], created.headers["etag"]

    same = await http.get(url, headers={"If-None-Match": f'"7", W/{tag}'})
    await http.patch(url, json={"name": "Grace"})
    changed = await http.get(url, headers={"If-None-Match": tag})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (changed.status_code, changed.json()["name"]) == (200, "Grace")


async def test_pages_contain_every_user_once(http: httpx2.AsyncClient, user: Service) -> None:
    made = {(await _new(http, user)).json()["userId"] for _ in range(5)}
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await http.get(f"{user.url}/users", params={"limit": "2", **cursor})).json()
        seen += [item["userId"] for item in page["items"]]
        if len(seen) < 3:
            await _new(http, user)  # a user who is added in between neither repeats nor hides another
        if page["nextCursor"] is None:
            break
        assert len(page["items"]) == 2
        cursor = {"cursor": page["nextCursor"]}
    assert made <= set(seen)
    assert len(seen) == len(set(seen))
