"""`python -m tests.tools.aws_rates`: runs the simulation and prints a table for each phase."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .simulation import Phase, simulate


def main(
    count: Annotated[int, typer.Option(help="Microservices, each with a table, a queue and two routes.")] = 1000,
    seconds: Annotated[float, typer.Option(help="Seconds on the moved clock after the restart.")] = 3600,
    limited: Annotated[bool, typer.Option(help="Whether the operator limits its calls.")] = True,
) -> None:
    """Count the calls to AWS of many Microservices."""
    console = Console(width=140)
    for phase in simulate(count, seconds, limited=limited):
        console.print(_table(count, phase))
        lasted = f"{phase.seconds:.0f} s, {phase.reconciliations} reconciliations"
        console.print(f"{lasted}, {phase.not_ready} with a resource that was not Ready, {phase.throttled} throttles")
        console.print(f"longest reconciliation: {phase.longest_reconciliation:.1f} s")
        if phase.intervals:
            median, longest = phase.intervals[len(phase.intervals) // 2], phase.intervals[-1]
            console.print(f"between two comparisons of a table: median {median:.0f} s, longest {longest:.0f} s")


def _table(count: int, phase: Phase) -> Table:
    shown = Table(title=f"{count} Microservices: {phase.name}")
    for column in ("action", "calls", "mean/s", "peak in 1 s", "AWS's limit/s", "burst", "throttled", "postponed"):
        shown.add_column(column, justify="left" if column == "action" else "right")
    for name, rate in phase.rates.items():
        limit = (f"{rate.limit.per_second:g}", f"{rate.limit.burst:g}") if rate.limit else ("–", "–")
        figures = (f"{rate.calls}", f"{rate.mean:.2f}", f"{rate.peak}", *limit)
        shown.add_row(name, *figures, f"{rate.throttled}", f"{rate.postponed}")
    return shown


typer.run(main)
