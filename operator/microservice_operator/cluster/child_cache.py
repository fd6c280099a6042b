"""Keeps a small record of each of our children, updated by the watches, so that no request is needed to know it.

A record answers three questions: is the hash the same, did another writer change the child, is it ready? The object
itself is kept (as bytes) only until a reconciliation has compared it with the desired state. After that its digest
shows any change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

import orjson

from .. import names
from ..facts import JobRun, State, Workload
from .child_states import STATES, short

Key = tuple[str, str]
ChildKey = tuple[str, str, str]  # kind, namespace, name

# Metadata that changes although no declared field changes.
VOLATILE = ("resourceVersion", "managedFields", "generation", "selfLink")


@dataclass(frozen=True, slots=True)
class Record:
    """One observed child.

    `verified` says that a reconciliation found no drift in what `digest` covers; until then `body` holds the object.
    `updated` is the index of our managed-fields entry of operation Update, which a POST or a JSON patch creates; -1 if
    there is none. `applied` says whether we also have an entry of operation Apply.
    `scale` is the replica count if we own it, `None` if an autoscaler or a person has set it.
    `urls` are a Deployment's plain variables that end in _URL; `template` is a digest of its pod template.
    `overridden` is the field that something in the API server changed in the answer to our own write; "" if none.
    """

    uid: str
    version: str
    owner: str
    hash: str
    digest: bytes
    verified: bool
    body: bytes
    updated: int
    applied: bool
    scale: int | None = None
    state: Any = None
    deleting: bool = False
    urls: Mapping[str, str] = field(default_factory=dict)
    template: bytes = b""
    overridden: str = ""


def observed(kind: str, item: Mapping[str, Any]) -> Record:
    """Build the record of an object that a watch or an answer delivered."""
    metadata = {k: v for k, v in item["metadata"].items() if k not in VOLATILE}
    body = {k: v for k, v in item.items() if k not in ("status", "metadata", "kind", "apiVersion")}
    raw = orjson.dumps({"metadata": metadata, **body}, option=orjson.OPT_SORT_KEYS)
    owners = [o["uid"] for o in metadata.get("ownerReferences") or [] if o.get("controller")]
    state = STATES[kind](item) if kind in STATES else None
    return Record(
        uid=metadata["uid"],
        version=item["metadata"].get("resourceVersion", ""),
        owner=owners[0] if owners else "",
        hash=(metadata.get("annotations") or {}).get(names.ANNOTATION_HASH, ""),
        digest=_digest(raw),
        verified=False,
        body=b"" if kind == "Job" and isinstance(state, JobRun) else raw,  # a run is never compared
        updated=_entry(item, "Update"),
        applied=_entry(item, "Apply") >= 0,
        scale=_scale(item) if kind == "Deployment" else None,
        state=state,
        deleting="deletionTimestamp" in metadata,
        urls=_urls(item) if kind == "Deployment" else {},
        template=_digest(orjson.dumps(item["spec"].get("template"), option=orjson.OPT_SORT_KEYS))
        if kind == "Deployment"
        else b"",
    )


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16).digest()


def _entry(item: Mapping[str, Any], operation: str) -> int:
    """Return the index of our managed-fields entry of an operation, -1 if there is none."""
    for index, entry in enumerate(item["metadata"].get("managedFields") or []):
        ours = entry.get("manager") == names.FIELD_MANAGER and "subresource" not in entry
        if ours and entry["operation"] == operation:
            return index
    return -1


def _scale(item: Mapping[str, Any]) -> int | None:
    """Return the replica count if one of our managed-fields entries owns it, otherwise `None`."""
    for entry in item["metadata"].get("managedFields") or []:
        if entry.get("manager") == names.FIELD_MANAGER and "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {}):
            return int(item["spec"]["replicas"])
    return None


def _urls(item: Mapping[str, Any]) -> dict[str, str]:
    containers = item["spec"].get("template", {}).get("spec", {}).get("containers") or []
    variables = [variable for container in containers for variable in container.get("env") or []]
    return {v["name"]: v["value"] for v in variables if v["name"].endswith("_URL") and v.get("value")}


class Children:
    """All records, by key; `changed` is called with the owner's key when the owner needs a reconciliation."""

    def __init__(self, changed: Callable[[Key], None]) -> None:
        """Start empty."""
        self._records: dict[ChildKey, Record] = {}
        self._owned: dict[Key, set[ChildKey]] = {}
        self._owner_of: dict[ChildKey, Key] = {}
        self._changed = changed

    def of(self, owner: Key) -> dict[tuple[str, str], Record]:
        """Return the records of one Microservice's children, by kind and name."""
        return {(key[0], key[2]): self._records[key] for key in self._owned.get(owner, ())}

    def secrets(self) -> list[tuple[str, str]]:
        """Return namespace and name of each of our known Secrets, which no watch shows."""
        return [(namespace, name) for kind, namespace, name in self._records if kind == "Secret"]

    def noticed(self, kind: str, item: Mapping[str, Any]) -> None:
        """Record an object that was read by name; its owner stays, even if it has lost the label of its owner."""
        owner = self._owner_of.get((kind, item["metadata"].get("namespace", ""), item["metadata"]["name"]))
        if owner is not None:
            self.saw(kind, item, owner)

    def saw(self, kind: str, item: Mapping[str, Any], owner: Key | None = None) -> None:
        """Record an object from a watch; an echo of our own write or an irrelevant change starts no reconciliation.

        `owner` is given if the object was read by name, because the object may have lost the label of its owner.
        """
        key = (kind, item["metadata"].get("namespace", ""), item["metadata"]["name"])
        old = self._records.get(key)
        new = _unless_only_scaled(observed(kind, item), old)
        if old is not None and old.uid == new.uid and old.version and _older(new.version, old.version):
            return
        if old is not None and old.verified and old.uid == new.uid and old.digest == new.digest:
            new = replace(new, verified=True, body=b"")
        if old is not None and (old.uid, old.hash) == (new.uid, new.hash):
            new = replace(new, overridden=old.overridden)
        self._keep(key, new, item, owner)
        if old is None or (old.digest, old.state, old.deleting, old.uid) != (
            new.digest,
            new.state,
            new.deleting,
            new.uid,
        ):
            self._changed(self._owner_of[key])

    def lost(self, kind: str, item: Mapping[str, Any]) -> None:
        """Forget an object that, according to a watch, no longer exists or no longer has our label."""
        key = (kind, item["metadata"].get("namespace", ""), item["metadata"]["name"])
        old = self._records.get(key)
        if old is None or old.uid != item["metadata"].get("uid", old.uid):
            return
        del self._records[key]
        self._changed(self._disown(key))

    def wrote(self, kind: str, item: Mapping[str, Any], overridden: str = "") -> Record:
        """Record the answer to our own write: the desired state, except a field that was `overridden`.

        If the watch has already shown a later state, because pods became ready, the later state stays.
        """
        key = (kind, item["metadata"].get("namespace", ""), item["metadata"]["name"])
        cached = self._records.get(key)
        record = _unless_only_scaled(observed(kind, item), cached)
        record = replace(record, verified=True, body=b"", overridden=overridden)
        if cached is not None and cached.uid == record.uid and _older(record.version, cached.version):
            same = cached.digest == record.digest
            record = replace(cached, verified=True, body=b"") if same else cached
            record = replace(record, overridden=overridden)
            self._records[key] = record
        else:
            self._keep(key, record, item)
        return record

    def verified(self, kind: str, namespace: str, name: str) -> None:
        """Record that a reconciliation compared the object with its desired state and found them equal."""
        key = (kind, namespace, name)
        if key in self._records:
            self._records[key] = replace(self._records[key], verified=True, body=b"")

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Forget an object that the operator itself deleted; this requests no reconciliation."""
        key = (kind, namespace, name)
        if self._records.pop(key, None) is not None:
            self._disown(key)

    def _disown(self, key: ChildKey) -> Key:
        owner = self._owner_of.pop(key)
        self._owned[owner].discard(key)
        if not self._owned[owner]:
            del self._owned[owner]
        return owner

    def _keep(self, key: ChildKey, record: Record, item: Mapping[str, Any], owner: Key | None = None) -> None:
        labels = item["metadata"].get("labels") or {}
        owner = owner or (key[1], labels.get(names.LABEL_MICROSERVICE) or self._owner_of.get(key, ("", ""))[1])
        before = self._owner_of.get(key)
        if before is not None and before != owner:
            self._disown(key)
            self._changed(before)  # it lost a child because somebody edited the label
        self._records[key] = record
        self._owner_of[key] = owner
        self._owned.setdefault(owner, set()).add(key)


def _unless_only_scaled(new: Record, old: Record | None) -> Record:
    """Return the record, with the old state while a Deployment's controller has not observed a change of its scale.

    Otherwise each step of an autoscaler would look like a rollout for a moment, and cost two status writes. A declared
    count that its pods do not reach is no such step: it is not complete before the controller has seen it.
    """
    if old is None or not isinstance(new.state, Workload) or new.state.observed or new.uid != old.uid:
        return new
    if not isinstance(old.state, Workload) or old.state.state is not State.READY or new.template != old.template:
        return new
    if new.scale is not None and new.scale > old.state.available:
        return replace(new, state=short(old.state)) if old.state.serves else new
    return replace(new, state=old.state)


def _older(version: str, cached: str) -> bool:
    """Return whether a resourceVersion precedes the known one; they are comparable as numbers since Kubernetes 1.35."""
    return version.isdigit() and cached.isdigit() and int(version) < int(cached)
