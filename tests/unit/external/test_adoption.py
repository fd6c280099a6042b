"""Which resources a Microservice adopts, read from specs with any content."""

from typing import Any

import pytest

from microservice_operator.external.adoption import TABLES, with_adoption
from microservice_operator.external.resource import Declaration


@pytest.mark.parametrize("tables", [None, 5, "x", {}, [None, 1, []]])
def test_nonsense_declares_nothing(tables: Any) -> None:
    assert with_adoption({"tables": tables}, TABLES, "name") == ()
    assert with_adoption(tables, TABLES, "name") == ()


@pytest.mark.parametrize("adopt", [None, 5, "old", [], {}, {"name": None}, {"identifier": "old"}])
def test_a_table_that_takes_over_nothing_is_made(adopt: Any) -> None:
    assert with_adoption({"tables": [{"name": "a", "adopt": adopt}]}, TABLES, "name") == (Declaration("a"),)


def test_each_adoption_is_reported_with_the_adopted_resource() -> None:
    spec = {"tables": [{"name": "a", "adopt": {"name": "old"}}, {"name": "b", "deletionPolicy": "Delete"}]}
    assert with_adoption(spec, TABLES, "name") == (Declaration("a", adopts="old"), Declaration("b", "Delete"))
