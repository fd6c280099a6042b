"""PURE: when the passwords of a database are rotated, and how a fleet of databases takes turns.

A rotation rolls the pods of a service. So those of different services begin at different times: each interval is
shortened by a share that depends on the UID, and rotations that are due begin one after the other.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .. import names
from ..api.stores import Database, seconds
from ..database_connection import Rotated
from ..raw_objects import text

if TYPE_CHECKING:  # its module reaches servers; here its logins are only read
    from ..postgres.models import KnownLogins

_AT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
SHARE = 0.1  # of the interval, by which the first of a fleet is before the last
TURN_SECONDS = 10.0  # between the beginnings of two rotations of the whole cluster: 1,000 take less than three hours
_DOUBLED = 8  # times: 43 minutes
_SKEW = timedelta(hours=1)  # a later time was not written by a clock that is a little ahead


class Waiter(NamedTuple):
    """A database whose rotation is due."""

    namespace: str
    uid: str
    database: str


class RotationTurns:
    """Lets rotations begin one after the other; one for the whole process.

    Nobody can reserve a turn: who asks first gets the next one. A namespace that had one lets each other namespace that
    waits go first, and a rotation that begins again, because it did not come to its end, waits twice as long each time.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._waiting: dict[str, dict[Waiter, None]] = {}
        self._next = float("-inf")
        self._next_of: dict[str, float] = {}  # by namespace
        self._begun: dict[Waiter, tuple[int, float]] = {}  # how often, and when it may begin again

    def take(self, waiter: Waiter, now: float) -> float:
        """Take the turn and return 0, or return the seconds to wait; `now` is in seconds of any clock."""
        waiting = self._waiting.setdefault(waiter.namespace, {})
        waiting.setdefault(waiter)
        times, again = self._begun.get(waiter, (0, float("-inf")))
        left = max(self._next, self._next_of.get(waiter.namespace, self._next), again) - now
        if left > 0:
            before = list(waiting).index(waiter) * len(self._waiting)
            return max(left, before * TURN_SECONDS)
        self._leave(waiter)
        self._next = now + TURN_SECONDS
        others = len(self._waiting.keys() - {waiter.namespace})
        self._next_of = {namespace: time for namespace, time in self._next_of.items() if time > now}
        self._next_of[waiter.namespace] = now + TURN_SECONDS * (1 + others)
        self._begun[waiter] = times + 1, now + TURN_SECONDS * 2 ** min(times, _DOUBLED)
        return 0.0

    def over(self, waiter: Waiter) -> None:
        """Forget a rotation that is not due any more."""
        self._leave(waiter)
        self._begun.pop(waiter, None)

    def forget(self, uid: str) -> None:
        """Forget the rotations of a Microservice that is gone."""
        known = [*self._begun, *(waiter for waiting in self._waiting.values() for waiter in waiting)]
        for waiter in [waiter for waiter in known if waiter.uid == uid]:
            self.over(waiter)

    def clear(self) -> None:
        """Forget everything, because another process has led meanwhile."""
        self._waiting.clear()
        self._begun.clear()

    def _leave(self, waiter: Waiter) -> None:
        waiting = self._waiting.get(waiter.namespace, {})
        waiting.pop(waiter, None)
        if not waiting:
            self._waiting.pop(waiter.namespace, None)


def requested(annotations: Mapping[str, str]) -> str:
    """Return the value of the annotation that requests a rotation, bounded as the schema of status bounds it."""
    return annotations.get(names.ANNOTATION_ROTATE, "")[:253]


def due(logins: "KnownLogins", request: str, left: float | None) -> Literal["", "owner", "both"]:
    """Return which passwords must be rotated; `left` are the seconds until the interval has passed, if there is one.

    The Secret of the service counts: if only it was written, the owner's password is still to be rotated. Unknown
    passwords are not rotated but made again.
    """
    if logins.runtime is None or logins.owner is None:
        return ""
    if (request and logins.runtime.rotated.request != request) or (left is not None and left <= 0):
        return "both"
    return "owner" if logins.owner.rotated != logins.runtime.rotated else ""


def seconds_left(spec: Database, logins: "KnownLogins", uid: str, now: datetime) -> float | None:
    """Return the seconds until the interval has passed, `None` without an interval or a known beginning."""
    interval = spec.credentials.rotation_interval if spec.credentials else None
    recorded_at = logins.runtime.rotated.at if logins.runtime else ""
    times = [time for time in map(moment, (recorded_at, logins.since)) if time]
    began = next((time for time in times if time <= now + _SKEW), times[0] if times else None)
    if interval is None or began is None:
        return None
    share = int(names.short_hash(uid, spec.name), 16) / 16**8
    return (min(began, now) + timedelta(seconds=seconds(interval) * (1 - SHARE * share)) - now).total_seconds()


def begins(now: datetime, request: str, logins: "KnownLogins") -> Rotated:
    """Return what the Secrets record of a rotation that begins now; an interrupted one is completed as it began."""
    earlier = logins.runtime.rotated.request if logins.runtime else ""
    return Rotated(now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), request or earlier)


def moment(time: str) -> datetime | None:
    """Parse an RFC 3339 time of a Secret, which somebody may have edited."""
    try:
        parsed = datetime.fromisoformat(time)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


def recorded(annotations: Mapping[str, Any]) -> Rotated:
    """Return what the annotations of a Secret record of the rotation of its password."""
    at, request = (text(annotations, name) for name in (names.ANNOTATION_ROTATED_AT, names.ANNOTATION_ROTATION_REQUEST))
    return Rotated(at if _AT.fullmatch(at) and moment(at) else "", request[:253])


def of_another_rotation(pods: Iterable[Mapping[str, Any]], database: str, at: str) -> bool:
    """Return whether a listed pod that may run did not start with the password of this rotation.

    Pods of migrations use the owner's login only.
    """
    for pod in pods:
        metadata = pod["metadata"]
        if names.LABEL_MIGRATION in (metadata.get("labels") or {}):
            continue
        if (metadata.get("annotations") or {}).get(names.rotated_at(database), "") != at:
            return True
    return False
