"""The cluster's administrator: one connection to the API server, plain JSON."""

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from microservice_operator.cluster.kinds import Kind
from tests.tools.cluster import Cluster
from tests.tools.cluster.cluster import known

Body = dict[str, Any]
Found = TypeVar("Found")
JSON = "application/json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Refused(Exception):
    """The API server said no."""

    def __init__(self, code: int, status: Body) -> None:
        """Keep the code and the Status object."""
        super().__init__(f"{code}: {status.get('message', '')}")
        self.code = code
        self.status = status


class Api:
    """Requests of the administrator; those of several threads wait for each other."""

    def __init__(self, cluster: Cluster) -> None:
        """Connect when first needed."""
        pki = cluster.kubeconfig.parent / "pki"
        self._context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        self._context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._address = urlsplit(known(cluster.name).addresses.server)
        self._connection = self.connection()
        self._turn = threading.Lock()

    def connection(self) -> http.client.HTTPSConnection:
        """A new connection, for a watch."""
        host, port = self._address.hostname or "", self._address.port
        return http.client.HTTPSConnection(host, port, timeout=30, context=self._context)

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def request(self, method: str, path: str, body: Any = None, content_type: str = JSON) -> Body:
        """One request; raises Refused, and OSError when there is no server."""
        text = None if body is None else json.dumps(body)
        with self._turn:
            try:
                status, raw = self._send(method, path, text, content_type)
            except (http.client.HTTPException, ConnectionError, ssl.SSLError):
                self._connection.close()  # an idle connection that the server has closed: once more
                status, raw = self._send(method, path, text, content_type)
            while status == http.client.TOO_MANY_REQUESTS:  # so it answers while a new CRD's storage is made
                time.sleep(0.2)
                status, raw = self._send(method, path, text, content_type)
        answer: Body = json.loads(raw)
        if status >= http.client.BAD_REQUEST:
            raise Refused(status, answer)
        return answer

    def get(self, kind: Kind, namespace: str, name: str) -> Body:
        """One object; raises Refused."""
        return self.request("GET", kind.path(namespace, name))

    def find(self, kind: Kind, namespace: str, name: str) -> Body | None:
        """One object, or None."""
        try:
            return self.get(kind, namespace, name)
        except Refused as error:
            if error.code != http.client.NOT_FOUND:
                raise
            return None

    def items(self, kind: Kind, namespace: str) -> list[Body]:
        """All objects of a kind in a namespace."""
        found: list[Body] = self.request("GET", kind.path(namespace))["items"]
        return found

    def create(self, kind: Kind, body: Mapping[str, Any]) -> Body:
        """Create an object where its metadata says."""
        path = kind.path(body["metadata"].get("namespace", ""))
        return self.request("POST", path, {"apiVersion": kind.api_version, "kind": kind.kind, **body})

    def apply(self, kind: Kind, body: Mapping[str, Any]) -> Body:
        """Create an object or make it so."""
        path = kind.path(body["metadata"].get("namespace", ""), body["metadata"]["name"])
        whole = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
        return self.request("PATCH", f"{path}?fieldManager=tests&force=true", whole, APPLY)

    def merge(self, kind: Kind, at: tuple[str, str], patch: Mapping[str, Any], subresource: str = "") -> Body:
        """Merge a patch into the object of this namespace and name."""
        path = kind.path(*at, subresource)
        return self.request("PATCH", f"{path}?fieldManager=somebody", patch, MERGE)

    def patch(self, kind: Kind, at: tuple[str, str], patch: Mapping[str, Any]) -> Body:
        """Patch an object as kubectl does: items of one name are merged, others added."""
        return self.request("PATCH", f"{kind.path(*at)}?fieldManager=somebody", patch, STRATEGIC)

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """Start to delete an object, if it exists."""
        try:
            self.request("DELETE", kind.path(namespace, name), {"propagationPolicy": "Background"})
        except Refused as error:
            if error.code != http.client.NOT_FOUND:
                raise

    def _send(self, method: str, path: str, text: str | None, content_type: str) -> tuple[int, bytes]:
        headers = {"Content-Type": content_type, "Accept": JSON}
        try:
            self._connection.request(method, path, text, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except TimeoutError:
            self._connection.close()
            raise


def until(condition: Callable[[], Found], what: str, seconds: float = 90, show: Callable[[], Any] = str) -> Found:
    """What `condition` gives once it is true; `show` says how it stood when that never came."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} seconds; {str(show())[:2000]}"
        time.sleep(0.1)
