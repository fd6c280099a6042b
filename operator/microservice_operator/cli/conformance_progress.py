"""Shows on stderr how far a run of `conformance` is, without repeating what its report on stdout says."""

from typing import TYPE_CHECKING

import typer

from .options import Format

if TYPE_CHECKING:  # its package imports boto3, which takes a second
    from ..conformance.report import Check

_CLEARED = "\r\x1b[K"  # the start of the line, which is then empty


class Progress:
    """Shows each result as it comes.

    In a terminal, a line replaces the one before it, and the report replaces the last one. Reasons are in the report,
    so they are shown only if that is for programs.
    """

    def __init__(self, output: Format, *, terminal: bool) -> None:
        """Set where the report goes: `output` is its format, and `terminal` says whether stderr is one."""
        self._for_people = output is Format.TEXT
        self._replaces = self._for_people and terminal

    def tell(self, check: "Check") -> None:
        """Show one result."""
        reason = f": {check.reason}" if check.reason and not self._for_people else ""
        self._show(f"{check.result}: {check.name}{reason}")

    def wait(self, parts: str) -> None:
        """Show what a step waits for, if anything."""
        if parts:
            self._show(f"waiting for {parts}")

    def end(self) -> None:
        """Clear the line before something else is printed."""
        if self._replaces:
            typer.echo(_CLEARED, err=True, nl=False, color=True)

    def _show(self, text: str) -> None:
        start = _CLEARED if self._replaces else ""
        typer.echo(start + text, err=True, nl=not self._replaces, color=True if self._replaces else None)
