"""Prints the rounds: a table, JSON or a plot."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rich.table import Table

from .measure import Round

TARGETS = {
    "share": "≥ 0.80",
    "requests_per_created": "≤ 8",
    "cpu_ms_per_created": "< 8",
    "requests_per_change": "≤ 3",
    "writes_per_label": "0",
    "writes_idle": "0",
    "writes_after_restart": "0",
    "repair_p99": "< 50",
    "single_p50": "≤ 25",
    "single_p99": "≤ 100",
    "memory": "< 200 at 1,000",
}


def medians(rounds: Sequence[Round]) -> dict[str, float]:
    """Median of every figure over the rounds."""
    found = {f.name: statistics.median(getattr(r, f.name) for r in rounds) for f in fields(Round)}
    return found | {"share": statistics.median(r.share for r in rounds)}


def table(rounds: Sequence[Round]) -> Table:
    """Every figure with its rounds, median and target."""
    shown = Table(title=f"{rounds[0].count} Microservices, {len(rounds)} rounds")
    for column in ("figure", "median", "rounds", "target"):
        shown.add_column(column, justify="left" if column == "figure" else "right")
    for name, median in medians(rounds).items():
        each = ", ".join(f"{getattr(r, name):.1f}" for r in rounds)
        shown.add_row(name, f"{median:.2f}", each, TARGETS.get(name, ""))
    return shown


def as_json(rounds: Sequence[Round]) -> str:
    """All rounds and the medians."""
    return json.dumps({"rounds": [asdict(r) for r in rounds], "medians": medians(rounds)}, indent=2)


def plot(rounds: Sequence[Round], file: Path) -> None:
    """Bars as SVG: what the server can take, and what the operator makes of it."""
    rows = [("saturating client", r.saturating_client) for r in rounds] + [("operator", r.operator) for r in rounds]
    longest = max(value for _, value in rows)
    bars = [
        f'<text x="0" y="{30 * i + 20}">{label}</text>'
        f'<rect x="150" y="{30 * i + 6}" width="{400 * value / longest:.0f}" height="18" '
        f'fill="{"#999" if label != "operator" else "#326ce5"}"/>'
        f'<text x="{155 + 400 * value / longest:.0f}" y="{30 * i + 20}">{value:.0f}/s</text>'
        for i, (label, value) in enumerate(rows)
    ]
    height = 30 * len(rows) + 10
    size = f'width="640" height="{height}" font-family="sans-serif" font-size="14"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(bars)}</svg>\n'
    file.write_text(svg, encoding="utf-8")
