"""Plays the kubelet: pods become ready immediately, and pods of Jobs succeed immediately.

The API server deletes a pod without a node immediately, and its status is writable. The controllers of Deployments and
Jobs do the rest.
"""

import http.client
import json
import socket
import threading
from typing import Any

from microservice_operator.cluster.kinds import POD

from .api import Api, Body, Refused


class Pods:
    """A thread that watches all pods; those of a namespace that is held stay pending."""

    def __init__(self, api: Api) -> None:
        """Start nothing yet; `api` is this thread's own."""
        self._api = api
        self._held: set[tuple[str, str]] = set()
        self._stopped = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="kubelet")

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()
        if self._socket:
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._api.close()

    def hold(self, namespace: str, owner: str) -> None:
        """Leave pods of a `Job` or `ReplicaSet` of this namespace pending from now on."""
        self._held.add((namespace, owner))

    def release(self, namespace: str, owner: str) -> None:
        """Take them up again."""
        self._held.discard((namespace, owner))
        for pod in self._api.items(POD, namespace):
            self._take_up(pod)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                self._stopped.wait(0.5)

    def _follow(self) -> None:
        listed = self._api.request("GET", POD.path())
        for pod in listed["items"]:
            self._take_up(pod)
        connection = self._api.connection()
        try:
            connection.timeout = None
            connection.request("GET", f"{POD.path()}?watch=1&resourceVersion={listed['metadata']['resourceVersion']}")
            self._socket = connection.sock
            with connection.getresponse() as answer:
                while line := answer.readline():
                    self._take_up(json.loads(line)["object"])
        finally:
            self._socket = None
            connection.close()

    def _take_up(self, pod: Body) -> None:
        if pod.get("kind") == "Status" or "deletionTimestamp" in pod["metadata"]:
            return
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        owner = next((o["kind"] for o in pod["metadata"].get("ownerReferences") or []), "")
        if pod["status"].get("phase") != "Pending" or (key[0], owner) in self._held:
            return
        try:
            self._api.merge(POD, key, {"status": _succeeded(pod) if owner == "Job" else _ready(pod)}, "status")
        except Refused:
            return  # gone, or changed meanwhile: another event comes


def _ready(pod: Body) -> dict[str, Any]:
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": pod["metadata"]["creationTimestamp"]}
    running = {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": True,
            "restartCount": 0,
            "state": running,
        }
        for container in pod["spec"]["containers"]
    ]
    return {"phase": "Running", "conditions": [condition], "containerStatuses": containers}


def _succeeded(pod: Body) -> dict[str, Any]:  # noqa: ARG001 the same shape as `_ready`
    return {"phase": "Succeeded"}
