"""Valid resources out of files, for the commands that work offline: services, Environments, and what is wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..api.parsing import Environment, Microservice, marked_default
from .validation import findings, identifier, is_ours, parsed
from .yaml_documents import BadYAML, Document, documents

UNKNOWN = "known-in-the-cluster-only"


@dataclass
class LoadedFiles:
    """What the files hold, and what is wrong with them, one line each.

    `chosen` is the name of the Environment of each namespace, where a cluster has told it; `others` are of other kinds.
    """

    services: list[tuple[Document, Microservice]] = field(default_factory=list)
    environments: dict[str, Environment] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    chosen: dict[str, str | None] = field(default_factory=dict)
    others: list[Document] = field(default_factory=list)


def read(files: Iterable[Path]) -> LoadedFiles:
    """Everything in the files.

    Raises Unreadable when a file cannot be read at all.
    """
    found = LoadedFiles()
    for file in files:
        number = 0
        try:
            for document in documents(file):
                number = document.number
                take_in(found, document)
        except BadYAML as error:
            found.complaints.append(f"{file}:{error.line}: document {number + 1}: no valid YAML: {error}")
    if not found.services and not found.complaints:
        found.complaints.append(f"{', '.join(map(str, files))}: no Microservice in it; give a file that holds one")
    return found


def take_in(found: LoadedFiles, document: Document) -> None:
    """Add what is in one document, or what is wrong with it."""
    wrong = list(findings(document))
    for finding in wrong:
        found.complaints.append(complaint(document, finding.field, finding.message))
    if wrong:
        return
    if not is_ours(document.content):
        found.others.append(document)
        return
    held = parsed(document)
    if isinstance(held, Environment):
        found.environments[held.name] = held
    else:
        found.services.append((document, replace(held, identity=replace(held.identity, uid=UNKNOWN))))


def complaint(document: Document, path: str, message: str) -> str:
    """One line about one field."""
    steps = path.replace("[", ".").replace("]", "").split(".")
    line = document.line([int(step) if step.isdecimal() else step for step in steps])
    parts = [f"{document.file}:{line}", f"document {document.number}", identifier(document), path, message]
    return ": ".join(part for part in parts if part)


def placed(found: LoadedFiles) -> Iterator[tuple[Microservice, Environment | None]]:
    """Each service with its Environment; of one that names another than the files hold there is a complaint."""
    for document, service in found.services:
        wanted = service.spec.environment or found.chosen.get(service.namespace, _likely(found))
        if wanted and wanted not in found.environments:
            message = f"Environment {wanted} is in none of the files; add its file with --environment"
            found.complaints.append(complaint(document, "spec.environment", message))
            continue
        yield service, found.environments[wanted] if wanted else None


def default(found: LoadedFiles) -> str | None:
    """The Environment that is marked as the default."""
    return marked_default({name: item.annotations for name, item in found.environments.items()})


def _likely(found: LoadedFiles) -> str | None:
    """Without a cluster, also the only one."""
    return default(found) or (next(iter(found.environments)) if len(found.environments) == 1 else None)
