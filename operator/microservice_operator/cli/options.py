"""Shared arguments, output formats and exit codes of the commands."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from .yaml_documents import Unreadable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Files = Annotated[list[Path], typer.Argument(help="Files with resources; - reads standard input.", show_default=False)]
EnvironmentFile = Annotated[
    Path | None, typer.Option(help="File with Environments, in addition to those in FILES.", show_default=False)
]
OpenAPIFile = Annotated[
    Path | None,
    typer.Option("--openapi", help="OpenAPI document of the Microservice in FILES.", show_default=False),
]


class Format(StrEnum):
    """Output format: text for people, JSON or YAML for programs."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


class DataFormat(StrEnum):
    """Output format of what only programs read: there is no text for people."""

    YAML = "yaml"
    JSON = "json"


@contextmanager
def readable() -> Iterator[None]:
    """Exit with code 2 if a file or the cluster cannot be read."""
    try:
        yield
    except Unreadable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(code=2) from None


def stop_at(complaints: Sequence[str]) -> None:
    """Print the complaints and exit with code 1, if there are any."""
    if complaints:
        typer.echo("\n".join(complaints), err=True)
        raise typer.Exit(code=1)


def print_list(items: Sequence["DataclassInstance"], output: Format, text: str) -> None:
    """Print the items as one JSON or YAML document, or print `text`, the same for people; it ends with a newline."""
    print_one([asdict(item) for item in items], output, text)


def print_one(content: Any, output: Format, text: str) -> None:
    """Print a value as a JSON or YAML document, or print `text`, the same for people; it ends with a newline."""
    if output is Format.JSON:
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    elif output is Format.YAML:
        typer.echo(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000), nl=False)
    else:
        typer.echo(text, nl=False)
