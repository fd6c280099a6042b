"""The generated definitions: the dialect that a CRD takes, and files that are up to date."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from typer.testing import CliRunner

from microservice_operator.api.base import Model, Rule
from microservice_operator.api.crd import crds
from microservice_operator.api.openapi_schema import structural
from microservice_operator.api.scalars import Keyed, PortRef
from microservice_operator.cli import COMMANDS, application
from tests.conftest import REPOSITORY


class Inner(Model):
    """Something
    within.
    """

    name: str = "a"
    rules = (Rule(cel="self.name != 'b'", holds=lambda self: self.name != "b", message="not b", field="name"),)


class Outer(Model):
    """Something."""

    choice: Literal["a", "b"] = "a"
    """What is chosen."""
    fixed: Literal[True] | None = None
    inner: Inner | None = None
    port: PortRef
    items: Annotated[list[Inner], Field(max_length=2), Keyed(("name",))] | None = None
    map: Annotated[dict[Annotated[str, Field(max_length=3)], int], Field(max_length=4)] | None = None
    made: list[Inner] = Field(default_factory=lambda: [Inner()])


SCHEMA = structural(Outer)["properties"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("choice", {"description": "What is chosen.", "type": "string", "default": "a", "enum": ["a", "b"]}),
        ("fixed", {"type": "boolean", "enum": [True]}),
        ("made", {"type": "array", "default": None}),
        ("items", {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "maxItems": 2}),
        ("port", {"x-kubernetes-int-or-string": True, "minimum": 1, "maximum": 65535, "maxLength": 15}),
        ("map", {"additionalProperties": {"type": "integer"}, "maxProperties": 4}),
    ],
)
def test_field(field: str, expected: dict[str, Any]) -> None:
    assert {key: SCHEMA[field].get(key) for key in expected} == expected


def test_models_are_inlined_with_their_rules() -> None:
    rule = {"rule": "self.name != 'b'", "message": "not b", "reason": "FieldValueInvalid", "fieldPath": ".name"}
    assert SCHEMA["inner"]["x-kubernetes-validations"] == [rule]
    assert SCHEMA["inner"]["description"] == "Something within."
    assert SCHEMA["map"]["x-kubernetes-validations"][0]["rule"] == "self.all(k, k.size() <= 3)"
    assert structural(Outer)["required"] == ["port"]


def test_a_union_is_refused() -> None:
    class Bad(Model):
        either: int | str

    with pytest.raises(ValueError, match="a CRD allows no union"):
        structural(Bad)


def nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in node:
            yield from nodes(node[key], path + "[]")


@pytest.mark.parametrize("file", sorted(crds()))
def test_everything_has_a_bound(file: str) -> None:
    schema = crds()[file]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for path, node in nodes({"properties": {"spec": schema["properties"]["spec"]}}):
        kind = node.get("type")
        assert kind != "array" or ("maxItems" in node and "x-kubernetes-list-type" in node), path
        assert kind != "string" or "maxLength" in node or "enum" in node, path
        assert kind != "integer" or ("minimum" in node and "maximum" in node), path
        assert "additionalProperties" not in node or "maxProperties" in node, path
        # a default in a list that server-side apply merges would have no owner
        assert node.get("x-kubernetes-list-type") != "map" or "default" not in node, path
        assert not set(node) & {"$ref", "anyOf", "oneOf", "title", "uniqueItems"}, path


def invoke(*arguments: str | Path) -> int:
    """Exit code of a command, run in this process."""
    command = [str(argument) for argument in arguments]
    return CliRunner().invoke(application(command), command).exit_code


def test_files_are_up_to_date(tmp_path: Path) -> None:
    page = REPOSITORY / "docs" / "reference" / "api.md"
    assert invoke("crds", "--check", REPOSITORY / "crds", "--docs", page) == 0
    shutil.copytree(REPOSITORY / "crds", tmp_path / "crds")
    (tmp_path / "crds" / "microservices.yaml").write_text("stale", encoding="utf-8")
    assert invoke("crds", "--check", tmp_path / "crds") == 1
    assert invoke("crds", "--output-dir", tmp_path / "crds", "--docs", tmp_path / "docs" / "api.md") == 0
    assert invoke("crds", "--check", tmp_path / "crds", "--docs", tmp_path / "docs" / "api.md") == 0


def test_definitions_are_printed_without_options() -> None:
    result = CliRunner().invoke(application(["crds"]), ["crds"])
    assert result.stdout.count("kind: CustomResourceDefinition") == 2


def test_help_lists_every_command_without_importing_any() -> None:
    result = CliRunner().invoke(application(["--help"]), ["--help"])
    assert result.exit_code == 0
    assert all(name in result.stdout for name in COMMANDS)
