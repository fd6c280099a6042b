"""Remembers which Microservices' pods are all of what is declared now.

What leaves a spec may still be in use by the pods of the former version, which stay for as long as the new one does not
become ready. So it goes only once the Deployment of the same declaration has replaced them.
"""

from collections.abc import Hashable


class Rollouts:
    """What each Microservice declared when its rollout was last seen complete, by UID; one for the whole process.

    Empty after a restart: a pass that finds the rollout complete then asks for one more, which lets things go.
    """

    def __init__(self) -> None:
        """Know of none yet."""
        self._complete: dict[str, Hashable] = {}

    def complete(self, uid: str, declared: Hashable) -> bool:
        """Whether all pods were of this declaration at the end of the last pass."""
        return self._complete.get(uid) == declared

    def note(self, uid: str, declared: Hashable, *, complete: bool) -> None:
        """Note how a pass has found the rollout of a declaration."""
        if complete:
            self._complete[uid] = declared
        else:
            self._complete.pop(uid, None)

    def clear(self) -> None:
        """Somebody else has led meanwhile: as after a restart."""
        self._complete.clear()

    def forget(self, uid: str) -> None:
        """A Microservice is gone."""
        self._complete.pop(uid, None)
