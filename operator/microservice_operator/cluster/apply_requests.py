"""The requests that make a child what is desired: a POST, an apply, and what an apply cannot do.

A POST records its fields under operation Update; an apply beside it would never own them, and a field dropped from the
desired object would stay for ever. So the first apply after a POST is preceded by one patch that turns that entry into
one of operation Apply (what client-go calls the upgrade of client-side managed fields).

An apply removes nothing that another manager owns. What of it may not stay is taken out by a JSON patch of that field
alone; everything else that others manage stays, and stays theirs.
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
    """What is compared of an object: a record keeps no more of it."""
    return {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}


def difference(kind: str, desired: Object, found: Mapping[str, Any]) -> str:
    """Path of the first field that is not as desired, or that nobody may add; "" for none."""
    if path := drift(compared(desired), found):
        return path
    added = addition(kind, desired, found)
    return added.path if added else ""


class ChildRequests:
    """Requests for the children of one Microservice.

    Each raises ApiError for a refusal, and Changed when somebody else was quicker: then it is looked at again.
    """

    def __init__(self, connection: Connection, owner: Identity) -> None:
        """Write through `connection`."""
        self._connection = connection
        self._owner = owner

    async def create(self, kind: str, body: Object) -> Object:
        """POST; the answer."""
        query = {"fieldManager": names.FIELD_MANAGER}
        return await self._connection.send("POST", CHILDREN[kind].path(self._owner.namespace), query=query, body=body)

    async def put_right(self, body: Object, record: Record, found: Object | None, *, applies: bool) -> Object:
        """Make the object what is desired; the last answer.

        `found` is the object as it is, if that is known; `applies` says that a declared field differs.
        """
        answer = await self._applied(body, record) if applies or found is None else _as_seen(found, record)
        added = addition(body["kind"], body, answer)
        return answer if added is None else await self._take_out(body, answer, added)

    async def _applied(self, body: Object, record: Record) -> Object:
        """Apply; where the fields of others stand in the way, these are replaced first."""
        try:
            return await self._apply(body, record)
        except ApiError as error:
            blamed = fields(error)
            if error.code != INVALID or not blamed:
                raise
            found = await self._send("GET", body)
            if not (operations := _in_the_way(body, found, blamed)):
                raise
        replaced = await self._patch(body, found, operations)
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
        """Leave us one managed-fields entry, of operation Apply: what is of operation Update alone would never go."""
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
        """Let another manager own the current count first: an apply that drops a field it owns resets the field.

        Kubernetes documents this under "Transferring ownership" of server-side apply.
        """
        count = {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "metadata": {"name": body["metadata"]["name"], "uid": record.uid},
            "spec": {"replicas": record.scale},
        }
        await self._send("PATCH", body, count, APPLY_PATCH, f"{names.FIELD_MANAGER}-handover", force="true")

    async def _take_out(self, body: Object, found: Object, added: Addition) -> Object:
        operation = {"op": "replace", "path": "/" + "/".join(added.pointer), "value": added.value}
        return await self._patch(body, found, [operation])

    async def _patch(self, body: Object, found: Object, operations: list[Object]) -> Object:
        """A JSON patch of the very object that was looked at."""
        metadata = found["metadata"]
        seen = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        return await self._send("PATCH", body, [*seen, *operations], JSON_PATCH, names.FIELD_MANAGER)

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


def _as_seen(found: Object, record: Record) -> Object:
    """With the version by which a patch names the object that was looked at: a record's body is kept without it."""
    return {**found, "metadata": {**found["metadata"], "resourceVersion": record.version}}


def _in_the_way(body: Object, found: Object, blamed: Collection[str]) -> list[Object]:
    """What replaces the fields of the spec that a refusal blames and that others own something of."""
    spec, theirs = body.get("spec", {}), _owned_by_others(found)
    parts = [field.partition("[")[0].split(".")[1:2] for field in blamed if field.split(".")[0] == "spec"]
    names_blamed = theirs if [] in parts else {part[0] for part in parts if part} & theirs
    operations: list[Object] = []
    for name in sorted(names_blamed):
        if name == POD[1] and name in spec:  # labels and annotations that others put on the pods stay
            operations.append({"op": "add", "path": "/" + "/".join(POD), "value": spec[name][POD[2]]})
        elif name in spec:
            operations.append({"op": "add", "path": f"/spec/{name}", "value": spec[name]})
        elif name in found.get("spec", {}):
            operations.append({"op": "remove", "path": f"/spec/{name}"})
    return operations


def _owned_by_others(found: Object) -> set[str]:
    """Fields of the spec of which another manager owns something."""
    entries = found["metadata"].get("managedFields") or []
    theirs = [e for e in entries if e.get("manager") != names.FIELD_MANAGER and "subresource" not in e]
    specs = [(entry.get("fieldsV1") or {}).get("f:spec") or {} for entry in theirs]
    return {key.removeprefix("f:") for spec in specs for key in spec if key != "."}
