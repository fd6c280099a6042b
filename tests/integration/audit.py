"""The operator's requests, from the API server's audit log; tests count requests only here."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True, order=True)
class Request:
    """One request: `resource` with its subresource, such as `microservices/status`."""

    verb: str
    resource: str
    namespace: str
    name: str
    code: int
    group: str = ""
    allowed: bool = True
    user_agent: str = ""

    def __str__(self) -> str:
        """As a line in the message of a test that failed."""
        return f"{self.verb} {self.resource} {self.namespace}/{self.name} → {self.code}"


class Audit:
    """The log, and whose requests are looked for."""

    def __init__(self, log: Path, user: str) -> None:
        """Read nothing yet."""
        self.log = log
        self._user = user
        self._pardons: list[tuple[int, int]] = []

    def now(self) -> int:
        """A point in the log; what is written later comes after it."""
        return self.log.stat().st_size

    def requests(self, since: int = 0) -> Iterator[Request]:
        """Requests of the operator that ended after `since`."""
        return (request for _, request in self._entries(since))

    @contextmanager
    def pardon(self) -> Iterator[None]:
        """What is forbidden meanwhile is no fault of the role: a right was taken, or the server has not read it yet."""
        start = self.now()
        try:
            yield
        finally:
            self._pardons.append((start, self.now()))

    def forbidden(self) -> list[Request]:
        """Requests that RBAC refused, but for those that are pardoned."""
        return [
            request
            for at, request in self._entries(0)
            if not request.allowed and not any(start <= at < end for start, end in self._pardons)
        ]

    def writes(self, since: int, namespace: str = "") -> list[Request]:
        """Those that write, in one namespace or in all, but for renewals of the Lease; refused ones too."""
        writes = (r for r in self.requests(since) if r.verb in WRITES and r.resource != "leases")
        return [r for r in writes if namespace in ("", r.namespace)]

    def to_children(self, since: int, namespace: str = "") -> list[Request]:
        """Writes to anything but the Microservices themselves."""
        return [write for write in self.writes(since, namespace) if not write.resource.startswith("microservices")]

    def _entries(self, since: int) -> Iterator[tuple[int, Request]]:
        position = since
        with self.log.open("rb") as log:
            log.seek(since)
            for line in log:
                if line.endswith(b"\n") and self._user.encode() in line:
                    entry = json.loads(line)
                    if entry["user"]["username"] == self._user and "objectRef" in entry:
                        yield position, _request(entry)
                position += len(line)


def _request(entry: dict[str, Any]) -> Request:
    target = entry["objectRef"]
    below = f"/{target['subresource']}" if "subresource" in target else ""
    return Request(
        verb=entry["verb"],
        resource=target["resource"] + below,
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=entry.get("responseStatus", {}).get("code", 0),
        group=target.get("apiGroup", ""),
        allowed=entry.get("annotations", {}).get("authorization.k8s.io/decision") != "forbid",
        user_agent=entry.get("userAgent", ""),
    )
