"""Make the children what is desired, with as few requests as that takes, and prune what is no longer wanted.

A child not seen yet is POSTed, at half the server's cost of an apply, and so that a foreign object of the same name is
noticed instead of overwritten. Every later write is a server-side apply, fenced by UID.

A POST records its fields under operation Update; an apply beside it would never own them, and a field dropped from the
desired object would stay for ever. So the first apply after a POST is preceded by one patch that turns that entry into
one of operation Apply (what client-go calls the upgrade of client-side managed fields).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from .. import names
from ..api.objects import Identity
from ..errors import Gone, NeedsPerson, NotYet, OperatorError
from ..facts import Event, Part, Reason, State
from ..together import side_by_side
from .children import Children, Record
from .connection import APPLY_PATCH, CONFLICT, INVALID, JSON_PATCH, MERGE_PATCH, NOT_FOUND, ApiError, Connection
from .drift import drift
from .guard import Guard
from .kinds import CHILDREN, MICROSERVICE, SECRET

# No pod may start before these are as declared: who it is, whom it reaches and who reaches it, how it logs in.
BEFORE_PODS = frozenset({"ServiceAccount", "NetworkPolicy", "Secret"})
STARTS_PODS = frozenset({"Deployment", "Job"})


class Wanted(Protocol):
    """One child as this module needs it: what `desired` makes, which is a layer of its own."""

    @property
    def kind(self) -> str:
        """Kind of the object."""

    @property
    def name(self) -> str:
        """Name of the object."""

    @property
    def body(self) -> dict[str, Any] | None:
        """The whole object; `None` only while held."""

    @property
    def held(self) -> str:
        """Why it is not written yet, "" when it is to be written."""

    @property
    def once(self) -> bool:
        """Whether its spec is immutable: created, never applied again."""

    @property
    def initial(self) -> Mapping[str, Any]:
        """Fields of the spec that are ours at its creation only."""


class Cluster:
    """Writes to one cluster on behalf of one Microservice at a time."""

    def __init__(self, connection: Connection, children: Children) -> None:
        """Write through `connection`, and note every answer in `children`."""
        self.connection = connection
        self.children = children
        self._guard = Guard()

    async def apply(self, owner: Identity, wanted: Iterable[Wanted]) -> list[Part]:
        """Bring every child to what is wanted; one part for each, in the given order.

        What starts pods comes after all that its pods run with, and is held while one of those is not there, or is not
        ours: another's ServiceAccount may stand for another's role, and without a NetworkPolicy everybody gets in.
        Raises Gone when the namespace is being terminated, once no write is under way any more.
        """
        children = list(wanted)
        first = await self._together(owner, [child for child in children if child.kind in BEFORE_PODS])
        missing = next((part for part in first.values() if part.state is not State.READY), None)
        wait = f"waits for {missing.kind} {missing.name}: no pod may start before it is as declared" if missing else ""
        others = [child for child in children if child.kind not in BEFORE_PODS]
        parts = first | await self._together(owner, others, wait)
        return [parts[child.kind, child.name] for child in children]

    async def _together(
        self, owner: Identity, children: Sequence[Wanted], wait: str = ""
    ) -> dict[tuple[str, str], Part]:
        """Settle children side by side, all of them also if one fails; `wait` holds those that start pods."""
        records = self.children.of((owner.namespace, owner.name))
        settling = (
            self._settle(
                owner,
                child,
                records.get((child.kind, child.name)),
                child.held or (wait if child.kind in STARTS_PODS else ""),
            )
            for child in children
        )
        settled = await side_by_side(settling)
        return {(part.kind, part.name): part for part in settled}

    async def prune(self, owner: Identity, keep: Collection[tuple[str, str]]) -> list[Part]:
        """Remove the children whose kind and name are not to be kept."""
        return [
            await self._remove(owner, kind, name, record)
            for (kind, name), record in self.children.of((owner.namespace, owner.name)).items()
            if (kind, name) not in keep and record.owner == owner.uid and not record.deleting
        ]

    async def secret(self, owner: Identity, name: str) -> dict[str, Any] | None:
        """One Secret of ours, `None` when it is not there; noted as a child, so that `apply` compares before it writes.

        Raises NeedsPerson when it is not ours, NotYet while it belongs to a former Microservice of the name.
        """
        try:
            found = await self.connection.send("GET", SECRET.path(owner.namespace, name))
        except ApiError as error:
            if error.code == NOT_FOUND:
                self.children.forget(SECRET.kind, owner.namespace, name)
                return None
            raise error.expected() from error
        if not _ours(owner, found):
            raise NeedsPerson(
                Reason.CONFLICT,
                f"Secret {name} exists and is not this Microservice's; it is neither read nor written; "
                "delete or rename it, or give the database another connection.secretName",
            )
        self.children.saw(SECRET.kind, found, (owner.namespace, owner.name))
        if self.children.of((owner.namespace, owner.name))[SECRET.kind, name].owner not in ("", owner.uid):
            raise NotYet(Reason.PROGRESSING, f"Secret {name} still belongs to a former Microservice", 2.0)
        return found

    async def read(self, owner: Identity, kind: str, name: str) -> dict[str, Any] | None:
        """A child of ours as it is now; `None` when it is not there or not ours."""
        try:
            found = await self.connection.send("GET", CHILDREN[kind].path(owner.namespace, name))
        except ApiError as error:
            if error.code == NOT_FOUND:
                return None
            raise error.expected() from error
        return found if _ours(owner, found) else None

    async def patch(self, owner: Identity, patch: dict[str, Any], subresource: str = "") -> dict[str, Any]:
        """Merge-patch the Microservice itself, fenced by UID.

        Raises Gone when it is another one by now, NotYet when a given resourceVersion is no longer current.
        """
        body = {**patch, "metadata": {**patch.get("metadata", {}), "uid": owner.uid}}
        path = MICROSERVICE.path(owner.namespace, owner.name, subresource)
        try:
            return await self.connection.send("PATCH", path, body=body, content_type=MERGE_PATCH)
        except ApiError as error:
            if error.code == NOT_FOUND or (error.code == CONFLICT and "uid" in error.message.lower()):
                raise Gone(str(error)) from error
            raise error.expected() from error

    async def verify_there(self, owner: Identity) -> None:
        """Raise Gone when the Microservice is not there any more, or is another one of its name.

        The watch may be late: after a break it hears of the children's end before it hears of the Microservice's.
        """
        query = {"fieldSelector": f"metadata.name={owner.name}"}
        try:
            found = await self.connection.send("GET", MICROSERVICE.path(owner.namespace), query=query)
        except ApiError as error:
            raise error.expected() from error
        if owner.uid not in [item["metadata"]["uid"] for item in found.get("items") or []]:
            raise Gone(f"Microservice {owner.name} is not there any more")

    async def _settle(self, owner: Identity, child: Wanted, record: Record | None, held: str) -> Part:
        if held or child.body is None:
            return _part(child.kind, child.name, State.PROGRESSING, Reason.PROGRESSING, held)
        try:
            events = await self._write(owner, child, record)
        except NeedsPerson as error:
            return _part(child.kind, child.name, State.STALLED, Reason(error.reason), str(error))
        except NotYet as error:
            return _part(
                child.kind,
                child.name,
                State.PROGRESSING,
                Reason(error.reason),
                str(error),
                after=error.after,
                failed=True,
            )
        return _part(child.kind, child.name, State.READY, events=events)

    async def _write(self, owner: Identity, child: Wanted, record: Record | None) -> tuple[Event, ...]:
        body = child.body or {}
        if record is None:
            try:
                return await self._create(owner, child, body)
            except ApiError as error:
                if error.code != CONFLICT or error.reason != "AlreadyExists":
                    raise error.expected() from error
            record = await self._look(owner, child)
        if record.deleting:
            raise NotYet(Reason.PROGRESSING, f"the former {child.kind} {child.name} is still being deleted", 1.0)
        if record.owner not in ("", owner.uid):
            raise NotYet(Reason.PROGRESSING, f"{child.kind} {child.name} still belongs to a former Microservice", 2.0)
        if child.once and record.owner == owner.uid:
            return ()
        wanted_hash, touched = body["metadata"]["annotations"][names.ANNOTATION_HASH], ""
        if record.hash == wanted_hash:
            if record.verified:
                return ()
            touched = drift(
                {k: v for k, v in body.items() if k not in ("kind", "apiVersion")}, orjson.loads(record.body)
            )
            if not touched:
                self.children.verified(child.kind, owner.namespace, child.name)
                return ()
            self._guard.repairs((owner.uid, child.kind, child.name), touched)
        try:
            await self._put_right(owner, child, record, touched)
        except ApiError as error:
            if error.code in (NOT_FOUND, CONFLICT):
                self.children.forget(child.kind, owner.namespace, child.name)
                raise NotYet(Reason.PROGRESSING, f"{child.kind} {child.name} changed meanwhile", 0.2) from error
            raise error.expected() from error
        if record.hash == wanted_hash:
            message = f"{child.kind} {child.name} was changed by somebody else and has been put right"
            return (Event("Normal", Reason.CHILD_UPDATED, message),)
        return ()

    async def _create(self, owner: Identity, child: Wanted, body: dict[str, Any]) -> tuple[Event, ...]:
        path = CHILDREN[child.kind].path(owner.namespace)
        if child.initial:
            body = {**body, "spec": {**body["spec"], **child.initial}}
        answer = await self.connection.send("POST", path, query={"fieldManager": names.FIELD_MANAGER}, body=body)
        self.children.wrote(child.kind, answer)
        return ()

    async def _look(self, owner: Identity, child: Wanted) -> Record:
        """Read an object that stands in the way of a POST.

        Raises NeedsPerson when it is not ours, NotYet when it has gone meanwhile.
        """
        try:
            found = await self.connection.send("GET", CHILDREN[child.kind].path(owner.namespace, child.name))
        except ApiError as error:
            if error.code == NOT_FOUND:
                raise NotYet(Reason.PROGRESSING, f"{child.kind} {child.name} changed meanwhile", 0.2) from error
            raise error.expected() from error
        if not _ours(owner, found):
            raise NeedsPerson(
                Reason.CONFLICT,
                f"{child.kind} {child.name} exists and is not this Microservice's; delete or rename it, "
                "or give the Microservice another name",
            )
        self.children.saw(child.kind, found, (owner.namespace, owner.name))
        return self.children.of((owner.namespace, owner.name))[(child.kind, child.name)]

    async def _put_right(self, owner: Identity, child: Wanted, record: Record, touched: str) -> None:
        """Apply; `touched` is the field that somebody else has changed, "" when it is our wish that has."""
        try:
            await self._apply(owner, child, record)
        except ApiError as error:
            field = touched.partition("[")[0].split(".")[1:3]
            if error.code != INVALID or len(field) < 2:  # noqa: PLR2004 such as spec.ports
                raise
            await self._replace(owner, child, record, field)

    async def _apply(self, owner: Identity, child: Wanted, record: Record) -> None:
        path = CHILDREN[child.kind].path(owner.namespace, child.name)
        if record.posted >= 0:
            entry = f"/metadata/managedFields/{record.posted}"
            upgrade = [
                {"op": "test", "path": "/metadata/uid", "value": record.uid},
                {"op": "test", "path": f"{entry}/manager", "value": names.FIELD_MANAGER},
                {"op": "test", "path": f"{entry}/operation", "value": "Update"},
                {"op": "replace", "path": f"{entry}/operation", "value": "Apply"},
            ]
            await self.connection.send("PATCH", path, body=upgrade, content_type=JSON_PATCH)
        body: dict[str, Any] = dict(child.body or {})
        if record.scale is not None and "replicas" not in body["spec"]:
            await self._hand_over_replicas(path, body, record)
        body["metadata"] = {**body["metadata"], "uid": record.uid}
        query = {"fieldManager": names.FIELD_MANAGER, "force": "true"}
        answer = await self.connection.send("PATCH", path, query=query, body=body, content_type=APPLY_PATCH)
        self.children.wrote(child.kind, answer)

    async def _replace(self, owner: Identity, child: Wanted, record: Record, field: list[str]) -> None:
        """Put right a field that an apply cannot: items that somebody else put into a list are theirs and would stay.

        A Service whose port was edited is such a case: ours beside theirs have one name. The field is replaced, and
        with it the record of who manages what, so that no foreign item has an owner but the server's defaults.
        """
        parent, name = field
        path = CHILDREN[child.kind].path(owner.namespace, child.name)
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": record.uid},
            {"op": "add", "path": f"/{parent}/{name}", "value": (child.body or {})[parent][name]},
            {"op": "replace", "path": "/metadata/managedFields", "value": [{}]},
        ]
        query = {"fieldManager": names.FIELD_MANAGER}
        answer = await self.connection.send("PATCH", path, query=query, body=patch, content_type=JSON_PATCH)
        await self._apply(owner, child, self.children.wrote(child.kind, answer))

    async def _hand_over_replicas(self, path: str, body: dict[str, Any], record: Record) -> None:
        """Let another manager own the current count first: an apply that drops a field it owns resets the field.

        Kubernetes documents this under "Transferring ownership" of server-side apply.
        """
        count = {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "metadata": {"name": body["metadata"]["name"], "uid": record.uid},
            "spec": {"replicas": record.scale},
        }
        query = {"fieldManager": f"{names.FIELD_MANAGER}-handover", "force": "true"}
        await self.connection.send("PATCH", path, query=query, body=count, content_type=APPLY_PATCH)

    async def _remove(self, owner: Identity, kind: str, name: str, record: Record) -> Part:
        body = {"preconditions": {"uid": record.uid}, "propagationPolicy": "Background"}
        try:
            await self.connection.send("DELETE", CHILDREN[kind].path(owner.namespace, name), body=body)
        except ApiError as error:
            if error.code not in (NOT_FOUND, CONFLICT):
                try:
                    raise error.expected() from error
                except OperatorError as expected:
                    return _part(
                        kind, name, State.STALLED, Reason(getattr(expected, "reason", Reason.REJECTED)), str(expected)
                    )
        self.children.forget(kind, owner.namespace, name)
        event = Event("Normal", Reason.CHILD_DELETED, f"{kind} {name} is no longer declared and has been deleted")
        return _part(kind, name, State.DELETING, events=(event,))


def _ours(owner: Identity, found: dict[str, Any]) -> bool:
    """By owner reference; without a controller, by what a stripped object still carries of us."""
    metadata = found["metadata"]
    controllers = [o for o in metadata.get("ownerReferences") or [] if o.get("controller")]
    if controllers:
        same = controllers[0]
        return bool(same["kind"] == MICROSERVICE.kind and same["name"] == owner.name)
    managers = {entry.get("manager") for entry in metadata.get("managedFields") or []}
    return names.FIELD_MANAGER in managers and names.ANNOTATION_HASH in (metadata.get("annotations") or {})


def _part(kind: str, name: str, state: State, reason: Reason = Reason.READY, message: str = "", **more: Any) -> Part:
    return Part(layer="Kubernetes", kind=kind, name=name, state=state, reason=reason, message=message, **more)
