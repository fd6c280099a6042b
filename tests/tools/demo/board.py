"""Shows progress: in place on a terminal, otherwise one line for each change (a log in CI)."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .standing import Row


class Board:
    """A table that follows the rows."""

    def __init__(self, console: Console) -> None:
        """Draw on this console."""
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=False) if console.is_terminal else None
        self._shown: dict[str, Row] = {}

    def __enter__(self) -> Self:
        """Begin to draw."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last table on the screen."""
        if self._live:
            self._live.stop()

    def show(self, rows: Sequence[Row], seconds: float) -> None:
        """The rows as they are now."""
        if self._live:
            self._live.update(_table(rows, seconds))
            return
        for row in rows:
            if self._shown.get(row.name) != row:
                self._shown[row.name] = row
                said = " ".join(part for part in (row.reason, row.message) if part)
                line = f"{seconds:5.0f} s  {row.name}: ready={row.ready or '-'} {said}"
                self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def _table(rows: Sequence[Row], seconds: float) -> Table:
    table = Table(box=None, title=f"{seconds:.0f} s", title_justify="left")
    for column in ("NAME", "READY", "REASON"):
        table.add_column(column, no_wrap=True)
    table.add_column("", overflow="fold")
    for row in rows:
        colour = "green" if row.up else "yellow"
        message = "" if row.up else row.message  # room for the rest in 80 columns
        table.add_row(row.name, f"[{colour}]{row.ready or '-'}[/]", row.reason, message)
    return table
