"""`microservice-operator plan`: shows what a change does to the existing resources of a service.

It uses the rules of a reconciliation, and assumes that existing resources match what the cluster or an older file
declares.
"""

from collections.abc import Iterator, Mapping
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
from .openapi_documents import Contract
from .options import EnvironmentFile, Files, Format, OpenAPIFile, print_list, readable, stop_at
from .route_callers import Callers, contracts, documents, route_steps, routes_of, routes_text


@dataclass(frozen=True)
class Planned:
    """The changes of one service; an empty list means that the operator would change nothing.

    `routes` are all routes after the change, null if the files do not contain the OpenAPI document.
    """

    namespace: str
    name: str
    changes: list[Row]
    routes: list[Callers] | None


def plan(
    files: Files,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Older file with the same resources, to compare with instead of a cluster.", show_default=False
        ),
    ] = None,
    context: Annotated[
        str | None, typer.Option(help="Kubeconfig context to use instead of the current one.", show_default=False)
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="Output format.")] = Format.TEXT,
    environment: EnvironmentFile = None,
    openapi: OpenAPIFile = None,
) -> None:
    """Show what a change does, compared with the cluster, or with an older file (--against, offline).

    It also shows all routes and their callers; OpenAPI documents are also read from ConfigMaps in FILES. The command
    writes nothing.
    """
    with readable():
        new = read([*files, environment] if environment else files)
        old = read([against]) if against else _in_the_cluster(new, context)
        published = contracts(new, openapi)
    old.environments = {**new.environments, **old.environments}
    planned = list(_planned(new, old, published))
    stop_at([*old.complaints, *new.complaints])
    print_list(planned, output, "\n".join(map(_text, planned)))
    raise typer.Exit(code=1 if any(row.effect == Effect.REFUSED for each in planned for row in each.changes) else 0)


def _in_the_cluster(new: LoadedFiles, context: str | None) -> LoadedFiles:
    """Read the state from the cluster; Environments that the files lack are taken from it too."""
    from .cluster_state import live  # noqa: PLC0415 importing the API client takes a second, and --against needs none

    old = live(new, context)
    new.environments = {**old.environments, **new.environments}
    new.chosen = old.chosen
    return old


def _planned(new: LoadedFiles, old: LoadedFiles, published: Mapping[str, Contract]) -> Iterator[Planned]:
    before = {_key(context): context for context in contexts(old)}
    published_before = {name: each for name, each in documents(old, None).items() if not each.reading.offences}
    sources = {(service.namespace, service.name): source for source, service in new.services}
    for context in contexts(new):
        key = _key(context)
        try:
            rows = list(steps(context, before[key])) if key in before else [Row("spec", "created", "the whole service")]
            routes = routes_of(context.microservice, published)
            if key in before:
                rows += route_steps(routes, routes_of(before[key].microservice, published_before))
        except NeedsPerson as error:
            new.complaints.append(complaint(sources[key], error.field, str(error)))
        else:
            yield Planned(*key, rows, routes)


def _key(context: Context) -> tuple[str, str]:
    return context.microservice.namespace, context.microservice.name


def _text(planned: Planned) -> str:
    lines = [f"{planned.namespace}/{planned.name}"]
    lines += [f"  {row.effect:<8}  {row.field}: {row.what}" for row in planned.changes]
    lines += [] if planned.changes else ["  no changes"]
    lines += routes_text(planned.routes)
    return "\n".join(lines) + "\n"
