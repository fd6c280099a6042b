"""The few API calls that starting a cluster needs; importing a client library would take a second."""

import http.client
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ClusterError

CONFLICT = 409
SECOND = 1.0


@dataclass(frozen=True)
class ApiServer:
    """One API server, and the folder that holds the administrator's certificate for it."""

    address: str
    port: int
    pki: Path

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """One request: the status and the text of the answer."""
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        connection = http.client.HTTPSConnection(self.address, self.port, timeout=5, context=context)
        try:
            text = None if body is None else json.dumps(body)
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            connection.request(method, path, text, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def create(self, path: str, body: dict[str, Any]) -> None:
        """Create an object, unless it exists."""
        status, text = self.call("POST", path, body)
        if status >= http.client.BAD_REQUEST and status != CONFLICT:
            raise ClusterError(f"the API server refused {body['kind']} {body['metadata']['name']}: {text}")

    def answers(self, path: str) -> bool:
        """Whether this path exists and is well."""
        try:
            return self.call("GET", path)[0] == http.client.OK
        except OSError:  # not listening yet
            return False

    def read(self, path: str) -> Any:
        """The object at this path; None if it or the server does not exist."""
        try:
            status, text = self.call("GET", path)
        except OSError:
            return None
        return json.loads(text) if status == http.client.OK else None


def wait_until(condition: Callable[[], bool], what: str, seconds: float, alive: Callable[[], str | None]) -> None:
    """Wait until `condition` holds; give up in time, and at once when `alive` names a process that ended."""
    deadline = time.monotonic() + seconds
    while not condition():
        if (ended := alive()) is not None:
            raise ClusterError(f"{what}: {ended}")
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not within {seconds:.0f} seconds")
        time.sleep(0.1)
