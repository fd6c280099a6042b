"""Everything of OpenAPI is kept as it is written, or refused with its place.

A second reader, openapi-spec-validator, says of each row whether the document is valid by the specification: what is
refused although it is valid is what a route of API Gateway cannot keep.
"""

import json
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from microservice_operator.errors import NeedsPerson
from microservice_operator.facts import Reason
from microservice_operator.openapi import Offence, read, routes
from tests.conftest import REPOSITORY

from .rows import GET, ROWS, built, text


@pytest.mark.parametrize("name", ROWS)
def test_what_becomes_of_it(name: str) -> None:
    row = ROWS[name]
    readings = {
        "YAML": read(yaml.safe_dump(built(row), sort_keys=False), row.settings),
        "JSON": read(json.dumps(built(row)), row.settings),
    }
    assert readings["YAML"] == readings["JSON"]
    offences = [(offence.pointer, offence.message) for offence in readings["JSON"].offences]
    assert len(offences) == len(row.refused), offences
    for (pointer, message), (expected, part) in zip(sorted(offences), sorted(row.refused), strict=True):
        assert pointer == expected
        assert part in message
    if not row.refused:
        assert [f"{route.key} {route.callers}" for route in readings["JSON"].routes] == list(row.becomes)


@pytest.mark.parametrize("name", ROWS)
def test_a_second_reader_agrees_on_what_is_valid(name: str) -> None:
    row = ROWS[name]
    validator = OpenAPIV30SpecValidator if row.version.startswith("3.0") else OpenAPIV31SpecValidator
    document = json.loads(json.dumps(built(row)))
    try:
        wrong = [str(error.message) for error in validator(document).iter_errors()]
    except Exception as error:  # noqa: BLE001 it raises what references raise
        wrong = [repr(error)]
    assert (not wrong) == row.valid, wrong


def test_the_message_names_the_line_each_place_and_no_more_than_a_few() -> None:
    many = {f"/{n}.{{x}}": GET for n in range(9)}
    with pytest.raises(NeedsPerson) as refusal:
        routes(text(many))
    message = str(refusal.value)
    assert refusal.value.reason == Reason.INVALID_DOCUMENT
    assert message.startswith(
        "the OpenAPI document: #/paths/~10.{x} has a parameter that is not a whole segment, 0.{x};"
    )
    assert message.count("#/paths") == 5
    assert message.endswith("; and more; microservice-operator validate --openapi lists all")
    with pytest.raises(NeedsPerson, match=r"^line 2 of the OpenAPI document: cannot be read: "):
        routes("openapi: 3.1.0\npaths: *x")


def test_a_pointer_is_one_of_json_and_is_cut_when_nobody_could_read_it() -> None:
    assert Offence(("paths", "/a~b", "get", 0), "").pointer == "#/paths/~1a~0b/get/0"
    assert len(Offence(("x" * 10_000,), "").pointer) == 201


SHOP = sorted((REPOSITORY / "services").glob("*/openapi*.*"))


@pytest.mark.parametrize("document", SHOP, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_shops_own_documents(document: Path) -> None:
    """FastAPI wrote them."""
    assert routes(document.read_text(encoding="utf-8"))
    OpenAPIV31SpecValidator(json.loads(json.dumps(yaml.safe_load(document.read_text(encoding="utf-8"))))).validate()
