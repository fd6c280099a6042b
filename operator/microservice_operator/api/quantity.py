"""Kubernetes quantities as numbers, so that they compare as in the API server."""

import re
from decimal import Decimal

_SUFFIXES = {"": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3")} | {
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}


def amount(quantity: int | str) -> Decimal:
    """Convert a quantity that matches its pattern to a number: `250m` → 0.25."""
    number, suffix = re.fullmatch(r"([+.0-9]+(?:[eE][+-]?[0-9]+)?)(.*)", str(quantity)).groups()  # type: ignore[union-attr]
    return Decimal(number) * _SUFFIXES[suffix]
