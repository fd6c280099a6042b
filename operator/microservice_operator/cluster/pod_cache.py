"""What keeps a Microservice's pods from being ready, and whether any may still run: kept by a watch on our pods."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from ..facts import Trouble
from .pod_problems import is_over, trouble

Key = tuple[str, str]
LABEL_JOB = "batch.kubernetes.io/job-name"
LOST_NODE = 60.0  # seconds beyond its grace period after which a pod that does not go is not waited for


@dataclass(frozen=True, slots=True)
class Pod:
    """What is kept of one: its trouble and, for that of a migration, the Job and whether a container may still run."""

    trouble: Trouble | None = None
    job: str = ""
    alive: bool = False

    @property
    def news(self) -> tuple[Trouble | None, str, bool]:
        """What is worth a pass: not what every start shows for a while, which a pass looks for by itself."""
        return (None if self.trouble and self.trouble.since else self.trouble), self.job, self.alive


class Pods:
    """The pods of which something is to be said, by owner; `changed` is called with its key when that changes."""

    def __init__(self, changed: Callable[[Key], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty; `clock` gives seconds."""
        self._by_owner: dict[Key, dict[str, Pod]] = {}
        self._alive: dict[Key, dict[str, float]] = {}
        self._changed = changed
        self._clock = clock

    def troubles(self, owner: Key, job: str = "") -> list[Trouble]:
        """Those of the Deployment's pods, or of one migration Job's, each once and always in the same order."""
        found = {pod.trouble for pod in self._by_owner.get(owner, {}).values() if pod.trouble and pod.job == job}
        return sorted(found, key=lambda each: (each.reason.value, each.sentence, each.since))

    def migrating(self, owner: Key) -> set[str]:
        """Names of the Jobs that still have a pod which may run, whoever's they are and whether they are there."""
        return {pod.job for pod in self._by_owner.get(owner, {}).values() if pod.alive}

    def alive(self, owner: Key) -> bool:
        """Whether a pod of one Microservice may still run; one that a lost node cannot end counts for a while only."""
        now = self._clock()
        return any(until > now for until in self._alive.get(owner, {}).values())

    def saw(self, pod: Mapping[str, Any]) -> None:
        """Take in a pod from the watch."""
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
        """Forget a pod that is gone."""
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
    """What is to be kept of a pod, if anything.

    One of the Deployment counts while it may serve: a dead one stays for weeks and says nothing of those that run. Of
    a migration the attempts that failed say why.
    """
    labels, leaving = pod["metadata"].get("labels") or {}, "deletionTimestamp" in pod["metadata"]
    if names.LABEL_MIGRATION in labels:
        job = labels.get(LABEL_JOB) or labels.get("job-name") or pod["metadata"]["name"]
        return Pod(None if leaving else trouble(pod), job, alive=not is_over(pod))
    found = None if leaving or is_over(pod) else trouble(pod)
    return Pod(found) if found else None
