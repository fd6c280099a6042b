"""The fields of an OpenAPI document, one row each, and the result: kept unchanged, or refused."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from microservice_operator.openapi import Checks, Settings

Object = dict[str, Any]
GET: Object = {"get": {}}
SCHEMES: Object = {
    "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://login.example/.well-known/openid-configuration"},
    "login": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://l.example", "scopes": {}}}},
    "staff": {"$ref": "#/components/securitySchemes/login"},
    "twice": {"$ref": "#/components/securitySchemes/staff"},
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "mutual": {"type": "mutualTLS"},
    "lambda": {"type": "apiKey", "in": "header", "name": "A", "x-amazon-apigateway-authtype": "custom"},
    "cognito": {
        "type": "oauth2",
        "flows": {},
        "x-amazon-apigateway-authorizer": {"type": "jwt", "identitySource": "$request.header.Authorization"},
    },
}
TOKENS, NOTHING, UNSAID = (
    Settings(checks, allow_anonymous=True) for checks in (Checks.TOKENS, Checks.NOTHING, Checks.UNSAID)
)
OPERATIONS = ("get", "put", "post", "delete", "trace", "options", "head", "patch")
BELOW, BELOW_PREPENDED = Settings(prefix="/shop"), Settings(base_path="Prepend", prefix="/shop")
PREPEND, IGNORE = Settings(base_path="Prepend"), Settings(base_path="Ignore")


@dataclass(frozen=True)
class Row:
    """A document and its result: each route with its callers, or the place and a part of the message."""

    paths: Any
    becomes: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    valid: bool = True
    root: Object = field(default_factory=dict)
    version: str = "3.1.0"
    settings: Settings = TOKENS


def kept(paths: Any, *becomes: str, **more: Any) -> Row:
    return Row(paths, becomes=becomes, **more)


def refused(paths: Any, *places: tuple[str, str], valid: bool = False, **more: Any) -> Row:
    return Row(paths, refused=places, valid=valid, **more)


def secured(*security: Any, **more: Any) -> Object:
    return {"/a": {"get": {"security": list(security), **more}}}


def server(*urls: str) -> Object:
    return {"servers": [{"url": url} for url in urls]}


def templated(url: str, **defaults: Any) -> Object:
    return {"servers": [{"url": url, "variables": {name: {"default": value} for name, value in defaults.items()}}]}


A_GET = "#/paths/~1a/get"
FIRST = f"{A_GET}/security/0"
TEMPLATED = {"url": "https://{region}.shop.example/{base}", "variables": {}}
ELSEWHERE = {"servers": [{"url": "https://files.example"}]}

ROWS: dict[str, Row] = {
    # paths
    "no operation": kept({}),
    "no paths": refused(None, ("#/paths", "must be a mapping"), valid=True),
    "paths that are a list": refused([], ("#/paths", "must be a mapping")),
    "the root": kept({"/": GET}, "GET / any token"),
    "every method": kept(
        {"/a": {name: {} for name in ("get", "put", "post", "delete", "options", "head", "patch")}},
        *(f"{name} /a any token" for name in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")),
    ),
    "any method": kept({"/a": {"x-amazon-apigateway-any-method": {}}}, "ANY /a any token"),
    "TRACE": refused({"/a": {"trace": {}}}, ("#/paths/~1a/trace", "does not route"), valid=True),
    "a method in capitals": refused({"/a": {"GET": {}}}, ("#/paths/~1a/GET", "did you mean get?")),
    "a method of OpenAPI 3.2": refused({"/a": {"query": {}}}, ("#/paths/~1a/query", "is not a field of a path item")),
    "security of a path item": refused({"/a": {"security": [], **GET}}, ("#/paths/~1a/security", "is not a field")),
    "what a path item has beside operations": kept(
        {"/a": {"summary": "s", "description": "d", "parameters": [], "x-owner": "orders", **GET}}, "GET /a any token"
    ),
    "extensions beside paths": kept({"x-owner": {"team": "orders"}, "/a": GET}, "GET /a any token"),
    "an extension that looks like a path item": kept({"x-a": GET}),
    "a path that is relative": refused({"a": GET}, ("#/paths/a", "must start with a slash")),
    "a path that is a number": refused({1: GET}, ("#/paths/1", "must start with a slash")),
    "an item that is a text": refused({"/a": "x"}, ("#/paths/~1a", "must be a path item")),
    "an item that is null": refused({"/a": None}, ("#/paths/~1a", "must be a path item")),
    "an operation that is a text": refused({"/a": {"get": "x"}}, (A_GET, "must be an operation object")),
    "an operation that is null": refused({"/a": {"get": None}}, (A_GET, "must be an operation object")),
    "an operation that is a reference": refused(
        {"/a": {"get": {"$ref": "#/paths/~1b/get"}}, "/b": GET}, (f"{A_GET}/$ref", "is not a field of an operation")
    ),
    "what an operation has beside security": kept(
        {
            "/a": {
                "get": {
                    "tags": ["a"],
                    "summary": "s",
                    "description": "d",
                    "operationId": "o",
                    "deprecated": True,
                    "parameters": [],
                    "externalDocs": {"url": "https://docs.example"},
                    "x-internal": False,
                    "callbacks": {
                        "done": {"{$request.body#/url}": {"post": {"responses": {"200": {"description": ""}}}}}
                    },
                }
            }
        },
        "GET /a any token",
    ),
    "parameters are kept": kept(
        {"/users/{userId}/orders/{order-id}": GET}, "GET /users/{userId}/orders/{order-id} any token"
    ),
    "greedy": kept({"/files/{proxy+}": GET}, "GET /files/{proxy+} any token"),
    "greedy beside plain": kept({"/a/{b}": GET, "/a/{b+}": GET}, "GET /a/{b+} any token", "GET /a/{b} any token"),
    "greedy before the end": refused({"/{all+}/x": GET}, ("#/paths/~1{all+}~1x", "greedy parameter"), valid=True),
    "a fixed path beside a parameter": kept({"/a/b": GET, "/a/{b}": GET}, "GET /a/b any token", "GET /a/{b} any token"),
    "one path, two spellings, two methods": kept(
        {"/a/{b}": GET, "/a/{c}": {"put": {}}}, "GET /a/{b} any token", "PUT /a/{c} any token"
    ),
    "twins": refused({"/a/{b}": GET, "/a/{c}": GET}, ("#/paths/~1a~1{c}", "same requests as GET /a/{b}"), valid=True),
    "a parameter in a segment": refused(
        {"/report.{format}": GET}, ("#/paths/~1report.{format}", "not a whole segment"), valid=True
    ),
    "two parameters in a segment": refused({"/{a}{b}": GET}, ("#/paths/~1{a}{b}", "not a whole segment"), valid=True),
    "a parameter without a name": refused({"/{}": GET}, ("#/paths/~1{}", "not a whole segment"), valid=True),
    "an operator of RFC 6570": refused({"/a{?b}": GET}, ("#/paths/~1a{?b}", "not a whole segment"), valid=True),
    "one parameter twice": refused(
        {"/{a}/{a}": GET}, ("#/paths/~1{a}~1{a}", "two parameters with the same name"), valid=True
    ),
    "a slash at the end": refused({"/a/": GET}, ("#/paths/~1a~1", "ends with a slash"), valid=True),
    "two slashes": refused({"/a//b": GET}, ("#/paths/~1a~1~1b", "the segment ''"), valid=True),
    "a blank": refused({"/a b": GET}, ("#/paths/~1a b", "the segment 'a b'"), valid=True),
    "a query": refused({"/a?b=c": GET}, ("#/paths/~1a?b=c", "the segment 'a?b=c'"), valid=True),
    "a fragment": refused({"/a#b": GET}, ("#/paths/~1a#b", "the segment 'a#b'"), valid=True),
    "letters that are no ASCII": refused({"/straße": GET}, ("#/paths/~1straße", "the segment"), valid=True),
    "percent-encoded": kept({"/a%20b": GET}, "GET /a%20b any token"),
    "all that is wrong at once": refused(
        {"/a/": GET, "/{x}.json": {"post": {}}, "/b": {"GET": {}, "trace": {}}},
        ("#/paths/~1a~1", "ends with a slash"),
        ("#/paths/~1{x}.json", "not a whole segment"),
        ("#/paths/~1b/GET", "did you mean get?"),
        ("#/paths/~1b/trace", "does not route"),
    ),
    "more routes than AWS has": refused({f"/a{n}": GET for n in range(301)}, ("#/paths", "more than 300"), valid=True),
    "more paths than any API has": refused(
        {f"/a{n}": {} for n in range(1001)}, ("#/paths", "more than 1000 paths"), valid=True
    ),
    "a long path": refused(
        {f"/{'a' * 1000}": GET}, (f"#/paths/~1{'a' * 190}…", "has more than 1000 characters"), valid=True
    ),
    "more alternatives than a route can have": refused(
        secured(*[{"login": [f"s{n}"]} for n in range(101)]),
        (f"{A_GET}/security", "more than 100 alternatives"),
        valid=True,
    ),
    "more scopes than anybody needs": refused(
        secured({"login": [f"s{n}" for n in range(101)]}), (f"{FIRST}/login", "more than 100 scopes"), valid=True
    ),
    # references
    "an item elsewhere": kept(
        {"/a": {"$ref": "#/components/pathItems/a~1b"}},
        "GET /a any token",
        root={"pathItems": {"a/b": GET}},
        valid=False,  # names of components have no slash
    ),
    "an item of another path": kept({"/a": {"$ref": "#/paths/~1b"}, "/b": GET}, "GET /a any token", "GET /b any token"),
    "a pointer that is percent-encoded": kept(
        {"/a/{b}": GET, "/c/{b}": {"$ref": "#/paths/~1a~1%7Bb%7D"}}, "GET /a/{b} any token", "GET /c/{b} any token"
    ),
    "a pointer into a list": kept({"/a": {"$ref": "#/x-items/0"}}, "GET /a any token", root={"x-items": [GET]}),
    "a reference to a reference": kept(
        {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1c"}, "/c": GET},
        *(f"GET /{name} any token" for name in "abc"),
    ),
    "fields beside a reference": kept(
        {"/a": {"$ref": "#/paths/~1b", "post": {}}, "/b": GET},
        *("GET /a any token", "GET /b any token", "POST /a any token"),
        valid=False,
    ),
    "a field on both sides of a reference": refused(
        {"/a": {"$ref": "#/paths/~1b", "get": {"security": []}}, "/b": GET}, (A_GET, "keep one of the two")
    ),
    "a reference to itself": refused({"/a": {"$ref": "#/paths/~1a"}}, ("#/paths/~1a/$ref", "does not refer to")),
    "a reference to another file": refused({"/a": {"$ref": "b.yaml#/x"}}, ("#/paths/~1a/$ref", "write it out here")),
    "a reference to an anchor": refused({"/a": {"$ref": "#item"}}, ("#/paths/~1a/$ref", "does not refer to")),
    "a reference to nothing": refused({"/a": {"$ref": "#/components/x"}}, ("#/paths/~1a/$ref", "does not refer to")),
    "a reference to a text": refused({"/a": {"$ref": "#/openapi"}}, ("#/paths/~1a", "must be a path item")),
    "a reference that is a number": refused({"/a": {"$ref": 1}}, ("#/paths/~1a/$ref", "does not refer to")),
    # the document
    "what a document has beside paths": kept(
        {"/a": GET},
        "GET /a any token",
        root={
            "webhooks": {"sold": {"post": {}}},
            "tags": [{"name": "a"}],
            "externalDocs": {"url": "https://d.example"},
            "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
            "x-any": 1,
        },
    ),
    "a field that OpenAPI is not in components": refused(
        {"/a": GET}, ("#/securty", "did you mean security?"), root={"securty": [{"oidc": ["a"]}]}
    ),
    "a field of an operation that OpenAPI is not in components": refused(
        {"/a": {"get": {"Security": [{"oidc": ["a"]}]}}}, (f"{A_GET}/Security", "did you mean security?")
    ),
    "OpenAPI 3.0": kept({"/a": GET}, "GET /a any token", version="3.0.4"),
    # servers
    "a server without a base path": kept({"/a": GET}, "GET /a any token", root=server("https://api.example/")),
    "a relative server": kept({"/a": GET}, "GET /a any token", root=server("/")),
    "no server": kept({"/a": GET}, "GET /a any token", root=server()),
    "an undeclared base path": refused(
        {"/a": GET},
        ("#/servers", "has the base path /v2; set spec.api"),
        root=server("https://api.example/v2"),
        valid=True,
    ),
    "a base path": kept({"/a": GET}, "GET /v2/a any token", root=server("/v2/"), settings=PREPEND),
    "below the prefix": kept(
        {"/shop": GET, "/shop/{id}": GET, "/shop/a/{rest+}": GET},
        *("GET /shop any token", "GET /shop/a/{rest+} any token", "GET /shop/{id} any token"),
        settings=BELOW,
    ),
    "below the prefix by a base path": kept(
        {"/a": GET}, "GET /shop/a any token", root=server("/shop"), settings=BELOW_PREPENDED
    ),
    "not below the prefix": refused({"/a": GET}, ("#/paths/~1a", "is not below /shop"), settings=BELOW, valid=True),
    "a longer name than the prefix": refused(
        {"/shopping": GET}, ("#/paths/~1shopping", "is not below /shop"), settings=BELOW, valid=True
    ),
    "everything, where there is a prefix": refused(
        {"/{proxy+}": GET}, ("#/paths/~1{proxy+}", "is not below /shop"), settings=BELOW, valid=True
    ),
    "a parameter for the prefix": refused(
        {"/{a}/b": GET}, ("#/paths/~1{a}~1b", "is not below /shop"), settings=BELOW, valid=True
    ),
    "an encoded prefix": refused(
        {"/%73hop/b": GET}, ("#/paths/~1%73hop~1b", "is not below /shop"), settings=BELOW, valid=True
    ),
    "a way out of the prefix": refused(
        {"/shop/../order": GET}, ("#/paths/~1shop~1..~1order", "proxies resolve to another"), settings=BELOW, valid=True
    ),
    "an encoded way out of the prefix": refused(
        {"/shop/%2e%2E/order": GET}, ("#/paths/~1shop~1%2e%2E~1order", "proxies resolve"), settings=BELOW, valid=True
    ),
    "an encoded slash": refused(
        {"/shop/..%2Forder": GET}, ("#/paths/~1shop~1..%2Forder", "proxies resolve"), valid=True
    ),
    "too many segments": refused({"/a" * 51: GET}, ("#/paths/" + "~1a" * 51, "has more than 50 segments"), valid=True),
    "a base path that is taken away": kept({"/a": GET}, "GET /a any token", root=server("/v2"), settings=IGNORE),
    "a base path before the root": refused(
        {"/": GET}, ("#/paths/~1", "ends with a slash"), root=server("/v2"), settings=PREPEND, valid=True
    ),
    "a base path that AWS does not route": refused(
        {"/a": GET}, ("#/paths/~1a", "the segment 'v 2'"), root=server("/v 2"), settings=PREPEND, valid=True
    ),
    "two base paths": refused(
        {"/a": GET}, ("#/servers", "has the base paths /, /v2"), root=server("/", "/v2"), settings=PREPEND, valid=True
    ),
    "two servers with one": kept(
        {"/a": GET},
        "GET /v2/a any token",
        root=server("https://a.example/v2", "https://b.example/v2"),
        settings=PREPEND,
    ),
    "a variable in the host": kept(
        {"/a": GET},
        "GET /v2/a any token",
        root={
            "servers": [
                {
                    **TEMPLATED,
                    "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}, "base": {"default": "v2"}},
                }
            ]
        },
        settings=PREPEND,
    ),
    "a variable in the path": refused(
        {"/a": GET},
        ("#/servers", "has the base paths /v1, /v2"),
        root={
            "servers": [
                {
                    **TEMPLATED,
                    "variables": {"region": {"default": "eu"}, "base": {"default": "v2", "enum": ["v2", "v1"]}},
                }
            ]
        },
        settings=PREPEND,
        valid=True,
    ),
    "values that look like variables": refused(
        {"/a": GET}, ("#/servers/0/url", "is not an address"), root=templated("/{a}{b}", a="{b}{b}", b="b"), valid=True
    ),
    "a variable that has its own name as its value": refused(
        {"/a": GET}, ("#/servers/0/url", "is not an address"), root=templated("/{a}", a="{a}"), valid=True
    ),
    "a variable that the URL has twice": kept(
        {"/a": GET}, "GET /v2/v2/a any token", root=templated("/{a}/{a}", a="v2"), settings=PREPEND
    ),
    "a long value": refused(
        {"/a": GET},
        ("#/servers/0/url", "has the variable a with a value of more than 2000 characters"),
        root=templated("/{a}", a="x" * 2001),
        valid=True,
    ),
    "a long value that is an alternative": refused(
        {"/a": GET},
        ("#/servers/0/url", "has the variable a with a value of more than 2000 characters"),
        root={"servers": [{"url": "/{a}", "variables": {"a": {"default": "x", "enum": ["x", "x" * 2001]}}}]},
        valid=True,
    ),
    "values that are long together": refused(
        {"/a": GET},
        ("#/servers/0/url", "has more than 2000 characters with the values of its variables"),
        root=templated("/{a}{a}", a="x" * 1500),
        valid=True,
    ),
    "a value that is a list": refused(
        {"/a": GET},
        ("#/servers/0/url", "has the variable a with a value that is not text"),
        root=templated("/{a}", a=["x"]),
    ),
    "a long URL": refused(
        {"/a": GET},
        ("#/servers/0/url", "has more than 2000 characters; shorten"),
        root=server("/" + "x" * 2000),
        valid=True,
    ),
    "more values than a URL may have": refused(
        {"/a": GET},
        ("#/servers/0/url", "variables with more than 100 values"),
        root={"servers": [{"url": "/{a}", "variables": {"a": {"default": "x", "enum": ["x", *map(str, range(100))]}}}]},
        valid=True,
    ),
    "more addresses than a document may have": refused(
        {"/a": GET}, ("#/servers/10000", "beyond the 10000 addresses"), root=server(*["/"] * 10_001), valid=True
    ),
    "a variable that nothing declares": refused(
        {"/a": GET}, ("#/servers/0/url", "is not an address"), root={"servers": [TEMPLATED]}, valid=True
    ),
    "an address that is none": refused(
        {"/a": GET}, ("#/servers/0/url", "is not an address"), root=server("http://[x"), valid=True
    ),
    "an address relative to the document": refused(
        {"/a": GET}, ("#/servers/0/url", "is not an address"), root=server("../v2"), valid=True
    ),
    "servers that are a text": refused({"/a": GET}, ("#/servers", "must be a list"), root={"servers": "x"}),
    "a server that is a text": refused({"/a": GET}, ("#/servers/0", "a server with a url"), root={"servers": ["x"]}),
    "servers of a path": kept(
        {"/a": {**server("/v3"), **GET}, "/b": GET},
        *("GET /v2/b any token", "GET /v3/a any token"),
        root=server("/v2"),
        settings=PREPEND,
    ),
    "servers of an operation": kept(
        {"/a": {**server("/v3"), "get": server("/v4"), "put": {}}},
        *("GET /v4/a any token", "PUT /v3/a any token"),
        root=server("/v2"),
        settings=PREPEND,
    ),
    "a path on another host": refused(
        {"/a": {**ELSEWHERE, **GET}},
        ("#/paths/~1a/servers", "another host"),
        root=server("https://api.example"),
        valid=True,
    ),
    "an operation on another host": refused(
        {"/a": {"get": ELSEWHERE}}, (f"{A_GET}/servers", "another host"), valid=True
    ),
    "an undeclared base path of an operation": refused(
        {"/a": {"get": server("/v3")}}, (f"{A_GET}/servers", "has the base path /v3"), valid=True
    ),
    # security
    "no security of its own": kept({"/a": GET}, "GET /a any token"),
    "public": kept(secured(), "GET /a public"),
    "a token that is optional": refused(
        secured({}, {"oidc": ["a"]}), (f"{A_GET}/security", "makes the token optional"), valid=True
    ),
    "a token that is optional, and the service checks it": kept(
        secured({}, {"oidc": ["a"]}), "GET /a public", settings=NOTHING
    ),
    "of the document": kept(
        {"/a": GET, "/b": {"get": {"security": []}}},
        *("GET /a a token with scope x", "GET /b public"),
        root={"security": [{"oidc": ["x"]}]},
    ),
    "public, of the document": kept(
        {"/a": GET, "/b": {"get": {"security": [{"oidc": []}]}}},
        *("GET /a public", "GET /b any token"),
        root={"security": []},
    ),
    "OpenID Connect": kept(secured({"oidc": ["orders:write"]}), "GET /a a token with scope orders:write"),
    "OAuth 2": kept(secured({"login": ["orders:write"]}), "GET /a a token with scope orders:write"),
    "a scheme by reference": kept(secured({"staff": ["orders:write"]}), "GET /a a token with scope orders:write"),
    "a scheme by two references": kept(secured({"twice": ["x"]}, {"login": ["y"]}), "GET /a a token with scope x or y"),
    "http bearer": kept(secured({"bearer": []}), "GET /a any token"),
    "alternatives of scopes": kept(secured({"oidc": ["b"]}, {"oidc": ["a"]}), "GET /a a token with scope a or b"),
    "an alternative without scopes": kept(secured({"oidc": ["a"]}, {"oidc": []}), "GET /a any token"),
    "security that is null": refused({"/a": {"get": {"security": None}}}, (f"{A_GET}/security", "must be a list")),
    "security that is a mapping": refused({"/a": {"get": {"security": {}}}}, (f"{A_GET}/security", "must be a list")),
    "security that holds a text": refused(secured("oidc"), (f"{A_GET}/security", "must be a list")),
    "security of the document that is a text": refused(
        {"/a": GET}, ("#/security", "must be a list"), root={"security": "x"}
    ),
    "a scheme that is not there": refused(secured({"x": []}), (f"{FIRST}/x", "is not in components"), valid=True),
    "a scheme that is not there beside public": refused(
        secured({"x": []}, {}), (f"{FIRST}/x", "is not in components"), valid=True, settings=NOTHING
    ),
    "a scheme of no known type": refused(
        secured({"odd": []}),
        ("#/components/securitySchemes/odd/type", "must be one of"),
        root={"schemes": {"odd": {"type": "x"}}},
    ),
    "a scheme in another file": refused(
        secured({"far": []}),
        ("#/components/securitySchemes/far/$ref", "write it out here"),
        root={"schemes": {"far": {"$ref": "far.yaml#/x"}}},
        valid=True,
    ),
    "a scheme by a reference to itself": refused(
        secured({"loop": []}),
        ("#/components/securitySchemes/loop/$ref", "does not refer to"),
        root={"schemes": {"loop": {"$ref": "#/components/securitySchemes/loop"}}},
        valid=True,
    ),
    "scopes that are a text": refused(secured({"oidc": "a"}), (f"{FIRST}/oidc", "must be a list of scopes")),
    "a scope that is a number": refused(secured({"oidc": [1]}), (f"{FIRST}/oidc", "must be a list of scopes")),
    "a scope that is empty": refused(secured({"oidc": [""]}), (f"{FIRST}/oidc", "is not one word"), valid=True),
    "a scope of two words": refused(secured({"oidc": ["a b"]}), (f"{FIRST}/oidc", "is not one word"), valid=True),
    "a scope that is too long": refused(
        secured({"oidc": ["x" * 65]}), (f"{FIRST}/oidc", "is not one word"), valid=True
    ),
    "two scopes together": refused(
        secured({"oidc": ["a", "b"]}), (f"{FIRST}/oidc", "requires a and b together"), valid=True
    ),
    "two scopes together, of the document": refused(
        {"/a": GET}, ("#/security/0/oidc", "together"), root={"security": [{"oidc": ["a", "b"]}]}, valid=True
    ),
    "two scopes together that no operation inherits": kept(
        secured({"oidc": ["a"]}), "GET /a a token with scope a", root={"security": [{"oidc": ["a", "b"]}]}
    ),
    "too many scopes": refused(
        secured(*({"oidc": [letter]} for letter in "abcdefghijk")),
        (f"{A_GET}/security", "more than 10 scopes"),
        valid=True,
    ),
    "two schemes together": refused(
        secured({"oidc": ["a"], "key": []}), (FIRST, "requires oidc and key together"), valid=True
    ),
    "an API key": refused(secured({"key": []}), (f"{FIRST}/key", "of type apiKey"), valid=True),
    "an API key in place of a token": refused(
        secured({"oidc": ["a"]}, {"key": []}), (f"{A_GET}/security/1/key", "of type apiKey"), valid=True
    ),
    "basic": refused(secured({"basic": []}), (f"{FIRST}/basic", "of type http basic"), valid=True),
    "mutual TLS": refused(secured({"mutual": []}), (f"{FIRST}/mutual", "of type mutualTLS"), valid=True),
    "roles of a bearer": refused(secured({"bearer": ["admin"]}), (f"{FIRST}/bearer", "has roles"), valid=True),
    "two schemes whose tokens cannot be distinguished": refused(
        {"/a": {"get": {"security": [{"oidc": []}]}, "put": {"security": [{"bearer": []}]}}},
        ("#/paths/~1a/put/security/0/bearer", "cannot distinguish their tokens"),
        valid=True,
    ),
    "paths that requests of each other fit": refused(
        {"/a/{x}": {"get": {"security": []}}, "/{x}/b": GET},
        ("#/paths/~1{x}~1b/get", "matches requests of"),
        valid=True,
    ),
    "paths that requests of each other fit, with one security": kept(
        {"/a/{x}": GET, "/{x}/b": GET}, "GET /a/{x} any token", "GET /{x}/b any token"
    ),
    "paths of which one is more specific": kept(
        {"/users/{x}": GET, "/users/me": {"get": {"security": []}}},
        *("GET /users/me public", "GET /users/{x} any token"),
    ),
    # who checks
    "security without an authorizer": refused(
        {**secured({"oidc": []}), "/b": GET},
        *((place, "must have a token, but neither") for place in (A_GET, "#/paths/~1b/get")),
        settings=UNSAID,
        valid=True,
    ),
    "security of the document without an authorizer": refused(
        {"/a": GET},
        (A_GET, "must have a token, but neither"),
        settings=UNSAID,
        root={"security": [{"key": []}]},
        valid=True,
    ),
    "nothing to check": kept(secured(), "GET /a public", settings=UNSAID),
    "security that the service checks": kept(
        {**secured({"key": [], "oidc": ["a", "b"]}), "/b": GET}, *("GET /a public", "GET /b public"), settings=NOTHING
    ),
    "security that the service checks, with a scheme that is not there": refused(
        secured({"x": []}), (f"{FIRST}/x", "is not in components"), settings=NOTHING, valid=True
    ),
    # extensions of API Gateway
    "an authorization of API Gateway": refused(
        {"/a": {"get": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}}},
        (f"{A_GET}/x-amazon-apigateway-auth", "only in API Gateway's import"),
        valid=True,
    ),
    "an integration of API Gateway": refused(
        {"/a": {"get": {"x-amazon-apigateway-integration": {"type": "mock"}}}},
        (f"{A_GET}/x-amazon-apigateway-integration", "names an integration"),
        valid=True,
    ),
    "a resource policy of API Gateway": refused(
        {"/a": GET},
        ("#/x-amazon-apigateway-policy", "resource policy"),
        root={"x-amazon-apigateway-policy": {}},
        valid=True,
    ),
    "an endpoint of API Gateway": refused(
        {"/a": GET},
        ("#/x-amazon-apigateway-endpoint-configuration", "remove it"),
        root={"x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True}},
        valid=True,
    ),
    "a Lambda authorizer": refused(secured({"lambda": []}), (f"{FIRST}/lambda", "of type apiKey"), valid=True),
    "a JWT authorizer of the document's own": refused(
        secured({"cognito": ["a"]}),
        ("#/components/securitySchemes/cognito/x-amazon-apigateway-authorizer", "the one of spec.api.auth"),
        valid=True,
    ),
    "what only REST APIs have": kept(
        {"/a": {"get": {"x-amazon-apigateway-request-validator": "all"}}},
        "GET /a any token",
        root={"x-amazon-apigateway-request-validators": {}, "x-amazon-apigateway-importexport-version": "1.0"},
    ),
}


def built(row: Row) -> Object:
    """The document of a row, with the specification's required fields added."""
    root = {"info": {"title": "t", "version": "1"}, **row.root}
    schemes = {**SCHEMES, **root.pop("schemes", {})}
    if row.version.startswith("3.0"):
        del schemes["mutual"]
    components = {"securitySchemes": schemes, **({"pathItems": root.pop("pathItems")} if "pathItems" in root else {})}
    paths = (
        {path: _item(str(path), item) for path, item in row.paths.items()} if isinstance(row.paths, dict) else row.paths
    )
    return {"openapi": row.version, **root, "components": components, **({} if paths is None else {"paths": paths})}


def _item(path: str, item: Any) -> Any:
    """A path item whose operations have responses, and the parameters of their path."""
    if not isinstance(item, dict):
        return item
    names = dict.fromkeys(re.findall(r"\{([^{}]+)\}", path))
    declared = [{"name": name, "in": "path", "required": True, "schema": {}} for name in names]
    beside = {"responses": {"200": {"description": "ok"}}, **({"parameters": declared} if declared else {})}
    return {
        name: {**beside, **value} if name in OPERATIONS and isinstance(value, dict) else value
        for name, value in item.items()
    }


def text(paths: Any, **root: Any) -> str:
    """A document, as YAML."""
    return yaml.safe_dump(built(Row(paths, root=root)), sort_keys=False)
