"""Reads the text of a document from a ConfigMap."""

from typing import Any

import pytest

from microservice_operator.errors import NeedsPerson
from microservice_operator.openapi import document_text

MISSING = "ConfigMap shop has no key openapi.yaml; put"
DOCUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "text": ({"data": {"openapi.yaml": "openapi: 3.1.0"}}, "openapi: 3.1.0"),
    "empty": ({"data": {"openapi.yaml": ""}}, ""),
    "as bytes": ({"binaryData": {"openapi.yaml": "b3BlbmFwaTogMy4xLjA="}}, "openapi: 3.1.0"),
    "UTF-16": ({"binaryData": {"openapi.yaml": "//5vAHAA"}}, "openapi.yaml of ConfigMap shop is not UTF-8 text"),
    "no base64": ({"binaryData": {"openapi.yaml": "x"}}, "openapi.yaml of ConfigMap shop is not UTF-8 text"),
    "another key": ({"data": {"openapi.yml": "x"}}, MISSING),
    "no data": ({"data": None, "binaryData": None}, MISSING),
    "nothing": ({}, "ConfigMap shop does not exist; put"),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_the_text_of_a_document(case: str) -> None:
    held, expected = DOCUMENTS[case]
    try:
        text_or_error = document_text(held, "shop", "openapi.yaml")
    except NeedsPerson as error:
        text_or_error = str(error)
    assert text_or_error.startswith(expected)
