"""The models and the API server agree on every mutation of a full object: each field, each kind of wrong value.

Each disagreement would be a resource that is stored and then refused by the operator, or that passes `validate` but is
refused by the API server.
"""

import copy
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from microservice_operator.api import parsing
from microservice_operator.errors import InvalidSpec
from tests.api.server import Refused, Server
from tests.unit.api.examples import HERE

Path = tuple[str | int, ...]
FULL = {body["kind"]: body for body in yaml.safe_load_all((HERE / "full.yaml").read_text(encoding="utf-8"))}
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 70000, 2**40, 1.5, "", "x", "1", "1.5x", "/x", "Upper Case", "a--b", "x" * 300),
    *([], [1], [None], ["x"], [{}], {}, {"x": 1}, {"x": "y"}, {"x": None}, {"": "y"}),
]  # fmt: skip


# All of them take a minute; a change of the schema generator or of `scalars` is worth that.
STEP = 1 if os.environ.get("MICROSERVICE_OPERATOR_TEST_ALL") else 3
NEEDED = {"volumeMounts": ["volumes"], "metrics": ["ports"]}


def paths(node: Any, at: Path = ()) -> Iterator[Path]:
    """Every place in an object below the root."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from paths(value, (*at, key))


def mutated(body: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy with another value at `path`."""
    result = copy.deepcopy(body)
    node: Any = result
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return result


def mutations(body: dict[str, Any], field: str) -> Iterator[tuple[Path, Any]]:
    """Every mutation below one field of the spec: another value, a duplicate item, an unknown field."""
    for below in [(), *paths(body["spec"][field])]:
        path = ("spec", field, *below)
        for value in VALUES:
            yield path, value
        found: Any = body
        for part in path:
            found = found[part]
        if isinstance(found, list):
            yield path, found + found
            yield path, found * 300
        if isinstance(found, dict):
            yield (*path, "unknownField"), "x"


def parsed(body: dict[str, Any]) -> str:
    """The operator's verdict; empty when the object is good."""
    parse = parsing.microservice if body["kind"] == "Microservice" else parsing.environment
    try:
        parse({**body, "metadata": {"uid": "", **body["metadata"]}})
    except InvalidSpec as error:
        return str(error)
    return ""


def stored(server: Server, body: dict[str, Any]) -> str:
    """The API server's verdict; empty when the object is good."""
    try:
        server.create(body, dry_run=True)
    except Refused as error:
        return str(error)
    return ""


def verdict(server: Server, start: dict[str, Any], path: Path, value: Any) -> str:
    """Both verdicts on one mutation where they differ."""
    body = mutated(start, path, value)
    ours, theirs = parsed(body), stored(server, body)
    if bool(ours) == bool(theirs):
        return ""
    return f"{path} = {str(value)[:60]!r}: models: {ours or 'good'}; API server: {theirs or 'good'}"


def test_the_full_objects_are_good(server: Server) -> None:
    for body in FULL.values():
        assert (parsed(body), stored(server, body)) == ("", "")


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, body in FULL.items() for field in body["spec"]])
def test_parity(server: Server, kind: str, field: str) -> None:
    spec = FULL[kind]["spec"]
    # a small object, because a full one takes the API server five times as long
    kept = {name: spec[name] for name in ("image", field, *NEEDED.get(field, ())) if name in spec}
    start = {**FULL[kind], "spec": kept}
    with ThreadPoolExecutor(4) as pool:
        verdicts = pool.map(lambda mutation: verdict(server, start, *mutation), list(mutations(start, field))[::STEP])
    different = [text for text in verdicts if text]
    assert not different, "\n".join(different)
