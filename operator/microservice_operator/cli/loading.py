"""Loads valid resources from files for the offline commands: services, Environments, and complaints about the rest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..api.parsing import Environment, Microservice, marked_default
from .placeholders import UID
from .validation import findings, identifier, is_ours, parsed
from .yaml_documents import BadYAML, Document, documents


@dataclass
class LoadedFiles:
    """Content of the files; `complaints` has one line per problem.

    `chosen` maps a namespace to the name of its Environment, if a cluster was read. `others` are of other kinds.
    """

    services: list[tuple[Document, Microservice]] = field(default_factory=list)
    environments: dict[str, Environment] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    chosen: dict[str, str | None] = field(default_factory=dict)
    others: list[Document] = field(default_factory=list)


def read(files: Iterable[Path]) -> LoadedFiles:
    """Load everything in the files.

    Raises Unreadable if a file cannot be read at all.
    """
    loaded = LoadedFiles()
    for file in files:
        _take_in_file(loaded, file)
    if not loaded.services and not loaded.complaints:
        loaded.complaints.append(f"{', '.join(map(str, files))}: no Microservice found; pass a file that contains one")
    return loaded


def read_environments(file: Path) -> LoadedFiles:
    """Load a file that needs an Environment and no Microservice.

    Raises Unreadable if the file cannot be read at all.
    """
    loaded = LoadedFiles()
    _take_in_file(loaded, file)
    if not loaded.environments and not loaded.complaints:
        loaded.complaints.append(f"{file}: no Environment found; pass a file that contains one")
    return loaded


def _take_in_file(loaded: LoadedFiles, file: Path) -> None:
    number = 0
    try:
        for document in documents(file):
            number = document.number
            take_in(loaded, document)
    except BadYAML as error:
        loaded.complaints.append(f"{file}:{error.line}: document {number + 1}: is not valid YAML: {error}")


def take_in(loaded: LoadedFiles, document: Document) -> None:
    """Add the content of one document, or complaints about it."""
    wrong = list(findings(document))
    for finding in wrong:
        loaded.complaints.append(complaint(document, finding.field, finding.message))
    if wrong:
        return
    if not is_ours(document.content):
        loaded.others.append(document)
        return
    held = parsed(document)
    if isinstance(held, Environment):
        loaded.environments[held.name] = held
    else:
        loaded.services.append((document, replace(held, identity=replace(held.identity, uid=UID))))


def complaint(document: Document, path: str, message: str) -> str:
    """Format a complaint about one field, in one line."""
    steps = path.replace("[", ".").replace("]", "").split(".")
    line = document.line([int(step) if step.isdecimal() else step for step in steps])
    parts = [f"{document.file}:{line}", f"document {document.number}", identifier(document), path, message]
    return ": ".join(part for part in parts if part)


def placed(loaded: LoadedFiles) -> Iterator[tuple[Microservice, Environment | None]]:
    """Yield each service with its Environment; add a complaint if the files lack the named one."""
    for document, service in loaded.services:
        wanted = _wanted(loaded, service)
        if wanted and wanted not in loaded.environments:
            message = f"Environment {wanted} is not in the files; add its file with --environment"
            loaded.complaints.append(complaint(document, "spec.environment", message))
            continue
        yield service, loaded.environments[wanted] if wanted else None


def environment_of(loaded: LoadedFiles, service: Microservice) -> Environment | None:
    """Return the Environment of a service, None if it is unknown."""
    return loaded.environments.get(_wanted(loaded, service) or "")


def _wanted(loaded: LoadedFiles, service: Microservice) -> str | None:
    return service.spec.environment or loaded.chosen.get(service.namespace, _likely(loaded))


def default(loaded: LoadedFiles) -> str | None:
    """Return the name of the default Environment."""
    return marked_default({name: item.annotations for name, item in loaded.environments.items()})


def _likely(loaded: LoadedFiles) -> str | None:
    """Return the default Environment, or the only one."""
    return default(loaded) or (next(iter(loaded.environments)) if len(loaded.environments) == 1 else None)
