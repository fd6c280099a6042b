"""Any content of a Secret is read without an error, and only text counts."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.cluster.secret_data import texts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ({}, {}),
        ({"data": None}, {}),
        ({"data": {}}, {}),
        ({"data": {"password": encoded(b"secret")}}, {"password": "secret"}),
        ({"data": {"password": ""}}, {"password": ""}),
        ({"data": {"password": encoded("größe".encode())}}, {"password": "größe"}),
        ({"data": {"password": encoded(bytes([0xFF, 0xFE])), "username": encoded(b"u")}}, {"username": "u"}),
        ({"data": {"password": "no base64!"}}, {}),
    ],
)
def test_what_a_secret_holds(secret: dict[str, Any], expected: dict[str, str]) -> None:
    assert texts(secret) == expected


@given(st.dictionaries(st.sampled_from(["data", "metadata", "type"]), JSON))
def test_nothing_in_a_secret_is_an_error(secret: dict[str, Any]) -> None:
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in texts(secret).items())


@given(st.dictionaries(st.text(min_size=1), st.binary()))
def test_what_is_text_is_read_as_it_was_written(data: dict[str, bytes]) -> None:
    decoded = texts({"data": {key: encoded(value) for key, value in data.items()}})
    for key, value in data.items():
        assert decoded.get(key, "").encode() == (value if key in decoded else b"")
        assert (key in decoded) is (value.decode(errors="replace").encode() == value)
