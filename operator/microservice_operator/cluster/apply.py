"""Brings children to their desired state with as few requests as possible, and prunes undeclared ones.

A new child is created with POST: it costs the server half as much as an apply, and it detects a foreign object of the
same name instead of overwriting it. Every later write is a server-side apply, guarded by UID (`apply_requests`).
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from .. import names
from ..api.parsing import Identity
from ..concurrency import side_by_side
from ..errors import Gone, NeedsPerson, NotYet, OperatorError
from ..facts import Event, Part, Reason, State
from .api_client import CONFLICT, MERGE_PATCH, NOT_FOUND, ApiError, Connection, items
from .api_errors import Changed, is_another
from .apply_requests import ChildRequests, compared, difference
from .child_cache import Children, Record
from .drift import drift
from .fight_guard import Fought, Guard
from .kinds import CHILDREN, MICROSERVICE, POD, SECRET

# These must be as declared before a pod starts: its identity, its network access and its logins.
BEFORE_PODS = frozenset({"ServiceAccount", "NetworkPolicy", "Secret"})
STARTS_PODS = frozenset({"Deployment", "Job", "CronJob"})
OVERRIDDEN = "something in the API server, such as an admission policy, changes {} from its declared value"


class DesiredChild(Protocol):
    """One child as this module needs it; `desired`, which is another layer, builds it."""

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
        """Why it is not written yet; "" if it must be written."""

    @property
    def once(self) -> bool:
        """Whether its spec is immutable: created, never applied again."""

    @property
    def initial(self) -> Mapping[str, Any]:
        """Fields of the spec that the operator sets only at creation."""


class Cluster:
    """Writes to one cluster, for one Microservice at a time."""

    def __init__(self, connection: Connection, children: Children) -> None:
        """Write through `connection`, and record every answer in `children`."""
        self.connection = connection
        self.children = children
        self._guard = Guard()

    async def apply(self, owner: Identity, wanted: Iterable[DesiredChild]) -> list[Part]:
        """Bring every child to its desired state; return one part per child, in the given order.

        Kinds that start pods are written last. They are held while an object that their pods need is missing or not
        ours: a foreign ServiceAccount may have a foreign role, and without a NetworkPolicy everybody can connect.
        Raises Gone if the namespace is being terminated, after all running writes have ended.
        """
        children = list(wanted)
        first = await self._together(owner, [child for child in children if child.kind in BEFORE_PODS])
        missing = next((part for part in first.values() if part.state is not State.READY), None)
        wait = (
            f"is waiting for {missing.kind} {missing.name}, which must be as declared before a pod starts"
            if missing
            else ""
        )
        others = [child for child in children if child.kind not in BEFORE_PODS]
        parts = first | await self._together(owner, others, wait)
        return [parts[child.kind, child.name] for child in children]

    async def _together(
        self, owner: Identity, children: Sequence[DesiredChild], wait: str = ""
    ) -> dict[tuple[str, str], Part]:
        """Write children concurrently, all of them even if one fails; `wait` holds those that start pods."""
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
        parts = await side_by_side(settling)
        return {(part.kind, part.name): part for part in parts}

    def forget(self, uid: str) -> None:
        """Drop what is remembered of a deleted Microservice."""
        self._guard.forget(uid)

    async def prune(self, owner: Identity, keep: Collection[tuple[str, str]]) -> list[Part]:
        """Delete the children whose kind and name are not in `keep`."""
        return [
            await self._remove(owner, kind, name, record)
            for (kind, name), record in self.children.of((owner.namespace, owner.name)).items()
            if (kind, name) not in keep and record.owner == owner.uid and not record.deleting
        ]

    async def secret(self, owner: Identity, name: str) -> dict[str, Any] | None:
        """Read one Secret of ours, `None` if it does not exist; it becomes a known child that `apply` compares first.

        Raises NeedsPerson if it is not ours, NotYet while it belongs to an earlier Microservice of the same name.
        """
        try:
            secret = await self.connection.send("GET", SECRET.path(owner.namespace, name))
        except ApiError as error:
            if error.code == NOT_FOUND:
                self.children.forget(SECRET.kind, owner.namespace, name)
                return None
            raise error.expected() from error
        if not _ours(owner, secret):
            raise NeedsPerson(
                Reason.CONFLICT,
                f"Secret {name} already exists and is not owned by this Microservice, so it is neither read nor"
                " written; delete or rename it, or set another connection.secretName for the database",
            )
        self.children.saw(SECRET.kind, secret, (owner.namespace, owner.name))
        if self.children.of((owner.namespace, owner.name))[SECRET.kind, name].owner not in ("", owner.uid):
            raise NotYet(Reason.PROGRESSING, f"Secret {name} still belongs to an earlier Microservice", 2.0)
        return secret

    async def read(self, owner: Identity, kind: str, name: str) -> dict[str, Any] | None:
        """Read the current state of a child; `None` if it does not exist or is not ours."""
        try:
            live = await self.connection.send("GET", CHILDREN[kind].path(owner.namespace, name))
        except ApiError as error:
            if error.code == NOT_FOUND:
                return None
            raise error.expected() from error
        return live if _ours(owner, live) else None

    async def patch(self, owner: Identity, patch: dict[str, Any], subresource: str = "") -> dict[str, Any]:
        """Merge-patch the Microservice itself, guarded by UID.

        Raises Gone if it was replaced by another one, NotYet if a given resourceVersion is outdated.
        """
        body = {**patch, "metadata": {**patch.get("metadata", {}), "uid": owner.uid}}
        path = MICROSERVICE.path(owner.namespace, owner.name, subresource)
        try:
            return await self.connection.send("PATCH", path, body=body, content_type=MERGE_PATCH)
        except ApiError as error:
            if is_another(error):
                raise Gone(str(error)) from error
            raise error.expected() from error

    async def verify_there(self, owner: Identity) -> None:
        """Raise Gone if the Microservice no longer exists, or was replaced by another one of the same name.

        The watch may be late: after an interruption it may report the children's deletion before the Microservice's.
        """
        query = {"fieldSelector": f"metadata.name={owner.name}"}
        try:
            answer = await self.connection.send("GET", MICROSERVICE.path(owner.namespace), query=query)
        except ApiError as error:
            raise error.expected() from error
        if owner.uid not in [item["metadata"]["uid"] for item in items(answer)]:
            raise Gone(f"Microservice {owner.name} no longer exists")

    async def pods(self, owner: Identity) -> AsyncIterator[list[dict[str, Any]]]:
        """List the pods of a Microservice by pages, also those that the watch has not shown yet."""
        try:
            async for page in self.connection.pages(
                POD.path(owner.namespace), {"labelSelector": names.pods_of(owner.name)}
            ):
                yield items(page)
        except ApiError as error:
            raise error.expected() from error

    async def _settle(self, owner: Identity, child: DesiredChild, record: Record | None, held: str) -> Part:
        if held or child.body is None:
            return _part(child.kind, child.name, State.PROGRESSING, Reason.PROGRESSING, held)
        try:
            record, events = await self._write(owner, child, record)
            self._guard.rests((owner.uid, child.kind, child.name))
        except NeedsPerson as error:
            after = error.after if isinstance(error, Fought) else None
            return _part(child.kind, child.name, State.STALLED, Reason(error.reason), str(error), after=after)
        except NotYet as error:
            if isinstance(error, Changed):
                self.children.forget(child.kind, owner.namespace, child.name)
            return _part(
                child.kind,
                child.name,
                State.PROGRESSING,
                Reason(error.reason),
                str(error),
                after=error.after,
                failed=True,
            )
        overridden = OVERRIDDEN.format(record.overridden.lstrip(".")) if record.overridden else ""
        return _part(child.kind, child.name, State.READY, message=overridden, events=events)

    async def _write(
        self, owner: Identity, child: DesiredChild, record: Record | None
    ) -> tuple[Record, tuple[Event, ...]]:
        """Write the child if needed; return its current record and the Events."""
        body = child.body or {}
        if record is None:
            try:
                return await self._create(owner, child, body)
            except ApiError as error:
                if error.code != CONFLICT or error.reason != "AlreadyExists":
                    raise error.expected() from error
            record = await self._look(owner, child)
        if record.deleting:
            raise NotYet(Reason.PROGRESSING, f"the old {child.kind} {child.name} is still being deleted", 1.0)
        if record.owner not in ("", owner.uid):
            raise NotYet(Reason.PROGRESSING, f"{child.kind} {child.name} still belongs to an earlier Microservice", 2.0)
        if child.once and record.owner == owner.uid:
            return record, ()
        changed = record.hash != body["metadata"]["annotations"][names.ANNOTATION_HASH]
        if record.verified and not changed:
            return record, ()
        live = None if record.verified else orjson.loads(record.body)
        touched = "" if changed or live is None else difference(child.kind, body, live)
        if not changed and not touched:
            self.children.verified(child.kind, owner.namespace, child.name)
            return record, ()
        if touched:
            self._guard.repairs((owner.uid, child.kind, child.name), touched)
        else:
            self._guard.ends((owner.uid, child.kind, child.name))
        applies = changed or bool(drift(compared(body), live))
        try:
            answer = await ChildRequests(self.connection, owner).put_right(body, record, live, applies=applies)
        except ApiError as error:
            raise error.expected() from error
        return self._told(child, answer, touched, "" if changed else record.overridden)

    def _told(
        self, child: DesiredChild, answer: dict[str, Any], touched: str = "", previous: str = ""
    ) -> tuple[Record, tuple[Event, ...]]:
        """Record an answer, and return the Events.

        `touched` is the field that another writer changed, or ""; `previous` is the field that was overridden before.
        """
        overridden = difference(child.kind, child.body or {}, answer)
        record = self.children.wrote(child.kind, answer, overridden)
        what = f"{child.kind} {child.name}"
        if overridden and overridden == previous:
            return record, ()
        if overridden:
            message = f"{what}: {OVERRIDDEN.format(overridden.lstrip('.'))}"
            return record, (Event("Warning", Reason.OVERRIDDEN, message),)
        if touched:
            message = f"{what} was changed outside the operator ({touched.lstrip('.')}); the operator restored it"
            return record, (Event("Normal", Reason.CHILD_UPDATED, message),)
        return record, ()

    async def _create(
        self, owner: Identity, child: DesiredChild, body: dict[str, Any]
    ) -> tuple[Record, tuple[Event, ...]]:
        if child.initial:
            body = {**body, "spec": {**body["spec"], **child.initial}}
        return self._told(child, await ChildRequests(self.connection, owner).create(child.kind, body))

    async def _look(self, owner: Identity, child: DesiredChild) -> Record:
        """Read the existing object that made a POST fail.

        Raises NeedsPerson if it is not ours, NotYet if it no longer exists.
        """
        try:
            live = await self.connection.send("GET", CHILDREN[child.kind].path(owner.namespace, child.name))
        except ApiError as error:
            if error.code == NOT_FOUND:
                raise Changed(child.kind, child.name) from error
            raise error.expected() from error
        if not _ours(owner, live):
            raise NeedsPerson(
                Reason.CONFLICT,
                f"{child.kind} {child.name} already exists and is not owned by this Microservice; delete or rename it, "
                "or choose another name for the Microservice",
            )
        self.children.saw(child.kind, live, (owner.namespace, owner.name))
        return self.children.of((owner.namespace, owner.name))[(child.kind, child.name)]

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
        event = Event("Normal", Reason.CHILD_DELETED, f"{kind} {name} is no longer declared; the operator deleted it")
        return _part(kind, name, State.DELETING, events=(event,))


def _ours(owner: Identity, live: dict[str, Any]) -> bool:
    """Return whether an object is ours, by its owner reference, or by our field manager and hash if it has none."""
    metadata = live["metadata"]
    controllers = [o for o in metadata.get("ownerReferences") or [] if o.get("controller")]
    if controllers:
        same = controllers[0]
        return bool(same["kind"] == MICROSERVICE.kind and same["name"] == owner.name)
    managers = {entry.get("manager") for entry in metadata.get("managedFields") or []}
    return names.FIELD_MANAGER in managers and names.ANNOTATION_HASH in (metadata.get("annotations") or {})


def _part(kind: str, name: str, state: State, reason: Reason = Reason.READY, message: str = "", **more: Any) -> Part:
    return Part(layer="Kubernetes", kind=kind, name=name, state=state, reason=reason, message=message, **more)
