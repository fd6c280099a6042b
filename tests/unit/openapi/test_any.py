"""Any document is read or refused with a message, and no route allows callers that the document does not."""

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from microservice_operator.errors import NeedsPerson
from microservice_operator.openapi import Checks, Route, Settings, read, routes, shape

from .rows import SCHEMES, Object, secured

HEAD = "openapi: 3.1.0\n"
SEGMENT = st.one_of(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.from_regex(r"\{[a-z]{1,5}\}", fullmatch=True))


@given(st.lists(SEGMENT, max_size=5))
def test_two_keys_of_one_shape_differ_in_names_only(segments: list[str]) -> None:
    renamed = ["{other}" if segment.startswith("{") else segment for segment in segments]
    key, other = (f"GET /{'/'.join(path)}" for path in (segments, renamed))
    assert shape(key) == shape(other)
    assert shape(key).count("{}") == sum(segment.startswith("{") for segment in segments)


# Documents out of the words that the reader knows, put together in any way.
WORDS = st.sampled_from(
    [
        *(
            "openapi",
            "paths",
            "/a",
            "/{b}",
            "get",
            "trace",
            "security",
            "servers",
            "url",
            "variables",
            "enum",
            "default",
        ),
        *("$ref", "components", "securitySchemes", "oidc", "type", "oauth2", "http", "scheme", "bearer", "pathItems"),
        *(
            "#/paths/~1a",
            "#/components/pathItems/oidc",
            "#/x/0",
            "{a}",
            "/v{a}",
            "x-a",
            "<<",
            "x-amazon-apigateway-auth",
        ),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)
SETTINGS = st.builds(Settings, st.sampled_from(Checks), st.sampled_from([None, "Prepend", "Ignore"]))


@settings(max_examples=300)
@given(
    st.fixed_dictionaries({"servers": VALUES, "security": VALUES, "x": VALUES, "components": VALUES, "paths": VALUES}),
    SETTINGS,
)
def test_any_document_is_read_or_refused_in_sentences(content: Object, asked: Settings) -> None:
    operation = {"security": content["security"], "servers": content["servers"], "x": content["x"]}
    content["components"] = {"securitySchemes": content["components"], "pathItems": content["x"]}
    content["paths"] = {"/a": content["paths"], "/b": {"get": operation}, "/c": {"get": content["paths"]}}
    reading = read(json.dumps({"openapi": "3.0.0", **content}), asked)
    assert all(offence.message and not offence.message.endswith(".") for offence in reading.offences)
    with suppress(NeedsPerson):
        routes(json.dumps({"openapi": "3.0.0", **content}), asked)


@settings(max_examples=300)
@given(st.text() | st.lists(WORDS | st.sampled_from(list(":-{}[],&*!|>'\"\n\t #%@`?~ ")), max_size=40).map("".join))
def test_any_text_is_read_or_refused(written: str) -> None:
    assert read(written).offences
    read(f"{HEAD}paths:\n{written}")


SCOPES = st.lists(st.sampled_from(["admin", "read", "write"]), max_size=2, unique=True)
CHOICE: st.SearchStrategy[dict[str, list[str]]] = st.just({}) | st.dictionaries(
    st.sampled_from(["oidc", "staff", "bearer", "key"]), SCOPES, min_size=1, max_size=2
)


@settings(max_examples=300)
@given(st.lists(CHOICE, max_size=3), SCOPES)
def test_a_route_admits_whom_the_document_admits_and_nobody_else(
    asked: list[dict[str, list[str]]], token: list[str]
) -> None:
    """A caller without a token, and one with a token with these scopes."""
    document = {"openapi": "3.1.0", "components": {"securitySchemes": SCHEMES}, "paths": secured(*asked)}
    with suppress(NeedsPerson):
        (route,) = routes(json.dumps(document))
        assert route.public == (not asked)
        passes = route.public or not route.scopes or bool(set(route.scopes) & set(token))
        assert passes == (route.public or any(set().union(*choice.values()) <= set(token) for choice in asked))
        assert route.public or all("key" not in choice for choice in asked)


def test_a_route_says_who_may_call_it() -> None:
    cases = {Route("GET /", public=True): "public", Route("GET /"): "any token"}
    assert all(route.callers == expected for route, expected in cases.items())
