"""`microservice-operator plan`: what a change of a service does to what it has.

By the rules that a pass goes by; what is there is taken to be as the cluster, or an older file, declares it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..aws.engine.rules import Effect
from ..desired.context import Context
from ..errors import NeedsPerson
from .changes import Row, steps
from .loading import LoadedFiles, complaint, read
from .offline_context import contexts
from .options import EnvironmentFile, Files, Format, print_list, readable, stop_at


@dataclass(frozen=True)
class Planned:
    """The changes of one service; none means that nothing is done."""

    namespace: str
    name: str
    changes: list[Row]


def plan(
    files: Files,
    against: Annotated[
        Path | None,
        typer.Option(help="File of the same resources as they are now, in place of a cluster.", show_default=False),
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="Context of the kubeconfig, in place of the current one.", show_default=False)
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="Format of the changes.")] = Format.TEXT,
    environment: EnvironmentFile = None,
) -> None:
    """Show what a change of a service does to what the cluster has, or offline to what a file has; nothing is written.

    Exit code: 0 nothing is refused, 1 something is, or is not valid, 2 a file or the cluster cannot be read.
    """
    with readable():
        new = read([*files, environment] if environment else files)
        old = read([against]) if against else _in_the_cluster(new, context)
    old.environments = {**new.environments, **old.environments}
    planned = list(_planned(new, old))
    stop_at([*old.complaints, *new.complaints])
    print_list(planned, output, "\n".join(map(_text, planned)))
    raise typer.Exit(code=1 if any(row.effect == Effect.REFUSED for each in planned for row in each.changes) else 0)


def _in_the_cluster(new: LoadedFiles, context: str | None) -> LoadedFiles:
    """What is there; what the files leave out of the Environments is as it is there, too."""
    from .cluster_state import live  # noqa: PLC0415 the API client takes a second to import, and a plan of two files needs none

    old = live(new, context)
    new.environments = {**old.environments, **new.environments}
    new.chosen = old.chosen
    return old


def _planned(new: LoadedFiles, old: LoadedFiles) -> Iterator[Planned]:
    before = {_key(context): context for context in contexts(old)}
    sources = {(service.namespace, service.name): source for source, service in new.services}
    for context in contexts(new):
        key = _key(context)
        try:
            rows = list(steps(context, before[key])) if key in before else [Row("spec", "created", "all of it")]
        except NeedsPerson as error:
            new.complaints.append(complaint(sources[key], error.field, str(error)))
        else:
            yield Planned(*key, rows)


def _key(context: Context) -> tuple[str, str]:
    return context.microservice.namespace, context.microservice.name


def _text(planned: Planned) -> str:
    lines = [f"{planned.namespace}/{planned.name}"]
    lines += [f"  {row.effect:<8}  {row.field}: {row.what}" for row in planned.changes]
    lines += [] if planned.changes else ["  nothing changes"]
    return "\n".join(lines) + "\n"
