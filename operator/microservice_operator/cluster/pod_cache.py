"""Records why a Microservice's pods are not ready, and whether any may still run; a watch on our pods updates it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from ..facts import Trouble
from .pod_problems import is_over, trouble

Key = tuple[str, str]
LABEL_JOB = "batch.kubernetes.io/job-name"
LOST_NODE = 60.0  # seconds beyond its grace period after which the operator no longer waits for a pod to end


@dataclass(frozen=True, slots=True)
class Pod:
    """What is kept of one pod: its trouble and, for a pod of a migration, the Job and whether a container may run."""

    trouble: Trouble | None = None
    job: str = ""
    alive: bool = False

    @property
    def news(self) -> tuple[Trouble | None, str, bool]:
        """The part whose change starts a reconciliation.

        It omits a trouble that every start shows for a while; a reconciliation itself checks such troubles.
        """
        return (None if self.trouble and self.trouble.since else self.trouble), self.job, self.alive


class Pods:
    """The pods that have something to report, by owner; `changed` is called with the owner's key on a change."""

    def __init__(self, changed: Callable[[Key], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty; `clock` returns seconds."""
        self._by_owner: dict[Key, dict[str, Pod]] = {}
        self._alive: dict[Key, dict[str, float]] = {}
        self._changed = changed
        self._clock = clock

    def troubles(self, owner: Key, job: str = "") -> list[Trouble]:
        """Return the troubles of the Deployment's pods, or of one migration Job's; each once, in a stable order."""
        found = {pod.trouble for pod in self._by_owner.get(owner, {}).values() if pod.trouble and pod.job == job}
        return sorted(found, key=lambda each: (each.reason.value, each.sentence, each.since))

    def migrating(self, owner: Key) -> set[str]:
        """Return the names of Jobs with a pod that may still run.

        They include Jobs of an earlier Microservice of this name, and Jobs that no longer exist.
        """
        return {pod.job for pod in self._by_owner.get(owner, {}).values() if pod.alive}

    def alive(self, owner: Key) -> bool:
        """Return whether a pod of one Microservice may still run.

        A pod that cannot end because its node is lost counts for LOST_NODE seconds beyond its grace period.
        """
        now = self._clock()
        return any(until > now for until in self._alive.get(owner, {}).values())

    def unseen(self, owner: Key, listed: Iterable[Mapping[str, Any]]) -> bool:
        """Return whether one of the listed pods may still run and no event has shown it yet.

        The cache alone cannot tell that no pod runs: while the watch is interrupted, new pods are not in it.
        """
        seen = self._alive.get(owner, {})
        return any(not is_over(pod) and pod["metadata"]["name"] not in seen for pod in listed)

    def saw(self, pod: Mapping[str, Any]) -> None:
        """Record a pod from the watch."""
        metadata = pod["metadata"]
        self._note(metadata, _kept(pod))
        if is_over(pod):
            self._ended(metadata)
        else:
            pods = self._alive.setdefault(_owner(metadata), {})
            grace = metadata.get("deletionGracePeriodSeconds") or 0
            until = self._clock() + grace + LOST_NODE if "deletionTimestamp" in metadata else float("inf")
            pods[metadata["name"]] = min(until, pods.get(metadata["name"], until))

    def lost(self, pod: Mapping[str, Any]) -> None:
        """Forget a pod that no longer exists."""
        self._note(pod["metadata"], None)
        self._ended(pod["metadata"])

    def _ended(self, metadata: Mapping[str, Any]) -> None:
        owner = _owner(metadata)
        pods = self._alive.get(owner, {})
        if pods.pop(metadata["name"], None) is not None and not pods:
            del self._alive[owner]
            self._changed(owner)

    def _note(self, metadata: Mapping[str, Any], found: Pod | None) -> None:
        owner = _owner(metadata)
        before = self._by_owner.get(owner, {}).get(metadata["name"])
        if found == before:
            return
        if found is None:
            self._by_owner[owner].pop(metadata["name"])
            if not self._by_owner[owner]:
                del self._by_owner[owner]
        else:
            self._by_owner.setdefault(owner, {})[metadata["name"]] = found
        if (found or Pod()).news != (before or Pod()).news:
            self._changed(owner)


def _owner(metadata: Mapping[str, Any]) -> Key:
    return metadata.get("namespace", ""), (metadata.get("labels") or {}).get(names.LABEL_MICROSERVICE, "")


def _kept(pod: Mapping[str, Any]) -> Pod | None:
    """Return what to keep of a pod, `None` if nothing.

    A pod of the Deployment counts while it may serve: a dead one can stay for weeks, and says nothing about running
    ones. Failed pods of a migration count, because they show why the migration failed.
    """
    labels, leaving = pod["metadata"].get("labels") or {}, "deletionTimestamp" in pod["metadata"]
    if names.LABEL_MIGRATION in labels:
        job = labels.get(LABEL_JOB) or labels.get("job-name") or pod["metadata"]["name"]
        return Pod(None if leaving else trouble(pod), job, alive=not is_over(pod))
    found = None if leaving or is_over(pod) else trouble(pod)
    return Pod(found) if found else None
