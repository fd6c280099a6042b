"""`microservice-operator validate`: checks files by the rules of the API server and the operator, without either."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from ..api.parsing import Environment, Microservice, marked_default
from . import aws_rules
from .openapi_documents import Ambiguous, Contract, in_config_map, in_file, missing, unknown_auth
from .options import Format, print_one, readable
from .route_callers import Callers, callers, table
from .validation import Finding, changes_refused, findings, identifier, is_ours, parsed
from .yaml_documents import BadYAML, Document, documents, file_name


@dataclass(frozen=True)
class Complaint:
    """One problem with its location; in an OpenAPI document, `field` is a JSON pointer."""

    file: str
    line: int
    document: int
    resource: str
    field: str
    message: str


@dataclass(frozen=True)
class Unchecked:
    """Content of the files, or documents that they refer to, that was not checked."""

    what: str
    count: int
    why: str


@dataclass
class Report:
    """The results: problems, warnings, what was checked, and what was not; only problems make the command fail."""

    problems: list[Complaint] = field(default_factory=list)
    warnings: list[Complaint] = field(default_factory=list)
    resources: int = 0
    contracts: list[Contract] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)


@dataclass
class _Held:
    """Content of the files: valid resources, and objects of other kinds."""

    valid: list[tuple[Document, Microservice | Environment]] = field(default_factory=list)
    others: list[Document] = field(default_factory=list)

    @property
    def services(self) -> list[tuple[Document, Microservice]]:
        return [(document, held) for document, held in self.valid if isinstance(held, Microservice)]

    def environment(self, service: Microservice) -> Environment | None:
        """Return the Environment that the service will use, if the files determine it."""
        environments = {held.name: held for _, held in self.valid if isinstance(held, Environment)}
        chosen = service.spec.environment or marked_default(
            {name: held.annotations for name, held in environments.items()}
        )
        return environments.get(
            chosen or "", next(iter(environments.values())) if len(environments) == 1 and not chosen else None
        )


def validate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files with resources; - reads standard input.", show_default=False)
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Older file with the same resources; changes that the API server would refuse are problems."),
    ] = None,
    openapi: Annotated[
        Path | None,
        typer.Option(
            "--openapi",
            help="OpenAPI document, with or without its Microservice in FILES; shows its routes and their callers.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="Output format.")] = Format.TEXT,
) -> None:
    """Check resources by the API server's rules, and their OpenAPI documents by the operator's. Works offline.

    OpenAPI documents are also read from ConfigMaps in FILES.
    """
    if not files and openapi is None:
        raise typer.BadParameter("pass files with resources, or --openapi", param_hint="FILES")
    report = Report()
    with readable():
        held = _read(files or [], _older(against), report)
        try:
            _check_contracts(held, openapi, report)
        except Ambiguous as error:
            raise typer.BadParameter(str(error), param_hint="--openapi") from None
    _conclude(held, files or [], report)
    routes = [row for contract in report.contracts if openapi for row in callers(contract)]
    print_one(_printed(report, routes), output, _text(report, routes))
    raise typer.Exit(code=1 if report.problems else 0)


def _older(against: Path | None) -> dict[str, Document]:
    try:
        return {identifier(document): document for document in documents(against)} if against else {}
    except BadYAML as error:
        typer.echo(f"{against}:{error.line}: {error}", err=True)
        raise typer.Exit(code=2) from None


def _read(files: Iterable[Path], before: dict[str, Document], report: Report) -> _Held:
    held = _Held()
    for file in files:
        number = 0
        try:
            for document in documents(file):
                number = document.number
                _take_in(document, before.get(identifier(document)), held, report)
        except BadYAML as error:
            wrong = f"is not valid YAML: {error}"
            report.problems.append(Complaint(file_name(file), error.line, number + 1, "", "", wrong))
        else:
            if not number:
                wrong = "contains no resource; add one, or omit the file"
                report.problems.append(Complaint(file_name(file), 1, 1, "", "", wrong))
    services = {(held.namespace, held.name): held for _, held in held.services}
    for document, resource in held.valid:
        for finding in (
            aws_rules.findings(resource, held.environment(resource), services)
            if isinstance(resource, Microservice)
            else aws_rules.environment_findings(resource)
        ):
            complaints = report.warnings if finding.warning else report.problems
            complaints.append(_complaint(document, finding))
    return held


def _take_in(document: Document, before: Document | None, held: _Held, report: Report) -> None:
    if not is_ours(document.content):
        held.others.append(document)
        return
    report.resources += 1
    problems = list(findings(document))
    if not problems:
        held.valid.append((document, parsed(document)))
        problems = list(changes_refused(document, before)) if before else []
    report.problems += [_complaint(document, finding) for finding in problems]


def _check_contracts(held: _Held, openapi: Path | None, report: Report) -> None:
    services = [service for _, service in held.services]
    if openapi:
        report.contracts.append(in_file(openapi, services, held.environment))
    else:
        for service in services:
            contract = in_config_map(service, held.others, held.environment)
            if contract:
                report.contracts.append(contract)
            elif service.spec.api:
                what = f"the OpenAPI document of {service.namespace}/{service.name}"
                report.unchecked.append(Unchecked(what, 1, missing(service.spec.api.open_api.config_map_key_ref)))
    for service in services:
        if unknown_auth(service, held.environment(service)):
            what = f"who may call the routes of {service.namespace}/{service.name}"
            why = "spec.api.auth is not set, and its Environment is not in the files; pass its file, too"
            report.unchecked.append(Unchecked(what, 1, why))
    for contract in report.contracts:
        report.problems += _of_contract(contract)
        report.warnings += _public(held, contract)


def _of_contract(contract: Contract) -> Iterator[Complaint]:
    number = contract.config_map.number if contract.config_map else 1
    resource = identifier(contract.config_map) if contract.config_map else "OpenAPI"
    for offence in contract.reading.offences:
        pointer = offence.pointer if offence.place else ""
        yield Complaint(contract.file, contract.line(offence), number, resource, pointer, offence.message)


def _public(held: _Held, contract: Contract) -> Iterator[Complaint]:
    """Warn about routes that everybody may call."""
    public = [row.route for row in callers(contract) if row.public]
    documents = [doc for doc, each in held.services if f"{each.namespace}/{each.name}" == contract.service]
    if not public or not documents:
        return
    unchecked = contract.auth is not None and contract.auth.none
    field = "spec.api.auth" if unchecked else "spec.api.allowAnonymous"
    checks = "; the service itself must check its callers (auth.none)" if unchecked else ""
    message = f"everybody may call {', '.join(public)} without a token{checks}"
    yield _complaint(documents[0], Finding(field, message, warning=True))


def _conclude(held: _Held, files: list[Path], report: Report) -> None:
    """List what was not checked; it is a problem if there was nothing to check."""
    kinds = Counter(str(document.content.get("kind") or "no kind") for document in held.others)
    used = [contract.config_map for contract in report.contracts]
    kinds.subtract("ConfigMap" for document in held.others if document in used)
    report.unchecked += [
        Unchecked(kind, count, "is of another kind") for kind, count in sorted(kinds.items()) if count > 0
    ]
    if not report.resources and not report.contracts and not report.problems:
        where = ", ".join(map(file_name, files))
        wrong = "contains no Microservice and no Environment, so nothing was checked; pass a file that contains one"
        report.problems.append(Complaint(where, 1, 1, "", "", wrong))


def _complaint(document: Document, finding: Finding) -> Complaint:
    return Complaint(
        file=document.file,
        line=document.line(finding.path),
        document=document.number,
        resource=identifier(document),
        field=finding.field,
        message=finding.message,
    )


def _printed(report: Report, routes: list[Callers]) -> dict[str, Any]:
    return {
        "problems": [asdict(item) for item in report.problems],
        "warnings": [asdict(item) for item in report.warnings],
        "checked": {"resources": report.resources, "openAPIDocuments": len(report.contracts)},
        "notChecked": [asdict(item) for item in report.unchecked],
        "routes": [asdict(row) for row in routes],
    }


def _text(report: Report, routes: list[Callers]) -> str:
    lines = [_line(item) for item in report.problems]
    lines += [_line(item, "warning") for item in report.warnings]
    lines += table(routes, "")
    kinds = [f"{item.count} {item.what}" for item in report.unchecked if item.why == "is of another kind"]
    lines += [f"not checked: {', '.join(kinds)}, of other kinds"] if kinds else []
    lines += [f"not checked: {item.what}: {item.why}" for item in report.unchecked if item.why != "is of another kind"]
    resources = f"{report.resources} resource{'s' * (report.resources != 1)}"
    contracts = f"{len(report.contracts)} OpenAPI document{'s' * (len(report.contracts) != 1)}"
    counted = [text for text, count in ((resources, report.resources), (contracts, len(report.contracts))) if count]
    errors = f"{len(report.problems)} error{'s' * (len(report.problems) != 1)}"
    warnings = f", {len(report.warnings)} warning{'s' * (len(report.warnings) != 1)}" if report.warnings else ""
    lines.append((errors if report.problems else f"valid: {', '.join(counted)}") + warnings)
    return "\n".join(lines) + "\n"


def _line(item: Complaint, severity: str = "") -> str:
    place = [f"{item.file}:{item.line}", f"document {item.document}", item.resource, severity]
    return ": ".join(part for part in (*place, item.field, item.message) if part)
