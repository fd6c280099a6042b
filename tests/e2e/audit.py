"""The operator's requests, from the API server's audit log."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OPERATOR = "system:serviceaccount:microservice-operator-system:microservice-operator"
WRITING = {"create", "update", "patch", "delete", "deletecollection"}


def position(log: Path) -> int:
    """Where the log ends now."""
    return log.stat().st_size


def writes(log: Path, start: int) -> list[str]:
    """The operator's writes from a position on but for renewals of the Lease, as verb and path with the answer."""
    return [
        f"{line['verb']} {line['requestURI']} {line['responseStatus']['code']}"
        for line in _requests(log, start)
        if line["verb"] in WRITING and line["objectRef"]["resource"] != "leases"
    ]


def reads(log: Path, start: int) -> list[str]:
    """The operator's reads from a position on: that there are some shows that it is looked at the right one."""
    return [f"{line['verb']} {line['requestURI']}" for line in _requests(log, start) if line["verb"] not in WRITING]


def _requests(log: Path, start: int) -> Iterator[dict[str, Any]]:
    with log.open("rb") as file:
        file.seek(start)
        for line in file:
            if line.endswith(b"\n") and OPERATOR.encode() in line:
                read = json.loads(line)
                if read["user"]["username"] == OPERATOR and "responseStatus" in read:
                    yield read
