"""PURE: which parts outside the cluster are to go, and by which policy.

A part that is no longer declared is retained: its declaration, and with it the consent to delete, is gone. A
Microservice that never was valid can be deleted all the same, so its spec is read here as plain data, trusting nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .api.objects import Microservice
from .facts import Part, State

PartKey = tuple[str, str]  # kind, declared name
Leaving = dict[PartKey, tuple[str, str]]  # → (deletion policy, known id)

SECTIONS = {"Table": "tables", "Database": "databases"}


def undeclared(service: Microservice, known: Mapping[PartKey, str]) -> Leaving:
    """Parts that status remembers and the spec does not declare any more."""
    declared = {("Table", t.name) for t in service.spec.tables or []}
    declared |= {("Database", d.name) for d in service.spec.databases or []}
    return {key: ("Retain", known_id) for key, known_id in known.items() if key not in declared}


def everything(body: Mapping[str, Any], known: Mapping[PartKey, str]) -> Leaving:
    """All parts of a Microservice that is being deleted, declared or remembered."""
    leaving: Leaving = {key: ("Retain", known_id) for key, known_id in known.items()}
    spec = body.get("spec")
    for kind, section in SECTIONS.items():
        for item in _items(spec, section):
            key = (kind, str(item.get("name", "")))
            policy = "Delete" if item.get("deletionPolicy") == "Delete" else "Retain"
            leaving[key] = (policy, known.get(key, ""))
    return leaving


def is_over(part: Part) -> bool:
    """Whether nothing of a leaving part is left to do."""
    return part.state in (State.READY, State.RETAINED)


def _items(spec: Any, section: str) -> Iterable[Mapping[str, Any]]:
    listed = spec.get(section) if isinstance(spec, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
