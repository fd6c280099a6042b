"""Validates one document: first kind, name and namespace, then its spec, then its change."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..api import parsing
from ..api.scalars import DNS_LABEL
from ..api.transitions import refused_changes
from ..api.validation_messages import closest, nearest
from ..errors import InvalidSpec
from ..names import API_VERSION, GROUP
from .yaml_documents import Document

_PARSERS: Mapping[str, Callable[[Mapping[str, Any]], parsing.Microservice | parsing.Environment]] = {
    "Microservice": parsing.microservice,
    "Environment": parsing.environment,
}
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
# metav1.ObjectMeta
_METADATA = (
    *("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "generateName", "uid"),
    *("resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
    *("managedFields", "selfLink"),
)


@dataclass(frozen=True)
class Finding:
    """One problem: the field, and a message that says what to do; a `warning` makes nothing fail."""

    field: str
    message: str
    warning: bool = False

    @property
    def path(self) -> list[str | int]:
        """Path of the field as a list: `spec.tables[0].name` → spec, tables, 0, name."""
        return [int(step) if step.isdecimal() else step for step in re.findall(r"[^.\[\]]+", self.field)]


def identifier(document: Document) -> str:
    """Return kind, namespace and name, such as `Microservice shop/order`, as far as the document has them."""
    content = document.content if isinstance(document.content, dict) else {}
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = "/".join(str(metadata[key]) for key in ("namespace", "name") if metadata.get(key))
    return " ".join(part for part in (str(content.get("kind") or ""), name) if part)


def is_ours(content: Any) -> bool:
    """Return whether an object is, or was meant to be, a Microservice or an Environment; others are not checked."""
    if not isinstance(content, dict):
        return True
    api_version = content.get("apiVersion")
    if not isinstance(api_version, str):
        return True
    group = api_version.rpartition("/")[0]
    of_kubernetes = "." not in group or group.endswith(".k8s.io")
    return bool(get_close_matches(group, [GROUP], cutoff=0.8)) or (of_kubernetes and _known(content))


def findings(document: Document) -> Iterator[Finding]:
    """Yield what the API server would refuse in the document; nothing for objects of other kinds."""
    content = document.content
    if not isinstance(content, dict):
        yield Finding("", "a document must be an object with apiVersion, kind, metadata and spec")
        return
    if not is_ours(content):
        return
    wrong = list(_kind(content))
    yield from wrong
    if wrong:
        return
    yield from _unknown(content, _TOP, "")
    yield from _metadata(content)
    if "spec" in _meant(content, _TOP):
        return
    try:
        _PARSERS[content["kind"]](_with_metadata(content))
    except InvalidSpec as error:
        for problem in error.problems:
            yield Finding(problem.field, problem.message)


def parsed(document: Document) -> parsing.Microservice | parsing.Environment:
    """Parse a document that has no findings."""
    return _PARSERS[document.content["kind"]](_with_metadata(document.content))


def changes_refused(document: Document, before: Document) -> Iterator[Finding]:
    """Yield what the API server would refuse in the change from `before`; both documents are valid on their own."""
    if not is_ours(document.content):
        return
    parse = _PARSERS[document.content["kind"]]
    try:
        old = parse(_with_metadata(before.content))
    except InvalidSpec:
        yield Finding("", "the file of --against is invalid; validate it first")
        return
    for problem in refused_changes(parse(_with_metadata(document.content)).spec, old.spec):
        yield Finding(problem.field, problem.message)


def _known(content: Mapping[str, Any]) -> bool:
    kind = content.get("kind")
    return isinstance(kind, str) and kind in _PARSERS


def _kind(content: Mapping[str, Any]) -> Iterator[Finding]:
    if content.get("apiVersion") != API_VERSION:
        value = content.get("apiVersion")
        problem = "required" if value is None else f"{value!r} is not known"
        yield Finding("apiVersion", f"{problem}; write {API_VERSION}")
    if not _known(content):
        value = content.get("kind")
        problem = "required" if value is None else f"{value!r} is not a kind of {GROUP}"
        hint = nearest(str(value), list(_PARSERS)) if value else ""
        yield Finding("kind", f"{problem}; {hint or 'write Microservice or Environment'}")


def _metadata(content: Mapping[str, Any]) -> Iterator[Finding]:
    metadata = content.get("metadata")
    if "metadata" in _meant(content, _TOP):
        return
    if not isinstance(metadata, dict):
        yield Finding("metadata", "required; add it, with name" + _namespace_too(content))
        return
    yield from _unknown(metadata, _METADATA, "metadata.")
    meant = _meant(metadata, _METADATA)
    if not metadata.get("name") and "name" not in meant:
        yield Finding("metadata.name", "required; add it")
    namespace = metadata.get("namespace")
    if content["kind"] == "Environment" and namespace is not None:
        yield Finding("metadata.namespace", "an Environment is cluster-scoped; remove the namespace")
    if content["kind"] == "Microservice" and not namespace and "namespace" not in meant:
        yield Finding("metadata.namespace", "required; add it, otherwise the namespace depends on who applies the file")
    for key in ("name", "namespace"):
        if metadata.get(key) and not isinstance(metadata[key], str):
            yield Finding(f"metadata.{key}", "must be a string: put it in quotes")
    if isinstance(namespace, str) and not re.search(DNS_LABEL, namespace):
        yield Finding(
            "metadata.namespace", f"{namespace!r} is not a namespace; use lower-case letters, digits, hyphens"
        )
    for key in ("labels", "annotations"):
        for name, value in _mapping(metadata.get(key)).items():
            if not isinstance(value, str):
                yield Finding(f"metadata.{key}.{name}", "must be a string: put it in quotes")


def _namespace_too(content: Mapping[str, Any]) -> str:
    return " and namespace" if content["kind"] == "Microservice" else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _meant(content: Mapping[str, Any], fields: Sequence[str]) -> set[str | None]:
    """Return the missing fields that misspelt ones were probably meant to be; the misspelt ones are reported."""
    return {closest(str(name), fields) for name in content if name not in fields} - content.keys()


def _unknown(content: Mapping[str, Any], fields: Sequence[str], prefix: str) -> Iterator[Finding]:
    for name in content:
        if name not in fields:
            hint = nearest(str(name), fields) or f"the fields here are {', '.join(fields)}"
            yield Finding(f"{prefix}{name}", f"no such field; {hint}")


def _with_metadata(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as the API server would pass it on: with a uid, and with placeholders for missing names."""
    metadata = _mapping(content.get("metadata"))
    name = metadata.get("name")
    return {
        **content,
        "metadata": {
            "uid": "",
            **metadata,
            "namespace": metadata.get("namespace") or "default",
            "name": name if isinstance(name, str) and name else "unnamed",
        },
    }
