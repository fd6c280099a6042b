"""`microservice-operator validate`: what the API server and the operator would say of a file, without either."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .documents import BadYAML, Document, documents
from .ends import Files, Format, print_list, readable
from .verdict import Finding, changes_refused, findings, identifier


@dataclass(frozen=True)
class Complaint:
    """One finding with its place."""

    file: str
    line: int
    document: int
    resource: str
    field: str
    message: str


def validate(
    files: Files,
    against: Annotated[
        Path | None,
        typer.Option(help="File of the same resources as they are now: refuse changes that cannot be made."),
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="Format of what is found.")] = Format.TEXT,
) -> None:
    """Check resources as the API server would, offline.

    Exit code: 0 all is valid, 1 something is not, 2 a file cannot be read.
    """
    with readable():
        try:
            before = {identifier(document): document for document in documents(against)} if against else {}
        except BadYAML as error:
            typer.echo(f"{against}:{error.line}: {error}", err=True)
            raise typer.Exit(code=2) from None
        complaints = [complaint for file in files for complaint in _checked(file, before)]
    print_list(complaints, output, _text(complaints, len(files)))
    raise typer.Exit(code=1 if complaints else 0)


def _checked(file: Path, before: dict[str, Document]) -> list[Complaint]:
    complaints = []
    number = 0
    try:
        for document in documents(file):
            number = document.number
            found = list(findings(document))
            if not found and identifier(document) in before:
                found = list(changes_refused(document, before[identifier(document)]))
            complaints += [_complaint(document, finding) for finding in found]
    except BadYAML as error:
        complaints.append(Complaint(str(file), error.line, number + 1, "", "", f"no valid YAML: {error}"))
    else:
        if not number:
            complaints.append(Complaint(str(file), 1, 1, "", "", "holds no resource; write one, or leave the file out"))
    return complaints


def _complaint(document: Document, finding: Finding) -> Complaint:
    return Complaint(
        file=document.file,
        line=document.line(finding.path),
        document=document.number,
        resource=identifier(document),
        field=finding.field,
        message=finding.message,
    )


def _text(complaints: list[Complaint], files: int) -> str:
    lines = []
    for item in complaints:
        parts = [f"{item.file}:{item.line}", f"document {item.document}", item.resource, item.field, item.message]
        lines.append(": ".join(part for part in parts if part))
    lines.append(f"{len(complaints)} to correct" if complaints else f"valid: {files} file{'s' * (files != 1)}")
    return "\n".join(lines) + "\n"
