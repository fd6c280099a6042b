"""Remembers the Microservices whose pods all run the current declaration.

Pods of the old version, which stay until the new one is ready, may still use what was removed from the spec. So it is
deleted or retained only after the Deployment of the same declaration has replaced them.
"""

from collections.abc import Hashable


class Rollouts:
    """Each Microservice's declaration at its last complete rollout, by UID; one instance per process.

    It is empty after a restart: a reconciliation that finds the rollout complete requests another one, which removes
    things.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._complete: dict[str, Hashable] = {}

    def complete(self, uid: str, declared: Hashable) -> bool:
        """Return whether all pods ran this declaration at the end of the last reconciliation."""
        return self._complete.get(uid) == declared

    def note(self, uid: str, declared: Hashable, *, complete: bool) -> None:
        """Record whether a reconciliation found the rollout of a declaration complete."""
        if complete:
            self._complete[uid] = declared
        else:
            self._complete.pop(uid, None)

    def clear(self) -> None:
        """Forget everything, because another process has led meanwhile."""
        self._complete.clear()

    def forget(self, uid: str) -> None:
        """Forget a deleted Microservice."""
        self._complete.pop(uid, None)
