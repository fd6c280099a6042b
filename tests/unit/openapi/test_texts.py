"""Parses a document: YAML 1.2 or JSON with any content, in bounded time and memory."""

import json
import tracemalloc
from contextlib import suppress

import orjson
import pytest

from microservice_operator.errors import NeedsPerson
from microservice_operator.openapi import read, routes

from .rows import PREPEND

# Each text with its result: the routes, or the line and part of the message of an error.
HEAD = "openapi: 3.1.0\n"
SECURED = "paths:\n  /a:\n    get:\n      security:\n        -"
READ: dict[str, tuple[str, list[str] | tuple[int, str]]] = {
    "nothing": ("", (0, "must be a version 3.0 or 3.1")),
    "a list": ("[]", (0, "must be a version 3.0 or 3.1")),
    "Swagger": ("swagger: '2.0'", (0, "must be a version 3.0 or 3.1")),
    "a version of the future": ("openapi: 4.0.0", (0, "must be a version 3.0 or 3.1")),
    "a number as version": ("openapi: 3.1", (0, "must be a version 3.0 or 3.1")),
    "a quote that is not closed": (f"{HEAD}paths: {{'/a: 1", (2, "end of stream")),
    "a tab": (f"{HEAD}paths:\n\t/a: {{}}", (3, "cannot start any token")),
    "a control character": (f"{HEAD}paths: \x00", (2, "does not allow")),
    "half a surrogate pair": (f"{HEAD}paths: '\ud800'", (1, "surrogates not allowed")),
    "two documents": (f"{HEAD}paths: {{}}\n---\n{HEAD}", (3, "a second document")),
    "one document after a marker": (f"%YAML 1.2\n---\n{HEAD}paths: {{/a: {{get: }}}}", (0, "#/paths/~1a/get")),
    "a byte order mark": (f"\ufeff{HEAD}paths: {{/a: {{get: {{}}}}}}", ["GET /a any token"]),
    "a byte order mark before JSON": ('\ufeff{"openapi": "3.1.0", "paths": {"/a": {"get": {}}}}', ["GET /a any token"]),
    "no JSON": ('{"openapi": "3.1.0",\n', (2, "not valid JSON")),
    "a comma too many": ('{"openapi": "3.1.0", "paths": {},}', []),
    "JSON without quotes": ("{openapi: 3.1.0, paths: {/a: {get: {}}}}", ["GET /a any token"]),
    "JSON with a surrogate pair": ('{"openapi": "3.1.0", "paths": {}, "x-a": "\\ud83d\\ude00"}', []),
    "JSON with tabs": ('{\t"openapi": "3.1.0",\n\t"paths": {\n\t\t"/a": {\n\t\t\t"get": {}}}}', ["GET /a any token"]),
    "JSON with one key twice": (
        '{"openapi": "3.1.0", "paths": {"/a": {\n"get": {},\n"get": {"security": []}}}}',
        (3, "get appears twice"),
    ),
    "JSON with a value of JavaScript": ('{"openapi": "3.1.0", "paths": {}, "x-a": NaN}', []),
    "two objects": ('{"openapi": "3.1.0", "paths": {}}\n{"openapi": "3.1.0"}', (2, "<document start>")),
    "one key twice": (f"{HEAD}paths:\n  /a: {{get: {{}}}}\n  /a: {{put: {{}}}}", (4, "/a appears twice")),
    "one key twice, once as a number": (
        f"{HEAD}paths: {{/a: {{get: {{responses: {{200: 1, '200': 2}}}}}}}}",
        (2, "200 appears twice"),
    ),
    "keys that are no texts": (
        f"{HEAD}paths: {{/a: {{get: {{responses: {{200: {{}}, on: {{}}, y: {{}}, yes: {{}}, ~: {{}}}}}}}}}}",
        ["GET /a any token"],
    ),
    "a key that is a list": (f"{HEAD}paths: {{? [a] : 1}}", (2, "a key must be text")),
    "what looks like a date": (f"{HEAD}x-a: [0000-00-00, 2026-13-45, 2026-01-01 10:00:00]\npaths: {{}}", []),
    "what looks like a number": (f"{HEAD}x-a: [1_000, 0b1, 12:30:45, {'9' * 5000}, 1e999, .nan]\npaths: {{}}", []),
    "what other readers take for a boolean": (
        f"{HEAD}components: {{securitySchemes: {{no: {{type: oauth2}}}}}}\n{SECURED} no: [yes]",
        ["GET /a a token with scope yes"],
    ),
    "a scope that is a boolean": (
        f"{HEAD}components: {{securitySchemes: {{a: {{type: oauth2}}}}}}\n{SECURED} a: [true]",
        (0, "must be a list of scopes"),
    ),
    "an alias": (
        f"{HEAD}x-a: &get {{get: {{security: []}}}}\npaths: {{/a: *get, /b: *get}}",
        ["GET /a public", "GET /b public"],
    ),
    "a key by alias": (f"{HEAD}x-a: &path /a\npaths: {{*path : {{get: {{}}}}}}", ["GET /a any token"]),
    "an alias of nothing": (f"{HEAD}paths: *x", (2, "refers to no earlier anchor")),
    "an alias of what holds it": (f"{HEAD}paths: &x {{/a: *x}}", (2, "is inside the value")),
    "a merge": (f"{HEAD}x-a: &open {{security: []}}\npaths: {{/a: {{get: {{<<: *open}}}}}}", ["GET /a public"]),
    "a merge of several": (
        f"{HEAD}x-a: &a {{security: []}}\nx-b: &b {{security: [x: []]}}\npaths: {{/a: {{get: {{<<: [*a, *b]}}}}}}",
        ["GET /a public"],
    ),
    "a field after a merge": (
        f"{HEAD}x-a: &open {{security: [x: []]}}\npaths: {{/a: {{get: {{<<: *open, security: []}}}}}}",
        ["GET /a public"],
    ),
    "a field before a merge": (
        f"{HEAD}x-a: &open {{security: []}}\npaths: {{/a: {{get: {{security: [], <<: *open}}}}}}",
        (3, "write << first"),
    ),
    "two merges": (f"{HEAD}x-a: &a {{tags: []}}\npaths: {{/a: {{get: {{<<: *a, <<: *a}}}}}}", (3, "<< appears twice")),
    "a merge of a text": (f"{HEAD}paths: {{<<: x}}", (2, "needs a mapping")),
    "a tag": (f"{HEAD}paths: !include paths.yaml", (2, "the tag !include")),
    "a tag of a mapping": (f"{HEAD}paths: !ref {{/a: {{get: {{}}}}}}", (2, "the tag !ref")),
    "tags of JSON's types": (
        "openapi: !!str 3.1.0\npaths: !!map {/a: {get: {tags: !!seq [!!int 1]}}}",
        ["GET /a any token"],
    ),
    "Windows": (f"{HEAD}paths:\n  /a:\n    get: {{}}\n".replace("\n", "\r\n"), ["GET /a any token"]),
    "deep": (f"{HEAD}x-a: {'[' * 150}{']' * 150}\npaths: {{}}", []),
    "too deep": (f"{HEAD}x-a: {'[' * 900}", (2, "nests deeper")),
    "bottomless": (f"{HEAD}x-a: {'[' * 100_000}", (2, "nesting depth")),
    "bottomless blocks": (f"{HEAD}x-a:\n{'- ' * 100_000}", (3, "nest")),
    "bottomless JSON": ('{"a":' * 100_000, (1, "nest")),
    "aliases of aliases": (
        HEAD
        + "x0: &x0 [a, a, a, a, a, a, a, a, a]\n"
        + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 30)),
        (7, "more than 200000 keys and values"),
    ),
    "half a surrogate pair in JSON": (
        '{"openapi": "3.1.0",\n"paths": {"/\\ud800": {}}}',
        (2, r"half of a surrogate pair, \ud800;"),
    ),
    "half a surrogate pair as a key": (
        '{"openapi": "3.1.0", "paths": {},\n\n"\\uDFFF": 1}',
        (3, "half of a surrogate pair"),
    ),
    "the second half before the first": (
        '{"openapi": "3.1.0", "paths": {}, "x": "\\ude00\\ud83d"}',
        (1, r"pair, \ude00;"),
    ),
    "half a surrogate pair after a whole one": (
        '{"openapi": "3.1.0", "paths": {}, "x": "\\ud83d\\ude00\\ud83d."}',
        (1, r"pair, \ud83d;"),
    ),
    "half a surrogate pair in JSON, not escaped": (
        '{"openapi": "3.1.0", "paths": {}, "x": "\ud800"}',
        (1, r"pair, \ud800;"),
    ),
    "half a surrogate pair in YAML": (f'{HEAD}paths: {{"/\\ud800": 1}}', (2, "invalid Unicode")),
    "a backslash before what looks like half a pair": ('{"openapi": "3.1.0", "paths": {}, "x-a": "\\\\ud800"}', []),
    "an integer that no float can hold": ('{"openapi": "3.1.0", "paths": {}, "x-a": %s}' % ("9" * 399), []),
    "many tags": ("".join(f"%TAG !a{n}! tag:x,2000:{n}\n" for n in range(101)) + f"---\n{HEAD}", (101, "%TAG lines")),
    "a long key twice": (f"{HEAD}? {'k' * 5000}\n: 1\n? {'k' * 5000}\n: 1\n", (4, f"{'k' * 60} appears twice")),
    "a long alias": (f"{HEAD}paths: *{'k' * 5000}", (2, f"*{'k' * 60} refers")),
    "too large": (f"{HEAD}# {'x' * 1_048_576}", (0, "has more than")),
}


@pytest.mark.parametrize("name", READ)
def test_how_a_text_is_read(name: str) -> None:
    written, expected = READ[name]
    reading = read(written)
    if isinstance(expected, list):
        assert (reading.offences, [f"{route.key} {route.callers}" for route in reading.routes]) == ((), expected)
    else:
        line, part = expected
        assert part in f"{reading.offences[0].pointer} {reading.offences[0].message}"
        assert reading.line == line


# Each is as large as a ConfigMap may be, and made to take long.
HOSTILE = {
    "many unknown fields": "".join(f"fild{n}: 1\n" for n in range(60_000)),
    "one field that is a megabyte long": f"{'x' * 1_000_000}: 1",
    "many paths that are wrong": "paths:\n"
    + "".join(f"  /a{n}/: {{get: {{}}, put: {{}}, post: {{}}}}\n" for n in range(20_000)),
    "many paths": "paths:\n" + "".join(f"  /a{n}: {{get: {{}}}}\n" for n in range(40_000)),
    "many paths by reference to one with much security": "x: &x {get: {security: &s ["
    + "{a: []}," * 50_000
    + "]}}\npaths:\n"
    + "".join(f"  /a{n}: {{$ref: '#/x'}}\n" for n in range(290)),
    "many paths by reference to one with many fields": "x-a: {get: {"
    + "".join(f"x-{n}: 1, " for n in range(60_000))
    + "}}\npaths:\n"
    + "".join(f"  /a{n}: {{$ref: '#/x-a'}}\n" for n in range(290)),
    "a long reference, often": f"x: &r '#{'/a' * 400_000}'\npaths:\n"
    + "".join(f"  /a{n}: {{$ref: *r}}\n" for n in range(9000)),
    "a long chain of references": "paths:\n"
    + "".join(f"  /a{n}: {{$ref: '#/paths/~1a{n + 1}'}}\n" for n in range(20_000)),
    "many variables": f"servers: [{{url: '{''.join(f'{{{n}}}' for n in range(300))}', variables: {{"
    + "".join(f"'{n}': {{default: a, enum: [{', '.join('abcdefgh')}]}}, " for n in range(300))
    + "}}]\npaths: {/a: {get: {}}}",
    "many servers with many values": "u: &u '/"
    + "{a}" * 600
    + "'\nv: &v {a: {default: x, enum: ["
    + ",".join(map(str, range(99)))
    + "]}}\nservers: ["
    + "{url: *u, variables: {a: {enum: [1,2,3,4,5,6,7,8,9]}}}," * 9000
    + "]\npaths: {/a: {get: {}}}",
    "a long word that aliases repeat": f"x-b: &b '{'b' * 400_000}'\n"
    + "components: {securitySchemes: {o: {type: oauth2}}}\n"
    + "servers: [{url: '/{a}', variables: {a: {default: x, enum: [["
    + "*b," * 50_000
    + "]]}}}]\n"
    + "paths: {/a: {get: {security: [{o: ["
    + "*b," * 50_000
    + "]}]}}}",
    "many alternatives by a long chain of references": "components: {securitySchemes: {"
    + "".join(f"o{n}: {{$ref: '#/components/securitySchemes/o{n + 1}'}}, " for n in range(19))
    + "o19: {type: oauth2}}}\nx: &x {o0: []}\npaths: {/a: {get: {security: ["
    + "*x," * 60_000
    + "]}}}",
    "many paths by a deep reference": f"x: &x {{$ref: '#/y{'/a' * 150}'}}\ny: {'{a: ' * 150}{{}}{'}' * 150}\npaths:\n"
    + "".join(f"  /{n}: *x\n" for n in range(70_000)),
    "many long paths": "paths:\n"
    + "".join(
        f"  ? /{'/'.join(f'{{{k}}}' if (n >> k % 9) & 1 else 'a' for k in range(800))}\n"
        f"  : {{get: {{{'security: []' if n % 2 else ''}}}}}\n"
        for n in range(300)
    ),
    "lists in lists, each nearly full": f"x: {('[' + 'a,' * 90_000) * 5}{']' * 5}",
    "many servers": "servers: [" + "{url: /v1}," * 60_000 + "]\npaths: {/a: {get: {}}}",
    "many ambiguous paths": "paths:\n"
    + "".join(f"  /{{a}}/b{n}: {{get: {{security: []}}}}\n  /a{n}/{{b}}: {{get: {{}}}}\n" for n in range(149)),
    "many values": f"x-a: [{'a,' * 500_000}]\npaths: {{}}",
}


# The same as JSON, which has no aliases and no limit on its values.
HOSTILE_JSON = {
    "a key twice, at the end": '"x": {' + "".join(f'"{n}":0,' for n in range(80_000)) + '"79999": 1}',
    "many empty alternatives": '"security": [' + "{}," * 200_000 + "{}]",
    "servers whose values name each other": '"servers": '
    + json.dumps(
        [
            {
                "url": "/" + "".join(f"{{v{n}}}" for n in range(40)),
                "variables": {f"v{n}": {"default": f"{{v{n + 1}}}{{v{n + 1}}}"} for n in range(40)},
            }
        ]
    ),
    "a long value, often": '"servers": '
    + json.dumps([{"url": "/" + "{a}" * 660, "variables": {"a": {"default": "x" * 900_000}}}]),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_no_json_takes_long(name: str) -> None:
    reading = read(f'{{"openapi": "3.1.0", "paths": {{"/a": {{"get": {{}}}}}}, {HOSTILE_JSON[name]}}}', PREPEND)
    assert reading.offences


@pytest.mark.timeout(60)
def test_many_objects_in_one_text_take_no_longer_than_two() -> None:
    assert "<document start>" in read("{}\n" * 340_000).offences[0].message


def test_every_message_about_a_document_can_be_sent() -> None:
    for written, _ in READ.values():
        for offence in read(written).offences:
            orjson.dumps(f"{offence.pointer} {offence.message}")


@pytest.mark.timeout(60)  # without the reader's limits, each takes minutes
@pytest.mark.parametrize("name", HOSTILE)
def test_no_document_takes_long(name: str) -> None:
    reading = read(f"{HEAD}{HOSTILE[name]}", PREPEND)
    assert len(reading.offences) <= 100
    with suppress(NeedsPerson):
        routes(f"{HEAD}{HOSTILE[name]}", PREPEND)


def test_values_take_little_more_room_than_their_text() -> None:
    """A PyYAML node needs three hundred bytes; a text of one megabyte can have half a million nodes."""
    written = f"{HEAD}x-a: [{'a,' * 100_000}]\npaths: {{}}"
    tracemalloc.start()
    try:
        read(written)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(written)
