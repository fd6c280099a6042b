"""`microservice-operator crds`: writes, checks or prints the generated files."""

from pathlib import Path
from typing import Annotated

import typer

from ..api.crd import as_file
from ..api.crd import crds as definitions
from ..api.reference_docs import reference
from ..reason_docs import reasons_page


def crds(
    output_dir: Annotated[Path | None, typer.Option(help="Folder to write to, one file per definition.")] = None,
    check: Annotated[Path | None, typer.Option(help="Folder to compare with; exit code 1 if a file differs.")] = None,
    docs: Annotated[
        Path | None, typer.Option(help="File to write the API reference to; with --check, to compare with.")
    ] = None,
    reasons: Annotated[
        Path | None, typer.Option(help="File to write the page of reasons to; with --check, to compare with.")
    ] = None,
) -> None:
    """Write the CustomResourceDefinitions, or check that they are up to date. Without options, print them."""
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
