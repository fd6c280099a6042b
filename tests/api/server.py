"""A client of the API server for these tests: it writes objects and returns the results."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from kubernetes.config import new_client_from_config

from microservice_operator.names import GROUP, VERSION

Body = Mapping[str, Any]
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class Refused(Exception):
    """The API server's own words."""


@dataclass(frozen=True)
class Server:
    """One connection; `namespace` is where Microservices of these tests live."""

    client: ApiClient
    namespace: str = "default"

    @classmethod
    @contextmanager
    def connected(cls, kubeconfig: Path) -> Iterator["Server"]:
        """A server by its kubeconfig, closed at the end."""
        client = new_client_from_config(str(kubeconfig))
        try:
            yield cls(client)
        finally:
            client.close()

    def establish(self, crd: Body) -> None:
        """Apply a CRD and wait until it is served."""
        name = crd["metadata"]["name"]
        self.apply(f"{CRDS}/{name}", crd)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            conditions = self.request("GET", f"{CRDS}/{name}")["status"].get("conditions") or []
            if {c["type"] for c in conditions if c["status"] == "True"} >= {"Established", "NamesAccepted"}:
                return
            time.sleep(0.05)
        raise AssertionError(f"{name} is not established: {conditions}")

    def create(self, body: Body, *, dry_run: bool = False) -> dict[str, Any]:
        """Create an object of ours, strictly; raises Refused."""
        return self.request("POST", self._path(body), body, dry_run=dry_run)

    def replace(self, body: Body, *, dry_run: bool = False) -> dict[str, Any]:
        """Replace a test object, in any version; raises Refused."""
        return self.request("PUT", self._path(body, named=True), body, dry_run=dry_run)

    def merge(self, body: Body, patch: Body) -> dict[str, Any]:
        """Merge a patch into an object of ours; raises Refused."""
        return self.request("PATCH", self._path(body, named=True), patch, "application/merge-patch+json")

    def apply(self, path: str, body: Body) -> dict[str, Any]:
        """Apply an object server-side at `path`."""
        return self.request("PATCH", f"{path}?fieldManager=tests&force=true", body, "application/apply-patch+yaml")

    def delete(self, body: Body) -> None:
        """Delete a test object, if it exists."""
        try:
            self.request("DELETE", self._path(body, named=True))
        except Refused as error:
            if "not found" not in str(error):
                raise

    def read(self, body: Body, subresource: str = "") -> dict[str, Any]:
        """An object of ours as it is stored."""
        return self.request("GET", self._path(body, named=True) + subresource)

    def request(
        self, method: str, path: str, body: Body | None = None, content_type: str = "", *, dry_run: bool = False
    ) -> dict[str, Any]:
        """One request; raises Refused with the message of the answer."""
        query = {"fieldValidation": "Strict"} if method != "GET" else {}
        query |= {"dryRun": "All"} if dry_run else {}
        url = f"{self.client.configuration.host}{path}{'&' if '?' in path else '?'}{urlencode(query)}"
        headers = {"Accept": "application/json", "Content-Type": content_type or "application/json"}
        response = self.client.call_api(method, url, headers, body)
        answer: dict[str, Any] = json.loads(response.read())
        if response.status >= 300:
            raise Refused(answer["message"])
        return answer

    def _path(self, body: Body, *, named: bool = False) -> str:
        plural = body["kind"].lower() + "s"
        scope = f"namespaces/{self.namespace}/" if body["kind"] == "Microservice" else ""
        name = f"/{body['metadata']['name']}" if named else ""
        return f"/apis/{GROUP}/{VERSION}/{scope}{plural}{name}"
