"""Quantities compare as Kubernetes compares them."""

from decimal import Decimal

import pytest

from microservice_operator.api.quantity import amount


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (2, "2"),
        ("2", "2"),
        ("250m", "0.25"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("1.", "1"),
        ("+1", "1"),
        ("1k", "1000"),
        ("1Ki", "1024"),
        ("1G", "1000000000"),
        ("1Gi", "1073741824"),
        ("1E", "1e18"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1e-3", "0.001"),
        ("5n", "5e-9"),
    ],
)
def test_amount(quantity: int | str, expected: str) -> None:
    assert amount(quantity) == Decimal(expected)
