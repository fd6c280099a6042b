"""Which container keeps a Microservice's pods from being ready, and why: kept by a watch on our pods.

Messages hold no counter and no name of a pod, and the flicker between pulling, failing and backing off is one reason,
so that an unchanged trouble is an unchanged status.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .. import names
from ..facts import Reason

Key = tuple[str, str]

PULLING = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
ENDED = frozenset({"Succeeded", "Failed"})
LOST_NODE = 60.0  # seconds beyond its grace period after which a pod that does not go is not waited for
CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What one container suffers from."""

    reason: Reason
    message: str


def trouble(pod: Mapping[str, Any]) -> Trouble | None:
    """The first container of a pod that fails, by what a person can do about it."""
    status = pod.get("status") or {}
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        found = _container_trouble(container)
        if found:
            return found
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return Trouble(
                Reason.ROLLOUT_PROGRESSING, "a pod finds no node; add nodes, or lower requests and constraints"
            )
    return None


def _container_trouble(container: Mapping[str, Any]) -> Trouble | None:
    name = container["name"]
    waiting = container.get("state", {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in PULLING:
        return Trouble(
            Reason.IMAGE_UNAVAILABLE,
            f"container {name} cannot pull image {container.get('image', '')}; "
            "check its name and tag, and imagePullSecrets",
        )
    if reason in CONFIG:
        return Trouble(Reason.CONTAINER_FAILING, f"container {name} cannot start: {waiting.get('message', reason)}")
    last = container.get("lastState", {}).get("terminated") or container.get("state", {}).get("terminated") or {}
    if reason == "CrashLoopBackOff" or (last and last.get("exitCode") and not container.get("ready")):
        why = "was killed for exceeding its memory limit; raise resources.limits.memory"
        if last.get("reason") != "OOMKilled":
            why = f"exits with code {last.get('exitCode', 'unknown')}; read its log with kubectl logs --previous"
        return Trouble(Reason.CONTAINER_FAILING, f"container {name} {why}")
    return None


class Pods:
    """The troubles of all pods, by owner; `changed` is called with the owner's key when they change."""

    def __init__(self, changed: Callable[[Key], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Start empty; `clock` gives seconds."""
        self._by_owner: dict[Key, dict[str, Trouble]] = {}
        self._alive: dict[Key, dict[str, float]] = {}
        self._changed = changed
        self._clock = clock

    def trouble(self, owner: Key, reasons: frozenset[Reason] | None = None) -> Trouble | None:
        """The trouble to show for one Microservice: a failing container before a waiting pod."""
        found = sorted(self._by_owner.get(owner, {}).values(), key=lambda t: (t.reason.value, t.message))
        return next((t for t in found if reasons is None or t.reason in reasons), None)

    def alive(self, owner: Key) -> bool:
        """Whether a pod of one Microservice may still run; one that a lost node cannot end counts for a while only."""
        now = self._clock()
        return any(until > now for until in self._alive.get(owner, {}).values())

    def saw(self, pod: Mapping[str, Any]) -> None:
        """Take in a pod from the watch."""
        metadata = pod["metadata"]
        ending = "deletionTimestamp" in metadata
        self._note(metadata, None if ending else trouble(pod))
        if (pod.get("status") or {}).get("phase") in ENDED:
            self._ended(metadata)
        else:
            pods = self._alive.setdefault(_owner(metadata), {})
            grace = metadata.get("deletionGracePeriodSeconds") or 0
            until = self._clock() + grace + LOST_NODE if ending else float("inf")
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

    def _note(self, metadata: Mapping[str, Any], found: Trouble | None) -> None:
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
        self._changed(owner)


def _owner(metadata: Mapping[str, Any]) -> Key:
    return metadata.get("namespace", ""), (metadata.get("labels") or {}).get(names.LABEL_MICROSERVICE, "")
