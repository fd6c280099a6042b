"""An unknown answer of the API server changes nothing outside; the table lists every read that the operator makes.

Each read fails in two ways, HTTP 403 and a body that is cut off; with `MICROSERVICE_OPERATOR_TEST_ALL=1` also with HTTP
500 and 429. An empty list is no failure: it is a certain answer. What a test allows while a read fails is what would be
right whatever the answer was.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from microservice_operator import names
from microservice_operator.cluster.kinds import (
    CHILDREN,
    CONFIG_MAP,
    ENVIRONMENT,
    MICROSERVICE,
    NAMESPACE,
    POD,
    SECRET,
    SERVICE_MONITOR,
    WATCHED,
)
from tests.fakes.aws.proxy import Proxy
from tests.postgres.server import PostgresServer
from tests.tools.cluster import Cluster
from tests.whole.server import trust_admins
from tests.whole.spec import PATHS

from . import install
from .api import until
from .api_front import EVERY_FAULT, ApiFront, Read
from .audit import Request
from .namespace import Namespace, until_no_microservice
from .process import RESYNC, OperatorProcess
from .stage import Stage

FAULTS = EVERY_FAULT if os.environ.get("MICROSERVICE_OPERATOR_TEST_ALL") else ("403", "cut off")
LISTED = (ENVIRONMENT, NAMESPACE, MICROSERVICE, *WATCHED, SERVICE_MONITOR, POD)
LISTS = {f"{verb} {kind.plural}" for kind in LISTED for verb in ("list", "watch")}
TABLE = {"tables": [{"name": "items", "partitionKey": {"name": "id"}, "deletionPolicy": "Delete"}]}
ORDERS = {"name": "orders", "deletionPolicy": "Delete"}
DATABASE = {**TABLE, "databases": [ORDERS]}
MIGRATED = {"databases": [{**ORDERS, "migration": {"command": ["migrate"]}}]}
EVERY_CHILD = {
    "autoscaling": {"minReplicas": 2, "maxReplicas": 3},
    "metrics": {},
}
API = {"api": {"openAPI": {"configMapKeyRef": {"name": "configmap", "key": "openapi.json"}}, "auth": {"none": True}}}
DOCUMENT = {"openapi.json": json.dumps({"openapi": "3.1.0", "paths": PATHS})}
SELECTOR = {"matchLabels": {"of": "somebody"}}
FOREIGN: dict[str, dict[str, Any]] = {
    "ServiceAccount": {},
    "Service": {"spec": {"ports": [{"port": 80}], "selector": {"of": "somebody"}}},
    "PodDisruptionBudget": {"spec": {"maxUnavailable": 1, "selector": SELECTOR}},
    "NetworkPolicy": {"spec": {"podSelector": SELECTOR}},
    "ServiceMonitor": {"spec": {}},
}
# what is written before pods may start, or whatever they do
FIRST = (
    "ServiceAccount",
    "NetworkPolicy",
    "Service",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "ServiceMonitor",
)
STRIPPED = {"look": FIRST, "deployment": ("Deployment",), "job": ("Job",)}


@dataclass(frozen=True)
class Row:
    """The Microservices of one name, one in each namespace, of which these reads fail.

    `lacks` are the kinds that must not be made while the read fails, "database" among them. `deletion` says why the
    deletion does not need the read; without it, `waits` lists what must stay.
    """

    reads: tuple[str, ...]
    spec: dict[str, Any]
    environment: str = ""
    lacks: tuple[str, ...] = ()
    deletion: str = ""
    waits: tuple[str, ...] = ()


ROWS = {
    "secret": Row(
        ("get secrets",),
        DATABASE,
        lacks=("Deployment", "Secret", "database"),
        deletion="the admin drops the database and its roles; nobody logs in with the Secrets any more",
    ),
    "poll": Row(("poll secrets",), DATABASE, deletion="the poll only looks for edits by hand"),
    "admin": Row(
        ("get secrets of the platform admin",),
        DATABASE,
        "shared",
        lacks=("Deployment", "database"),
        waits=("database",),
    ),
    "ca": Row(
        ("get secrets of the platform ca",),
        {"databases": [ORDERS]},
        "rds",
        lacks=("Deployment",),
        deletion="a database goes with its instance, in which nobody logs in for that",
    ),
    "configmap": Row(("get configmaps",), API, "rds", deletion="routes are found by their owner, not in the document"),
    "verify": Row(
        ("list microservices of one name",),
        TABLE,
        lacks=("Deployment",),
        deletion="the read asks whether a Microservice still exists before children are made",
    ),
    "pods": Row(("list pods of one",), DATABASE, waits=("database", "table")),
    "look": Row(
        tuple(f"get {CHILDREN[kind].plural}" for kind in FIRST),
        EVERY_CHILD,
        deletion="owner references remove the children",
    ),
    "deployment": Row(("get deployments",), TABLE, deletion="what its pods use waits for the pods"),
    "job": Row(("get jobs",), MIGRATED, deletion="the migration of a database that is deleted is not waited for"),
    "widen": Row(
        ("get networkpolicies",),
        TABLE,
        deletion="the old declaration is read for a rollout only",
    ),
}
AT_THE_START = {"get namespaces", "get leases"}
READS = LISTS | AT_THE_START | {read for row in ROWS.values() for read in row.reads}


def read_of(read: Read) -> str:
    """Name the read, as the table does; "" for kopf's question which kinds exist, whose answer is not used."""
    parts = read.path.strip("/").split("/")[2 if read.path.startswith("/api/") else 3 :]
    if not parts:
        return ""
    within = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else ""
    plural, *name = parts[2:] if within else parts
    if "watch" in read.query:
        return f"watch {plural}"
    if not name:
        one = {"microservices": " of one name", "pods": " of one"}.get(plural, "") if within else ""
        return f"list {plural}{one}"
    if within == "platform":
        return f"get {plural} of the platform {'ca' if 'ca' in name[0].split('-') else 'admin'}"
    return f"{'poll' if 'resourceVersion' in read.query else 'get'} {plural}"


def about(read: Read) -> str:
    """The name of the Microservice that a read is about, "" for none: names of objects begin with it."""
    selector = read.query.get("fieldSelector", "") or read.query.get("labelSelector", "")
    found = selector.rpartition("=")[2] if selector and "/namespaces/" in read.path else read.path.rpartition("/")[2]
    return found.partition("-")[0]


@dataclass
class Place:
    """A separate operator behind the front, and a namespace and two Environments for each way to fail."""

    stage: Stage
    operator: OperatorProcess
    front: ApiFront
    aws: Proxy
    failing: dict[str, Namespace] = field(default_factory=dict)

    def each(self) -> Iterator[tuple[str, str, Namespace]]:
        """Every way to fail with the suffix of its names, and its namespace."""
        for fault, namespace in self.failing.items():
            yield fault, fault.replace(" ", ""), namespace

    def fail(self) -> None:
        """From now on the reads of the table fail, each for the Microservice of its row."""
        by_namespace = {namespace.name: fault for fault, namespace in self.failing.items()}
        by_suffix = {suffix: fault for fault, suffix, _ in self.each()}

        def fault(read: Read) -> str:
            named, name = read_of(read), about(read)
            if named.startswith("get secrets of the platform"):
                return by_suffix.get(read.path.rpartition("-")[2], "")
            within = read.path.partition("/namespaces/")[2].partition("/")[0]
            return by_namespace.get(within, "") if name in ROWS and named in ROWS[name].reads else ""

        self.front.faults = fault

    def heal(self) -> None:
        """Answer everything again."""
        self.front.faults = lambda _read: ""

    def failed(self, since: int) -> set[tuple[str, str]]:
        """The reads that failed, and how."""
        return {(read_of(read), fault) for read, fault in self.front.reads[since:] if fault}

    def outside(self) -> "Outside":
        """What has been written outside so far."""
        return Outside(self.stage, self.aws)

    def rest(self, resyncs: int = 2) -> None:
        """Let some resyncs pass."""
        time.sleep(RESYNC * resyncs)


@dataclass
class Outside:
    """Writes after this moment: to AWS, to PostgreSQL, and to the API server except status and Events."""

    stage: Stage
    aws: Proxy

    def __post_init__(self) -> None:
        self._at = self.stage.audit.now(), len(self.aws.calls), len(self.stage.postgres.statements())

    def kubernetes(self, but: Callable[[Request], bool] = lambda _: False) -> list[str]:
        """Successful writes, except those of which `but` is true."""
        told = ("microservices/status", "events")
        writes = [w for w in self.stage.audit.writes(self._at[0]) if w.code < 300 and w.resource not in told]
        return [str(write) for write in writes if not but(write)]

    def actions(self) -> list[str]:
        """Calls to AWS that change something."""
        return [call.action for call in self.aws.calls[self._at[1] :] if call.changes]

    def statements(self) -> list[str]:
        """Statements to PostgreSQL that change something."""
        return self.stage.postgres.statements()[self._at[2] :]

    def nothing(self) -> None:
        """Nothing was written."""
        assert (self.kubernetes(), self.actions(), self.statements()) == ([], [], [])


@pytest.fixture(scope="module")
def place(stage: Stage, api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """In place of the stage's operator, after everything that it has to delete."""
    until_no_microservice(stage.api)
    folder = tmp_path_factory.mktemp("unknown")
    front = ApiFront(api_server)
    direct = install.operator_kubeconfig(stage.api, api_server.kubeconfig, folder / "direct.kubeconfig")
    kubeconfig = front.kubeconfig(direct, folder / "unknown.kubeconfig")
    made = Place(stage, OperatorProcess(kubeconfig, stage.operator.aws, folder, "unknown"), front, stage.aws)
    for fault in FAULTS:
        name = f"unknown-{fault.replace(' ', '')}-{folder.name.rpartition('-')[2]}"
        made.failing[fault] = Namespace(stage.api, name)
        install.namespace(stage.api, name, install.LABELS)
    for _, suffix, namespace in made.each():
        _environments(stage, suffix)
        stage.api.apply(CONFIG_MAP, {"metadata": {"name": "configmap", "namespace": namespace.name}, "data": DOCUMENT})
    assert stage.operator.terminate() == 0
    with any_admin(stage.postgres):
        yield made
        made.heal()
        end(made)
    front.stop()
    stage.operator.start()


@contextmanager
def any_admin(server: PostgresServer) -> Iterator[None]:
    """All instances are this one server, so the passwords of their admins replace each other: each is right."""
    ((file,),) = server.run("SHOW hba_file")
    before = Path(file).read_text()
    trust_admins(server)
    yield
    Path(file).write_text(before)
    server.run("SELECT pg_reload_conf()")


def end(made: Place) -> None:
    """Delete everything, and end the operator."""
    if not made.operator.running:
        made.operator.start()
    for namespace in made.failing.values():
        namespace.remove()
    until_no_microservice(made.stage.api)
    assert made.operator.terminate() == 0


def _environments(stage: Stage, suffix: str) -> None:
    """One with a shared server and one with instances, whose Secrets only they use."""
    api, at = stage.api, {"namespace": "platform"}
    install.environment(api, stage.postgres_port, stage.admin, f"shared-{suffix}")
    install.rds_environment(api, stage.strict, stage.admin["ca.crt"], f"rds-{suffix}")
    for name, source in ((f"admin-{suffix}", install.ADMIN_SECRET), (f"ca-{suffix}", install.CA_SECRET)):
        api.apply(SECRET, {"metadata": {**at, "name": name}, "data": api.get(SECRET, **_at(source))["data"]})
    shared = {"databases": {"shared": {"adminSecretRef": {**at, "name": f"admin-{suffix}"}}}}
    api.merge(ENVIRONMENT, ("", f"shared-{suffix}"), {"spec": shared})
    rds = {"databases": {"rds": {"caSecretRef": {**at, "name": f"ca-{suffix}"}}}}
    api.merge(ENVIRONMENT, ("", f"rds-{suffix}"), {"spec": rds})


def _at(reference: dict[str, str]) -> dict[str, str]:
    return {"namespace": reference["namespace"], "name": reference["name"]}


def create(place: Place, *rows: str) -> None:
    for _, suffix, namespace in place.each():
        for name in rows:
            row = ROWS[name]
            namespace.create(
                name, **row.spec, **({"environment": f"{row.environment}-{suffix}"} if row.environment else {})
            )


def until_failed(place: Place, since: int, reads: set[str]) -> None:
    """Wait until each of these reads has failed in every way, and what follows has had time to happen."""
    wanted = {(read, fault) for read in reads for fault in FAULTS}
    until(lambda: wanted <= place.failed(since), "not all reads were made", show=lambda: wanted - place.failed(since))
    place.rest()


def made_of(place: Place, namespace: Namespace, name: str) -> set[str]:
    """Kinds of children of a row's Microservice, and "database" and "table"."""
    found = {kind for kind, _ in namespace.children(name)}
    owned = f'"{namespace.name}"', f'"{name}"'
    marks = place.stage.databases_of(namespace).values()
    found |= {"database"} if any(all(word in mark for word in owned) for mark in marks) else set()
    tags = place.stage.tables_of(namespace).values()
    found |= {"table"} if any(tag["microservice-operator.dev/name"] == name for tag in tags) else set()
    return found


def test_the_first_reads_and_every_list(place: Place) -> None:
    """Before a process knows everything, it writes nothing; the lists that fail are answered one after the other."""
    for namespace in place.failing.values():
        namespace.create("waiting")
    before, kinds = place.outside(), [kind.plural for kind in LISTED]
    for number, fault in enumerate(FAULTS):
        failing = {"get namespaces"}
        place.front.faults = lambda read, fault=fault, failing=failing: fault if read_of(read) in failing else ""  # type: ignore[misc]
        place.operator.launch()
        assert place.operator.ends() != 0, fault
        turned = kinds[number * 3 :] + kinds[: number * 3]
        failing.clear()
        failing |= {f"list {plural}" for plural in turned} | {"get leases"}
        since = len(place.front.reads)
        place.operator.launch()
        for plural in turned:
            until(lambda plural=plural: (f"list {plural}", fault) in place.failed(since), f"{plural} is not listed")  # type: ignore[misc]  # noqa: B023
            assert place.operator.status("/readyz") != 200
            failing.discard(f"list {plural}")
        until(lambda: ("get leases", fault) in place.failed(since), "the Lease is not read")  # noqa: B023
        until(lambda: place.operator.status("/readyz") == 200, "the lists are not complete")
        assert not place.operator.leads
        before.nothing()
        place.operator.kill()
    place.heal()
    place.operator.start()
    for namespace in place.failing.values():
        namespace.until_ready("waiting")
        namespace.delete("waiting")


MADE_AT_FIRST = ("secret", "poll", "admin", "ca", "configmap", "verify", "look")
AUTOSCALER = "get horizontalpodautoscalers"  # waits for the Deployment, which waits for the others


def test_creation(place: Place) -> None:
    place.fail()
    before, since = place.outside(), len(place.front.reads)
    for _, _, namespace in place.each():
        for kind, body in FOREIGN.items():
            place.stage.api.create(CHILDREN[kind], {**body, "metadata": {"name": "look", "namespace": namespace.name}})
    create(place, *ROWS)
    until_failed(place, since, {read for name in MADE_AT_FIRST for read in ROWS[name].reads} - {AUTOSCALER})
    for fault, _, namespace in place.each():
        for name, row in ROWS.items():
            assert not made_of(place, namespace, name) & set(row.lacks), (name, fault)
    assert [write for write in before.kubernetes() if write.startswith("delete")] == []
    assert [a for a in before.actions() if a.startswith(("Delete", "Remove", "Un", "Detach", "Disassociate"))] == []
    assert [s for s in before.statements() if s.startswith("DROP")] == []
    place.heal()
    for namespace in place.failing.values():
        for kind in FOREIGN:
            place.stage.api.delete(CHILDREN[kind], namespace.name, "look")
    for namespace in place.failing.values():
        namespace.ask(*ROWS)
        namespace.until_ready(*ROWS)


def test_steady_state(place: Place) -> None:
    """After a restart. Labels that somebody has removed hide a child from the watch, so it is read by its name."""
    assert place.operator.terminate() == 0
    for namespace in place.failing.values():
        for name, kinds in STRIPPED.items():
            for kind, child in [at for at in namespace.children(name) if at[0] in kinds]:
                labels = {"metadata": {"labels": {names.LABEL_MANAGED_BY: None}}}
                place.stage.api.merge(CHILDREN[kind], (namespace.name, child), labels)
        place.stage.api.delete(CHILDREN["Service"], namespace.name, "verify")
        namespace.change("widen", dependencies=[{"name": "poll", "optional": True}])
    place.fail()
    before, since = place.outside(), len(place.front.reads)
    place.operator.start()
    until_failed(place, since, {read for name in ROWS if name != "pods" for read in ROWS[name].reads})
    before.nothing()
    place.heal()
    for namespace in place.failing.values():
        namespace.ask(*ROWS)
        namespace.until_ready(*ROWS)
        until(lambda namespace=namespace: namespace.child("Service", "verify"), "the Service does not come back")  # type: ignore[misc]
        for name in ("look", "deployment"):  # a Job is never written again
            kinds = STRIPPED[name]
            shown = {kind for (kind, _), body in namespace.children(name).items() if _is_labelled(body)}
            assert shown >= set(kinds), name


def _is_labelled(body: dict[str, Any]) -> bool:
    return names.LABEL_MANAGED_BY in (body["metadata"].get("labels") or {})


def test_a_secret_that_only_the_status_remembers(place: Place) -> None:
    """It is deleted when it can be read again: status does not forget it meanwhile."""
    for namespace in place.failing.values():
        namespace.create("secret-left", **DATABASE)
        namespace.until_ready("secret-left")
    assert place.operator.terminate() == 0
    for namespace in place.failing.values():
        namespace.change("secret-left", databases=None)
    place.fail()
    since = len(place.front.reads)
    place.operator.start()
    until_failed(place, since, {"get secrets"})
    left = "secret-left-orders-database"
    for namespace in place.failing.values():
        assert namespace.child("Secret", left)
    place.heal()
    for namespace in place.failing.values():
        namespace.until_gone(left, SECRET)
        namespace.delete("secret-left")


SEEN = {kind.plural for kind in (*WATCHED, SERVICE_MONITOR, POD)}


@pytest.mark.parametrize("fault", FAULTS)
def test_while_no_child_or_pod_can_be_listed_or_watched(place: Place, fault: str) -> None:
    """What is made meanwhile is known by its own writes; a pod that no event shows keeps what it uses."""
    namespace = place.failing[fault]
    fail_kinds(place, fault, SEEN)
    namespace.create("fresh", **TABLE)
    until(lambda: "table" in made_of(place, namespace, "fresh"), "no table")
    labels = {names.LABEL_MANAGED_BY: names.MANAGED_BY, names.LABEL_MICROSERVICE: "fresh"}
    spec = {"containers": [{"name": "main", "image": "a:1"}], "automountServiceAccountToken": False}
    metadata = {"namespace": namespace.name, "name": "unseen", "labels": labels}
    place.stage.api.create(POD, {"metadata": metadata, "spec": spec})
    since = len(place.front.reads)
    namespace.delete("fresh")
    until(lambda: "list pods of one" in {read_of(read) for read, _ in place.front.reads[since:]}, "pods are not listed")
    place.rest(1)
    assert names.FINALIZER in namespace.read("fresh")["metadata"]["finalizers"]
    assert "table" in made_of(place, namespace, "fresh")
    place.stage.api.delete(POD, namespace.name, "unseen")
    place.heal()
    namespace.until_gone("fresh")
    assert "table" not in made_of(place, namespace, "fresh")


@pytest.mark.parametrize("fault", FAULTS)
def test_while_nothing_declared_can_be_listed_or_watched(place: Place, fault: str) -> None:
    namespace, declared = place.failing[fault], {kind.plural for kind in (MICROSERVICE, ENVIRONMENT, NAMESPACE)}
    fail_kinds(place, fault, declared)
    before = place.outside()
    namespace.create("fresh", **TABLE)
    place.rest(1)
    before.nothing()
    place.heal()
    namespace.until_ready("fresh")
    fail_kinds(place, fault, declared)
    before = place.outside()
    namespace.delete("fresh")
    place.rest(1)
    before.nothing()
    place.heal()
    namespace.until_gone("fresh")


def fail_kinds(place: Place, fault: str, plurals: set[str]) -> None:
    """End the streams of these kinds; lists and new streams of them fail."""
    failing = {f"{verb} {plural}" for verb in ("list", "watch") for plural in plurals}
    since = len(place.front.reads)
    place.front.faults = lambda read: fault if read_of(read) in failing else ""
    place.front.sever()
    wanted = {(f"watch {plural}", fault) for plural in plurals}
    until(lambda: wanted <= place.failed(since), "not all streams ended")


def test_deletion(place: Place) -> None:
    place.fail()
    waits = [name for name, row in ROWS.items() if row.waits]
    for namespace in place.failing.values():
        for name in ROWS.keys() - waits:
            namespace.delete(name)
    for namespace in place.failing.values():
        for name in ROWS.keys() - waits:
            namespace.until_gone(name)
    since = len(place.front.reads)
    for namespace in place.failing.values():
        for name in waits:
            namespace.delete(name)
    until_failed(place, since, {read for name in waits for read in ROWS[name].reads})
    for namespace in place.failing.values():
        for name in waits:
            assert names.FINALIZER in namespace.read(name)["metadata"]["finalizers"]
            assert made_of(place, namespace, name) >= set(ROWS[name].waits)
    place.heal()
    for namespace in place.failing.values():
        for name in waits:
            namespace.until_gone(name)
            assert made_of(place, namespace, name) & {"table", "database"} == set()


def test_every_read_has_a_row(place: Place) -> None:
    """A new read is in no row: add one, and think of what it may not change."""
    assert {read_of(read) for read, _ in place.front.reads} - {""} == READS
    assert {read for read in READS if (read, FAULTS[0]) not in place.failed(0)} == set()
