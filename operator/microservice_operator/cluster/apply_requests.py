"""Sends the requests that bring a child to its desired state: POST, apply, and patches for what an apply cannot do.

A POST records its fields under operation Update. A later apply would add a second entry and never take these fields
from the first, so a field dropped from the desired object would stay forever. Therefore one patch precedes the first
apply after a POST: it turns the first entry into one of operation Apply. client-go calls this the upgrade of
client-side managed fields.

An apply removes nothing that another manager owns. A JSON patch removes an addition that may not stay, and changes only
that field. Everything else that other managers own stays, and they still own it.
"""

from collections.abc import Collection, Mapping
from typing import Any

from .. import names
from ..api.parsing import Identity
from .api_client import APPLY_PATCH, INVALID, JSON, JSON_PATCH, ApiError, Connection
from .api_errors import Changed, changed_meanwhile, fields
from .child_cache import Record, observed
from .drift import drift
from .hardening import POD, Addition, addition
from .kinds import CHILDREN

Object = dict[str, Any]


def compared(body: Object) -> Object:
    """Return the compared part of an object; a record keeps only this part."""
    return {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}


def difference(kind: str, desired: Object, live: Mapping[str, Any]) -> str:
    """Return the path of the first field that differs from the desired state or must not be added; "" if none."""
    if path := drift(compared(desired), live):
        return path
    added = addition(kind, desired, live)
    return added.path if added else ""


class ChildRequests:
    """Requests for the children of one Microservice.

    Each raises ApiError if the API server refuses it, and Changed if another writer changed the object first. After
    Changed the object must be read again.
    """

    def __init__(self, connection: Connection, owner: Identity) -> None:
        """Write through `connection`."""
        self._connection = connection
        self._owner = owner

    async def create(self, kind: str, body: Object) -> Object:
        """Create a child with POST; return the answer."""
        query = {"fieldManager": names.FIELD_MANAGER}
        return await self._connection.send("POST", CHILDREN[kind].path(self._owner.namespace), query=query, body=body)

    async def put_right(self, body: Object, record: Record, live: Object | None, *, applies: bool) -> Object:
        """Bring the object to its desired state; return the last answer.

        `live` is the observed object, if known; `applies` says that a declared field differs.
        """
        answer = await self._applied(body, record) if applies or live is None else _as_seen(live, record)
        added = addition(body["kind"], body, answer)
        return answer if added is None else await self._take_out(body, answer, added)

    async def _applied(self, body: Object, record: Record) -> Object:
        """Apply; if fields of other managers make the API server refuse it, replace these and apply again."""
        try:
            return await self._apply(body, record)
        except ApiError as error:
            blamed = fields(error)
            if error.code != INVALID or not blamed:
                raise
            live = await self._send("GET", body)
            if not (operations := _in_the_way(body, live, blamed)):
                raise
        replaced = await self._patch(body, live, operations)
        return await self._apply(body, observed(body["kind"], replaced))

    async def _apply(self, body: Object, record: Record) -> Object:
        if record.updated >= 0:
            await self._own_by_apply(body, record)
        body = dict(body)
        if record.scale is not None and "replicas" not in body["spec"]:
            await self._hand_over_replicas(body, record)
        body["metadata"] = {**body["metadata"], "uid": record.uid}
        return await self._send("PATCH", body, body, APPLY_PATCH, names.FIELD_MANAGER, force="true")

    async def _own_by_apply(self, body: Object, record: Record) -> None:
        """Leave us only one managed-fields entry, of operation Apply.

        An apply never removes a field that only operation Update owns.
        """
        entry = f"/metadata/managedFields/{record.updated}"
        turn = {"op": "replace", "path": f"{entry}/operation", "value": "Apply"}
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": record.uid},
            {"op": "test", "path": f"{entry}/manager", "value": names.FIELD_MANAGER},
            {"op": "test", "path": f"{entry}/operation", "value": "Update"},
            {"op": "remove", "path": entry} if record.applied else turn,
        ]
        await self._send("PATCH", body, patch, JSON_PATCH)

    async def _hand_over_replicas(self, body: Object, record: Record) -> None:
        """Make another manager own the current replica count first.

        Otherwise an apply that drops the field resets it. Kubernetes documents this under "Transferring ownership" of
        server-side apply.
        """
        count = {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "metadata": {"name": body["metadata"]["name"], "uid": record.uid},
            "spec": {"replicas": record.scale},
        }
        await self._send("PATCH", body, count, APPLY_PATCH, f"{names.FIELD_MANAGER}-handover", force="true")

    async def _take_out(self, body: Object, live: Object, added: Addition) -> Object:
        operation = {"op": "replace", "path": "/" + "/".join(added.pointer), "value": added.value}
        return await self._patch(body, live, [operation])

    async def _patch(self, body: Object, live: Object, operations: list[Object]) -> Object:
        """Send a JSON patch that succeeds only if the object is still the one that was read."""
        metadata = live["metadata"]
        preconditions = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        return await self._send("PATCH", body, [*preconditions, *operations], JSON_PATCH, names.FIELD_MANAGER)

    async def _send(
        self, method: str, child: Object, sent: Any = None, content_type: str = "", manager: str = "", **more: str
    ) -> Object:
        path = CHILDREN[child["kind"]].path(self._owner.namespace, child["metadata"]["name"])
        query = ({"fieldManager": manager} if manager else {}) | more
        try:
            return await self._connection.send(method, path, query=query, body=sent, content_type=content_type or JSON)
        except ApiError as error:
            if not changed_meanwhile(error, content_type):
                raise
            raise Changed(child["kind"], child["metadata"]["name"]) from error


def _as_seen(live: Object, record: Record) -> Object:
    """Add the resourceVersion, which a record's body lacks; a patch uses it to name the object that was read."""
    return {**live, "metadata": {**live["metadata"], "resourceVersion": record.version}}


def _in_the_way(body: Object, live: Object, blamed: Collection[str]) -> list[Object]:
    """Return the operations that replace the spec fields that a refusal blames and other managers own in part."""
    spec, theirs = body.get("spec", {}), _owned_by_others(live)
    parts = [field.partition("[")[0].split(".")[1:2] for field in blamed if field.split(".")[0] == "spec"]
    names_blamed = theirs if [] in parts else {part[0] for part in parts if part} & theirs
    operations: list[Object] = []
    for name in sorted(names_blamed):
        if name == POD[1] and name in spec:  # labels and annotations that others add to the pods stay
            operations.append({"op": "add", "path": "/" + "/".join(POD), "value": spec[name][POD[2]]})
        elif name in spec:
            operations.append({"op": "add", "path": f"/spec/{name}", "value": spec[name]})
        elif name in live.get("spec", {}):
            operations.append({"op": "remove", "path": f"/spec/{name}"})
    return operations


def _owned_by_others(live: Object) -> set[str]:
    """Return the fields of the spec that another manager owns in whole or in part."""
    entries = live["metadata"].get("managedFields") or []
    theirs = [e for e in entries if e.get("manager") != names.FIELD_MANAGER and "subresource" not in e]
    specs = [(entry.get("fieldsV1") or {}).get("f:spec") or {} for entry in theirs]
    return {key.removeprefix("f:") for spec in specs for key in spec if key != "."}
