"""Records why a Microservice's pods are not ready, and whether any may still run; a watch on our pods updates it."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from ..facts import Reason, Trouble
from .pod_problems import is_over, trouble

Key = tuple[str, str]
LABEL_JOB = "batch.kubernetes.io/job-name"
LOST_NODE = 60.0  # seconds beyond its grace period after which the operator no longer waits for a pod to end


@dataclass(frozen=True, slots=True)
class Pod:
    """What is kept of one pod: its trouble and, for a pod of a Job, that Job and whether a container may run.

    `scheduled` says that the Job is a run of a scheduled job, not a migration.
    """

    trouble: Trouble | None = None
    job: str = ""
    alive: bool = False
    scheduled: bool = False

    @property
    def news(self) -> tuple[Trouble | None, str, bool]:
        """The part whose change starts a reconciliation.

        It omits a trouble that every start shows for a while; a reconciliation itself checks such troubles.
        """
        return (None if self.trouble and self.trouble.since else self.trouble), self.job, self.alive


@dataclass(frozen=True, slots=True)
class _Seen:
    """A pod as the watch showed it last; it may run until `until`, by the clock of `Pods`, 0.0 if it has ended."""

    owner: Key
    uid: str
    until: float
    shown: Pod | None


class Pods:
    """The pods by namespace and name, and by owner; `changed` is called with the owner's key on a change."""

    def __init__(self, changed: Callable[[Key], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty; `clock` returns seconds."""
        self._pods: dict[Key, _Seen] = {}
        self._owned: dict[Key, set[Key]] = {}
        self._changed = changed
        self._clock = clock

    def troubles(self, owner: Key, job: str = "") -> list[Trouble]:
        """Return the troubles of the Deployment's pods, or of one Job's; each once, in a stable order."""
        troubles = {pod.trouble for pod in self._shown(owner) if pod.trouble and pod.job == job}
        return sorted(troubles, key=lambda each: (each.reason.value, each.sentence, each.since))

    def migrating(self, owner: Key, *, on_lost_nodes: bool = True) -> set[str]:
        """Return the names of migration Jobs with a pod that may still run.

        They include Jobs of an earlier Microservice of this name, and Jobs that no longer exist. A pod on a lost node
        may still reach the database, so it counts for ever, unless `on_lost_nodes` is false: then as in `alive`.
        """
        now, seen = self._clock(), (self._pods[key] for key in self._owned.get(owner, ()))
        return {
            each.shown.job
            for each in seen
            if each.shown and each.shown.alive and not each.shown.scheduled and (on_lost_nodes or each.until > now)
        }

    def runs_job(self, owner: Key) -> bool:
        """Return whether a pod of a scheduled job may still run."""
        return any(pod.scheduled and pod.alive for pod in self._shown(owner))

    def alive(self, owner: Key) -> bool:
        """Return whether a pod of one Microservice may still run.

        A pod that cannot end because its node is lost counts for LOST_NODE seconds beyond its grace period.
        """
        now = self._clock()
        return any(self._pods[key].until > now for key in self._owned.get(owner, ()))

    def unseen(self, owner: Key, listed: Iterable[Mapping[str, Any]]) -> bool:
        """Return whether one of the listed pods may still run and no event has shown it yet.

        The cache alone cannot tell that no pod runs: while the watch is interrupted, new pods are not in it.
        """
        shown_uids = {self._pods[key].uid for key in self._owned.get(owner, ()) if self._pods[key].until}
        return any(not is_over(pod) and pod["metadata"]["uid"] not in shown_uids for pod in listed)

    def saw(self, pod: Mapping[str, Any]) -> None:
        """Record a pod from the watch; its owner may be another one than before, if somebody edited the label."""
        metadata = pod["metadata"]
        key, before = _key(metadata), self._pods.get(_key(metadata))
        until = 0.0 if is_over(pod) else float("inf")
        if until and "deletionTimestamp" in metadata:
            until = self._clock() + (metadata.get("deletionGracePeriodSeconds") or 0) + LOST_NODE
        if before and before.uid == metadata["uid"] and before.until:
            until = min(until, before.until)
        self._keep(key, _Seen(_owner(metadata), metadata["uid"], until, _kept(pod)))

    def lost(self, pod: Mapping[str, Any]) -> None:
        """Forget a pod that no longer exists, unless another one has its name by now."""
        key = _key(pod["metadata"])
        if key in self._pods and self._pods[key].uid == pod["metadata"].get("uid", self._pods[key].uid):
            self._keep(key, None)

    def _shown(self, owner: Key) -> Iterator[Pod]:
        return (pod for key in self._owned.get(owner, ()) if (pod := self._pods[key].shown))

    def _keep(self, key: Key, new: _Seen | None) -> None:
        """Replace what is kept of one pod, and report the change to its owner, and to its former owner."""
        old = self._pods.pop(key, None)
        if old:
            self._owned[old.owner].discard(key)
            if not self._owned[old.owner]:
                del self._owned[old.owner]
        if new and (new.until or new.shown):
            self._pods[key] = new
            self._owned.setdefault(new.owner, set()).add(key)
        for owner in {entry.owner for entry in (old, new) if entry}:
            before, after = (entry if entry and entry.owner == owner else None for entry in (old, new))
            if _news(before) != _news(after) or (before and before.until and not self._runs(owner)):
                self._changed(owner)

    def _runs(self, owner: Key) -> bool:
        return any(self._pods[key].until for key in self._owned.get(owner, ()))


def _news(entry: _Seen | None) -> tuple[Trouble | None, str, bool]:
    return ((entry and entry.shown) or Pod()).news


def _key(metadata: Mapping[str, Any]) -> Key:
    return metadata.get("namespace", ""), metadata["name"]


def _owner(metadata: Mapping[str, Any]) -> Key:
    return metadata.get("namespace", ""), (metadata.get("labels") or {}).get(names.LABEL_MICROSERVICE, "")


def _kept(pod: Mapping[str, Any]) -> Pod | None:
    """Return what to keep of a pod, `None` if nothing.

    A pod of the Deployment counts while it may serve: a dead one can stay for weeks, and says nothing about running
    ones. Failed pods of a Job count, because they show why it failed.
    """
    labels, leaving = pod["metadata"].get("labels") or {}, "deletionTimestamp" in pod["metadata"]
    if names.LABEL_MIGRATION in labels:
        job = labels.get(LABEL_JOB) or labels.get("job-name") or pod["metadata"]["name"]
        return Pod(_endless(pod, job) if leaving else trouble(pod), job, alive=not is_over(pod))
    if names.LABEL_JOB in labels:
        ended = is_over(pod)
        return Pod(trouble(pod) if ended else None, labels.get(LABEL_JOB, ""), alive=not ended, scheduled=True)
    problem = None if leaving or is_over(pod) else trouble(pod)
    return Pod(problem) if problem else None


def _endless(pod: Mapping[str, Any], job: str) -> Trouble | None:
    """Say that a pod of a migration does not end, from LOST_NODE seconds after the end of its grace period.

    Kubernetes sets deletionTimestamp to that end.
    """
    if is_over(pod):
        return None
    return Trouble(
        Reason.MIGRATION_RUNNING,
        "has a pod that does not end; its node may be lost, and the pod may still write to the database",
        f"if the node is down for good, run kubectl delete pod --force -l {LABEL_JOB}={job}",
        since=pod["metadata"]["deletionTimestamp"],
        patience=LOST_NODE,
    )
