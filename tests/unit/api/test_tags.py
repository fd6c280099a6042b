"""Tags: what AWS accepts, and which of them become labels of Kubernetes."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from microservice_operator.api.scalars import LabelKey, LabelValue
from microservice_operator.api.tags import Tags, tag_labels

TAGS: TypeAdapter[Any] = TypeAdapter(Tags)


@pytest.mark.parametrize(
    "tags",
    [
        {"Cost Centre": "4711 / R&D".replace("&", "+")},
        {"owner": "platform@example.org"},
        {"a/b:c=d+e-f@g.h_i": "arn:aws:iam::123456789012:role/a=b"},
        {"k" * 127: "v" * 256},
        {"-": "", "@": "."},
        {f"k{number}": "" for number in range(32)},
    ],
)
def test_accepted(tags: dict[str, str]) -> None:
    assert TAGS.validate_python(tags) == tags


@pytest.mark.parametrize(
    "tags",
    [
        {"": "a"},
        {"k" * 128: "a"},
        {"a": "v" * 257},
        {" a": "b"},
        {"a ": "b"},
        {"a": " "},
        {"a": "b "},
        {"a\tb": "c"},
        {"a": "b\n"},
        {"Größe": "1"},
        {"a": "R&D"},
        {"a": 1},
        {f"k{number}": "" for number in range(33)},
    ],
)
def test_refused(tags: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TAGS.validate_python(tags)


LABELS: list[tuple[str, str, bool]] = [
    ("team", "shop", True),
    ("cost-center", "4711", True),
    ("a.b_c-d", "", True),
    ("k" * 63, "v" * 63, True),
    ("k" * 64, "v", False),
    ("k", "v" * 64, False),
    ("Cost Centre", "v", False),
    ("owner", "a@example.org", False),
    ("k", "-v", False),
    ("k-", "v", False),
    ("example.org/team", "v", False),  # a label, but with a prefix
    ("service.kubernetes.io/headless", "", False),
]


@pytest.mark.parametrize(("key", "value", "label"), LABELS)
def test_labels(key: str, value: str, label: bool) -> None:
    assert tag_labels({key: value, "other": "a b"}) == ({key: value} if label else {})
    if label:
        TypeAdapter(LabelKey).validate_python(key)
        TypeAdapter(LabelValue).validate_python(value)
