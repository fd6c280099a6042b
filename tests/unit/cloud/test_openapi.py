"""OpenAPI documents as tables: the routes that they yield, and the sentence that a bad one gets."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from microservice_operator.cloud.openapi import Route, routes, shape
from microservice_operator.errors import NeedsPerson
from microservice_operator.facts import Reason

Paths = dict[Any, Any]
GET: dict[str, Any] = {"get": {}}
SCHEMES = {"securitySchemes": {"oidc": {"type": "openIdConnect"}, "key": {"type": "apiKey"}}}


def document(paths: Any, **more: Any) -> str:
    return yaml.safe_dump({"openapi": "3.1.0", "components": SCHEMES, "paths": paths, **more})


ROUTES: dict[str, tuple[Paths, list[Route]]] = {
    "nothing": ({}, []),
    "methods": (
        {"/a": {"get": {}, "post": {}, "summary": "not a method", "parameters": []}},
        [Route("GET /a"), Route("POST /a")],
    ),
    "any method": ({"/a": {"x-amazon-apigateway-any-method": {}}}, [Route("ANY /a")]),
    "the root": ({"/": GET}, [Route("GET /")]),
    "parameters are kept": (
        {"/users/{userId}/orders/{order-id}": GET},
        [Route("GET /users/{userId}/orders/{order-id}")],
    ),
    "greedy": ({"/files/{proxy+}": GET}, [Route("GET /files/{proxy+}")]),
    "greedy beside plain": ({"/a/{b}": GET, "/a/{b+}": GET}, [Route("GET /a/{b+}"), Route("GET /a/{b}")]),
    "a fixed path beside a parameter": ({"/a/b": GET, "/a/{b}": GET}, [Route("GET /a/b"), Route("GET /a/{b}")]),
    "one path, two spellings, two methods": (
        {"/a/{b}": GET, "/a/{c}": {"put": {}}},
        [Route("GET /a/{b}"), Route("PUT /a/{c}")],
    ),
    "public": ({"/a": {"get": {"security": []}}}, [Route("GET /a", public=True)]),
    "public by an empty alternative": (
        {"/a": {"get": {"security": [{}, {"oidc": []}]}}},
        [Route("GET /a", public=True)],
    ),
    "scopes": (
        {"/a": {"get": {"security": [{"oidc": ["write", "read"]}]}}},
        [Route("GET /a", scopes=("read", "write"))],
    ),
    "alternatives of scopes": (
        {"/a": {"get": {"security": [{"oidc": ["a"]}, {"oidc": ["b"]}]}}},
        [Route("GET /a", scopes=("a", "b"))],
    ),
    "an alternative without scopes": (
        {"/a": {"get": {"security": [{"oidc": ["a"]}, {"key": []}]}}},
        [Route("GET /a")],
    ),
}
BAD: dict[str, tuple[str, str]] = {
    "empty": ("", "openapi of the"),
    "a list": ("[]", "openapi of the"),
    "Swagger": ("swagger: '2.0'", "openapi of the"),
    "a version of the future": ("openapi: 4.0.0", "openapi of the"),
    "a number as version": ("openapi: 3.1", "openapi of the"),
    "no YAML": ("openapi: '3.1.0\npaths: {", "line 2 of the"),
    "no YAML at all": ("\x00", "cannot be read"),
    "no JSON": ('{"openapi": "3.1.0",\n', "line 2 of the"),
    "bottomless": ('{"a":' * 20000, "cannot be read"),
    "too large": (f"openapi: 3.1.0\n# {'x' * 1_048_576}", "is larger than"),
    "no paths": ('{"openapi": "3.0.3"}', "paths of the"),
    "paths no map": (document([]), "paths of the"),
    "a path that is a number": (document({1: GET}), "paths.1 of the"),
    "a relative path": (document({"a": GET}), "paths.a of the"),
    "an item that is a text": (document({"/a": "x"}), "paths./a of the"),
    "an operation that is a text": (document({"/a": {"get": "x"}}), "paths./a.get of the"),
    "trace": (document({"/a": {"trace": {}}}), "paths./a.trace of the"),
    "part of a segment": (document({"/report.{format}": GET}), "report.{format}"),
    "greedy in the middle": (document({"/{all+}/x": GET}), "{all+}"),
    "a blank": (document({"/a b": GET}), "'a b'"),
    "an empty parameter": (document({"/{}": GET}), "paths./{} of the"),
    "one parameter twice": (document({"/{a}/{a}": GET}), "two parameters of one name"),
    "twins": (document({"/a/{b}": GET, "/a/{c}": GET}), "same requests as GET /a/{b}"),
    "security no list": (document({"/a": {"get": {"security": {}}}}), "paths./a.get.security of the"),
    "the document's security": (document({"/a": GET}, security="x"), "security of the"),
    "an unknown scheme": (document({"/a": {"get": {"security": [{"x": []}]}}}), "scheme x"),
    "scopes no list": (document({"/a": {"get": {"security": [{"oidc": "a"}]}}}), "security.oidc of the"),
    "too many scopes": (
        document({"/a": {"get": {"security": [{"oidc": list("abcdefghijk")}]}}}),
        "more than 10 scopes",
    ),
    "too many routes": (document({f"/a{n}": GET for n in range(301)}), "more than 300 operations"),
    "a reference to elsewhere": (document({"/a": {"$ref": "other.yaml#/x"}}), "refers to other.yaml#/x"),
    "a reference to nothing": (document({"/a": {"$ref": "#/components/x"}}), "refers to #/components/x"),
    "a reference that is a number": (document({"/a": {"$ref": 1}}), "refers to 1"),
}


@pytest.mark.parametrize("case", ROUTES)
def test_routes(case: str) -> None:
    paths, expected = ROUTES[case]
    assert list(routes(document(paths))) == expected
    as_json = json.dumps(yaml.safe_load(document(paths)))
    assert list(routes(as_json)) == expected


@pytest.mark.parametrize("case", BAD)
def test_a_bad_document_is_named_with_the_place_and_a_remedy(case: str) -> None:
    text, expected = BAD[case]
    with pytest.raises(NeedsPerson) as refused:
        routes(text)
    assert refused.value.reason == Reason.INVALID_DOCUMENT
    assert expected in str(refused.value)
    assert not str(refused.value).endswith(".")


def test_the_documents_security_counts_where_an_operation_has_none() -> None:
    paths = {"/a": GET, "/b": {"get": {"security": [{"oidc": []}]}}}
    assert routes(document(paths, security=[])) == (Route("GET /a", public=True), Route("GET /b"))


def test_a_path_item_may_stand_elsewhere_in_the_document() -> None:
    text = document({"/a": {"$ref": "#/components/pathItems/a~1b"}}, components={"pathItems": {"a/b": GET}})
    assert routes(text) == (Route("GET /a"),)


def test_servers_say_nothing() -> None:
    assert routes(document({"/a": GET}, servers=[{"url": "https://example.com/base"}])) == (Route("GET /a"),)


@pytest.mark.parametrize("document_file", sorted(Path("services").glob("*/openapi*.*")), ids=str)
def test_the_shops_own_documents(document_file: Path) -> None:
    assert routes(document_file.read_text(encoding="utf-8"))


SEGMENT = st.one_of(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.from_regex(r"\{[a-z]{1,5}\}", fullmatch=True))


@given(st.lists(SEGMENT, max_size=5))
def test_two_keys_of_one_shape_differ_in_names_only(segments: list[str]) -> None:
    renamed = ["{other}" if segment.startswith("{") else segment for segment in segments]
    key, other = (f"GET /{'/'.join(path)}" for path in (segments, renamed))
    assert shape(key) == shape(other)
    assert shape(key).count("{}") == sum(segment.startswith("{") for segment in segments)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_any_document_is_read_or_refused_in_a_sentence(content: Any) -> None:
    text = json.dumps({"openapi": "3.0.0", "security": content, "paths": {"/a": content, "/b": {"get": content}}})
    with suppress(NeedsPerson):
        routes(text)
