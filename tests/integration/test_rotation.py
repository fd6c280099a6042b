"""Rotation of passwords while clients work: pods change from one login to the other, and no request fails."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import CHILDREN, MICROSERVICE, POD, SECRET
from microservice_operator.database_connection import Login

from .api import Refused, until
from .namespace import IMAGE, Namespace
from .stage import Stage
from .test_databases import DATABASE, MIGRATED, OWNER, orders

SERVES = "tests.example/serves"
GRACE = 1.5  # seconds in which a pod that terminates still works and connects
LIFETIME = 5  # requests of a pooled session, then it is replaced: each pod logs in all the time


class PooledPod:
    """The work of one pod: it reads the Secret at its start only, and keeps a pool of two sessions."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        """Open no session yet."""
        self._connect = connect
        self._pool: list[tuple[psycopg.Connection[Any], int]] = []
        self.ends: float | None = None

    def request(self) -> None:
        """Write one row, with a session of the pool or a new one."""
        session, left = self._pool.pop(0) if len(self._pool) > 1 else (self._connect(), LIFETIME)
        session.execute("INSERT INTO t DEFAULT VALUES")
        if left > 1:
            self._pool.append((session, left - 1))
        else:
            session.close()

    def close(self) -> None:
        """The pod has ended."""
        for session, _ in self._pool:
            session.close()


@dataclass
class Load:
    """Clients in all pods of a namespace: a thread that plays the kubelet for their processes.

    A finalizer keeps a pod that terminates until its grace period is over, as a kubelet does.
    """

    stage: Stage
    namespace: Namespace
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    logins: set[str] = field(default_factory=set)
    _pods: dict[str, PooledPod] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look at the pods, then let each of them work."""
        looked = 0.0
        while not self._stopped.is_set():
            if time.monotonic() - looked > 0.2:
                self._look()
                looked = time.monotonic()
            for pod in self._pods.values():
                try:
                    pod.request()
                except psycopg.Error as error:
                    self.failures.append(str(error))
                self.requests += 1
            self._stopped.wait(0.01)
        for pod in self._pods.values():
            pod.close()

    def stop(self) -> None:
        """End the thread's work."""
        self._stopped.set()

    def _look(self) -> None:
        listed = {pod["metadata"]["name"]: pod for pod in self.stage.api.items(POD, self.namespace.name)}
        for name in [name for name in self._pods if name not in listed]:
            self._pods.pop(name).close()
        for name, pod in listed.items():
            leaving = "deletionTimestamp" in pod["metadata"]
            if name not in self._pods and pod["status"].get("phase") == "Running" and not leaving:
                self._start(name)
            elif leaving and name in self._pods:
                self._end(name)

    def _start(self, name: str) -> None:
        try:
            self.stage.api.merge(POD, (self.namespace.name, name), {"metadata": {"finalizers": [SERVES]}})
        except Refused:
            return
        secret = self.namespace.secret(DATABASE)
        login = Login(secret["username"], secret["password"])
        self.logins.add(login.username)
        parameters = self.stage.postgres.parameters(login, secret["database"])
        self._pods[name] = PooledPod(lambda: psycopg.connect(**parameters, autocommit=True))

    def _end(self, name: str) -> None:
        pod = self._pods[name]
        pod.ends = pod.ends or time.monotonic() + GRACE
        if time.monotonic() > pod.ends:
            self._pods.pop(name).close()
            self.stage.api.merge(POD, (self.namespace.name, name), {"metadata": {"finalizers": None}})


@contextmanager
def under_load(stage: Stage, namespace: Namespace) -> Iterator[Load]:
    load = Load(stage, namespace)
    thread = threading.Thread(target=load.run, daemon=True, name="load")
    thread.start()
    try:
        yield load
    finally:
        load.stop()
        thread.join(10)
        for pod in stage.api.items(POD, namespace.name):
            stage.api.merge(POD, (namespace.name, pod["metadata"]["name"]), {"metadata": {"finalizers": None}})


def rotate(namespace: Namespace, value: str) -> None:
    namespace.annotate("order", names.ANNOTATION_ROTATE, value)


def until_rotated(namespace: Namespace, value: str) -> dict[str, Any]:
    """Wait until a request is carried out; the entry in the status."""

    def handled() -> bool:
        return bool(namespace.read("order")["status"].get("lastHandledRotateAt") == value)

    until(handled, f"rotation {value} is not carried out", show=lambda: namespace.read("order").get("status"))
    (entry,) = namespace.read("order")["status"]["credentials"]
    return dict(entry)


def message(namespace: Namespace) -> str:
    resources = namespace.read("order")["status"].get("resources") or []
    return next((each.get("message", "") for each in resources if each["kind"] == "Database"), "")


def enters(stage: Stage, secret: dict[str, str]) -> bool:
    try:
        return bool(stage.log_in(secret))
    except psycopg.OperationalError:
        return False


def test_no_request_fails_while_passwords_rotate(
    stage: Stage, namespace: Namespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two rotations, and the operator dies during the second."""
    namespace.create("order", replicas=2, **orders())
    namespace.until_ready("order")
    first, owner = namespace.secret(DATABASE), namespace.secret(OWNER)
    generation = namespace.there("Deployment", "order")["metadata"]["generation"]
    assert "credentials" not in namespace.read("order")["status"]
    stage.postgres.run("CREATE TABLE t (id serial)", first["database"], Login(owner["username"], owner["password"]))
    # the table is made here and not by a migration, so its rights come with the next reconciliation
    namespace.ask("order")
    with under_load(stage, namespace) as load:
        until(lambda: load.requests > 50, "the pods do not work")
        rotate(namespace, "one")
        entry = until_rotated(namespace, "one")
        second = namespace.secret(DATABASE)
        assert entry["login"] == second["username"] == f"{first['username']}2"
        assert entry["rotatedAt"]
        assert not enters(stage, first)
        assert not enters(stage, owner)
        assert enters(stage, namespace.secret(OWNER))

        rotate(namespace, "two")
        until(lambda: namespace.secret(DATABASE) != second, "the Secret does not change")
        stage.operator.restart()
        entry = until_rotated(namespace, "two")
        third = namespace.secret(DATABASE)
        assert entry["login"] == third["username"] == first["username"]
        assert third["password"] != first["password"]
        assert not enters(stage, second)
        until(lambda: load.logins == {first["username"], second["username"]}, "the pods do not work")
    with capsys.disabled():
        print(f"\n… {load.requests} requests during two rotations, {len(load.failures)} failed")
    assert (load.failures, load.requests > 300) == ([], True)
    namespace.until_ready("order")
    assert namespace.there("Deployment", "order")["metadata"]["generation"] == generation + 2
    # the operator may die before it posts what it has done
    closed = [event for event in namespace.events("PasswordRotated") if "is no longer valid" in event["message"]]
    assert len(closed) == 2
    passwords = {secret["password"] for secret in (first, second, third, owner)}
    assert not [password for password in passwords if password in str(namespace.read("order"))]

    # nothing is left to do, also after a restart
    namespace.ask("order")
    mark = stage.audit.now()
    stage.operator.restart()
    namespace.ask("order")
    said = stage.postgres.statements()
    stage.idle(1)
    assert stage.postgres.statements() == said
    writes = [write for write in stage.audit.writes(mark, namespace.name) if write.resource != "events"]
    assert len(writes) == 1, "the status echoes the request"


def test_a_rollout_that_hangs_keeps_both_logins(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **orders())
    namespace.until_ready("order")
    first = namespace.secret(DATABASE)
    stage.pods.hold(namespace.name, "ReplicaSet")
    rotate(namespace, "one")
    until(lambda: message(namespace).endswith("stays valid until the rollout is complete"), "no rotation begins")
    second = namespace.secret(DATABASE)
    rotate(namespace, "two")
    stage.operator.restart()
    namespace.ask("order")
    namespace.ask("order")
    assert namespace.secret(DATABASE) == second, "a second rotation waits for the first"
    assert enters(stage, first)
    assert enters(stage, second)
    stage.pods.release(namespace.name, "ReplicaSet")
    until_rotated(namespace, "two")
    namespace.until_ready("order")
    assert message(namespace) == ""
    assert not enters(stage, second)


def test_a_pod_that_terminates_keeps_its_login(stage: Stage, namespace: Namespace) -> None:
    """The Deployment does not count it any more, and it may connect until its grace period is over."""
    namespace.create("order", **orders())
    namespace.until_ready("order")
    first = namespace.secret(DATABASE)
    pod = namespace.api.items(POD, namespace.name)[0]["metadata"]["name"]
    namespace.api.merge(POD, (namespace.name, pod), {"metadata": {"finalizers": [SERVES]}})
    rotate(namespace, "one")
    waits = f"login {first['username']} stays valid until the pods that started with it have ended"
    until(lambda: message(namespace) == waits, "the rotation does not wait", show=lambda: message(namespace))
    namespace.until_ready("order")
    stage.operator.restart()
    namespace.ask("order")
    stage.idle(1)
    assert (message(namespace), enters(stage, first)) == (waits, True)
    namespace.api.merge(POD, (namespace.name, pod), {"metadata": {"finalizers": None}})
    until_rotated(namespace, "one")
    assert not enters(stage, first)


def test_a_rotation_waits_for_a_migration(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **MIGRATED)
    namespace.until_ready("order")
    before = namespace.secret(DATABASE), namespace.secret(OWNER)
    # a Job that somebody deletes runs again, while the pods are those of the declaration
    stage.pods.hold(namespace.name, "Job")
    (job,) = [name for kind, name in namespace.children("order") if kind == "Job"]
    namespace.api.delete(CHILDREN["Job"], namespace.name, job)
    namespace.until("order", "Ready", "False", "MigrationRunning")
    rotate(namespace, "one")
    namespace.ask("order")
    namespace.ask("order")
    assert message(namespace) == "its rotation waits until no migration runs"
    assert (namespace.secret(DATABASE), namespace.secret(OWNER)) == before
    stage.pods.release(namespace.name, "Job")
    until_rotated(namespace, "one")
    assert namespace.secret(OWNER)["password"] != before[1]["password"]
    assert enters(stage, namespace.secret(OWNER))


def test_a_new_password_satisfies_a_request(stage: Stage, namespace: Namespace) -> None:
    """Otherwise the pods of a new service would roll at once, as its manifest may have the annotation for years."""
    metadata = {"name": "order", "namespace": namespace.name, "annotations": {names.ANNOTATION_ROTATE: "one"}}
    stage.api.create(MICROSERVICE, {"metadata": metadata, "spec": {"image": IMAGE, **orders()}})
    namespace.until_ready("order")
    until(lambda: namespace.read("order")["status"].get("lastHandledRotateAt") == "one", "the status lacks the request")
    assert "credentials" not in namespace.read("order")["status"]
    assert namespace.secret(DATABASE)["username"].endswith("_app")
    annotations = namespace.there("Secret", DATABASE)["metadata"]["annotations"]
    assert annotations[names.ANNOTATION_ROTATION_REQUEST] == "one"
    assert names.ANNOTATION_ROTATED_AT not in annotations


def test_a_rotation_costs_these_writes(stage: Stage, namespace: Namespace) -> None:
    namespace.create("order", **orders())
    namespace.until_ready("order")
    rotate(namespace, "one")  # the first change of a child after its creation needs one more patch
    until_rotated(namespace, "one")
    namespace.until_ready("order")
    stage.idle(1)
    mark = stage.audit.now()
    rotate(namespace, "two")
    until_rotated(namespace, "two")
    namespace.until_ready("order")
    stage.idle(1)
    writes = Counter(write.resource for write in stage.audit.writes(mark, namespace.name))
    assert writes.pop("microservices/status") <= 4
    assert writes == {"secrets": 2, "deployments": 1, "events": 2}


def test_an_interval_that_has_passed_rotates_and_the_next_one_begins(stage: Stage, namespace: Namespace) -> None:
    """The Secret says when its password was made: a time long ago stands for the interval."""
    namespace.create("order", **orders(credentials={"rotationInterval": "1h"}))
    namespace.until_ready("order")
    first = namespace.secret(DATABASE)
    assert namespace.read("order")["status"]["credentials"] == [{"database": "orders", "login": first["username"]}]
    past = {"metadata": {"annotations": {names.ANNOTATION_ROTATED_AT: "2020-01-01T00:00:00Z"}}}
    namespace.api.merge(SECRET, (namespace.name, DATABASE), past)
    namespace.ask("order")
    until(lambda: namespace.secret(DATABASE)["username"] == f"{first['username']}2", "the password does not rotate")
    until(lambda: not enters(stage, first), "the earlier login stays valid")
    namespace.until_ready("order")
    second = namespace.secret(DATABASE)
    namespace.ask("order")
    stage.idle(1)
    assert namespace.secret(DATABASE) == second
    assert "lastHandledRotateAt" not in namespace.read("order")["status"]
