"""The routes of the services in the files, and who may call each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from ..api.parsing import Microservice
from ..api.routes import Auth
from ..aws.engine.rules import Effect
from ..openapi import Route
from .changes import Row
from .loading import LoadedFiles, environment_of
from .openapi_documents import Ambiguous, Contract, in_config_map, in_file


@dataclass(frozen=True)
class Callers:
    """A route, and the callers that the gateway allows."""

    microservice: str
    route: str
    callers: str
    public: bool
    scopes: list[str]


def callers(contract: Contract) -> list[Callers]:
    """Return every route of a document; none if the document is refused."""
    if contract.reading.offences:
        return []
    return [
        Callers(contract.service, route.key, _who(route, contract.auth), route.public, list(route.scopes))
        for route in contract.reading.routes
    ]


def _who(route: Route, auth: Auth | None) -> str:
    """Describe who may call a route, as far as the gateway checks it."""
    if auth and auth.none:
        return "public at the gateway (auth.none), so the service itself must check its callers"
    if route.public or auth is None or auth.jwt is None:
        return route.callers
    scopes = f" with scope {' or '.join(route.scopes)}" if route.scopes else ""
    return f"token of {auth.jwt.issuer}{scopes}"


def table(routes: Sequence[Callers], indent: str) -> list[str]:
    """Format the routes for people, one per line."""
    width = max((len(row.route) for row in routes), default=0)
    return [f"{indent}{row.route:<{width}}  {row.callers}" for row in routes]


def contracts(loaded: LoadedFiles, openapi: Path | None) -> dict[str, Contract]:
    """Return the documents of `documents`, and add complaints about refused ones.

    Raises the same.
    """
    found = documents(loaded, openapi)
    for contract in found.values():
        for offence in contract.reading.offences:
            loaded.complaints.append(f"{contract.file}:{contract.line(offence)}: {offence.pointer}: {offence.message}")
    return found


def documents(loaded: LoadedFiles, openapi: Path | None) -> dict[str, Contract]:
    """Return the OpenAPI document of each service that publishes one, by `namespace/name`.

    Raises Unreadable, and BadParameter if `openapi` may belong to several services.
    """
    services = [service for _, service in loaded.services]
    placed_in = partial(environment_of, loaded)
    try:
        candidates = (
            [in_file(openapi, services, placed_in)]
            if openapi
            else [in_config_map(each, loaded.others, placed_in) for each in services]
        )
    except Ambiguous as error:
        raise typer.BadParameter(str(error), param_hint="--openapi") from None
    return {contract.service: contract for contract in candidates if contract}


def routes_of(service: Microservice, found: Mapping[str, Contract]) -> list[Callers] | None:
    """Return the routes of a service and their callers; `None` if its document is not in the files."""
    if service.spec.api is None:
        return []
    contract = found.get(f"{service.namespace}/{service.name}")
    return callers(contract) if contract else None


def route_steps(new: Sequence[Callers] | None, old: Sequence[Callers] | None) -> Iterator[Row]:
    """Yield the routes that come, go or get other callers; nothing if one of the two documents is unknown."""
    if new is None or old is None:
        return
    wanted, was = ({row.route: row.callers for row in rows} for rows in (new, old))
    for route, who in wanted.items():
        if route not in was:
            yield Row("spec.api", "created", f"{route}: {who}")
        elif who != was[route]:
            yield Row("spec.api", Effect.IN_PLACE, f"{route}: {who} instead of {was[route]}")
    for route in sorted(was.keys() - wanted.keys()):
        yield Row("spec.api", "deleted", route)


def routes_text(routes: Sequence[Callers] | None) -> list[str]:
    """Format the routes of a service as lines below its name."""
    if routes is None:
        return ["  routes  the OpenAPI document is not in the files; add its ConfigMap, or use --openapi"]
    return ["  routes", *table(routes, "    ")] if routes else []
