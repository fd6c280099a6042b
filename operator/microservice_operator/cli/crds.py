"""`microservice-operator crds`: the generated files, written, checked or printed."""

from pathlib import Path
from typing import Annotated

import typer

from ..api.crd import as_file
from ..api.crd import crds as definitions
from ..api.reference_docs import reference
from ..reason_docs import reasons_page


def crds(
    output_dir: Annotated[Path | None, typer.Option(help="Write one file for each definition here.")] = None,
    check: Annotated[Path | None, typer.Option(help="Compare with the files here; exit 1 when they differ.")] = None,
    docs: Annotated[Path | None, typer.Option(help="Write the API reference here; with --check, compare it.")] = None,
    reasons: Annotated[
        Path | None, typer.Option(help="Write the page of reasons here; with --check, compare it.")
    ] = None,
) -> None:
    """Write the CustomResourceDefinitions, or check that they are up to date; without options, print them."""
    wanted = {name: as_file(crd) for name, crd in definitions().items()}
    pages = {path: page() for path, page in ((docs, reference), (reasons, reasons_page)) if path}
    if check:
        stale = [path for path, text in {**_in(check, wanted), **pages}.items() if not _holds(path, text)]
        for path in stale:
            typer.echo(f"{path} differs from the code; run: make crds", err=True)
        raise typer.Exit(code=1 if stale else 0)
    if not output_dir and not pages:
        typer.echo("".join(wanted.values()), nl=False)
    for path, text in {**(_in(output_dir, wanted) if output_dir else {}), **pages}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _in(folder: Path, files: dict[str, str]) -> dict[Path, str]:
    return {folder / name: text for name, text in files.items()}


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
