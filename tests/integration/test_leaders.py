"""Two operators for the same Microservices: one works, the other waits, and no write happens twice.

The test is short by default; `LEADERS_MICROSERVICES=200 LEADERS_STOPPED_SECONDS=60` is the full load.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from microservice_operator.cluster.lease import Terms
from microservice_operator.watches import FRESH
from tests.fakes.aws.proxy import Proxy
from tests.tools.cluster import Cluster

from . import install
from .api import until
from .api_front import ApiFront
from .audit import Audit
from .namespace import Namespace
from .outages import stopped
from .process import OperatorProcess
from .stage import Stage

MICROSERVICES = int(os.environ.get("LEADERS_MICROSERVICES", "12"))
STOPPED = float(os.environ.get("LEADERS_STOPPED_SECONDS", "20"))
pytestmark = pytest.mark.timeout(600 + 10 * MICROSERVICES)
SETTLE = 60 + MICROSERVICES * 3.0
PARTS: dict[str, Any] = {
    "tables": [{"name": "items", "partitionKey": {"name": "id"}, "deletionPolicy": "Delete"}],
    "queues": [{"name": "events", "deletionPolicy": "Delete"}],
    "topics": [{"name": "created", "deletionPolicy": "Delete"}],
}
CREATES = {"CreateTable": "TableName", "CreateQueue": "QueueName", "CreateTopic": "Name"}  # and what names the resource


@dataclass
class Candidate:
    """One operator, its own way to the API server and to AWS, and what it wrote there."""

    operator: OperatorProcess
    front: ApiFront
    aws: Proxy
    audit: Audit
    marks: tuple[int, int] = (0, 0)

    @property
    def leads(self) -> bool:
        """Whether it says so."""
        return self.operator.leads

    def mark(self) -> None:
        """Count what it writes from now on."""
        self.marks = self.audit.now(), len(self.aws.writes())

    def wrote(self) -> list[str]:
        """What it has written since."""
        written = [str(w) for w in self.audit.writes(self.marks[0]) if w.code < 400]
        return written + self.aws.writes()[self.marks[1] :]


@dataclass
class Pair:
    """Both of them, and the figures."""

    stage: Stage
    namespace: Namespace
    one: Candidate
    other: Candidate
    seconds: dict[str, float] = field(default_factory=dict)
    version: int = 0

    @property
    def services(self) -> list[str]:
        """All Microservices."""
        return [f"service-{number}" for number in range(MICROSERVICES)]

    def roles(self) -> tuple[Candidate, Candidate]:
        """Who leads, and who waits."""
        until(lambda: self.one.leads or self.other.leads, "no operator leads")
        assert not (self.one.leads and self.other.leads)
        return (self.one, self.other) if self.one.leads else (self.other, self.one)

    def change(self) -> None:
        """Give everybody something to write, in the cluster and in AWS."""
        self.version += 1
        for name in self.services:
            self.namespace.change(name, tags={"version": str(self.version)}, replicas=2 + self.version % 2)

    def settle(self) -> None:
        """Wait until all of it is done."""
        until(lambda: all(self._done(name) for name in self.services), "not all Microservices are Ready", SETTLE)

    def created(self, mark: int) -> Counter[tuple[str, str]]:
        """What both have made, in the cluster and in AWS, and how often."""
        both = (self.one, self.other)
        children = Counter(
            (write.resource, write.name)
            for each in both
            for write in each.audit.writes(mark, self.namespace.name)
            if write.verb == "create" and write.code == 201 and write.resource != "events"
        )
        calls = [call for each in both for call in each.aws.calls if call.action.startswith("Create")]
        return children + Counter((call.action, call.body[CREATES[call.action]]) for call in calls)

    def _done(self, name: str) -> bool:
        return self.namespace.conditions(name).get("Ready", {}).get("status") == "True"

    def until_leads(self, candidate: Candidate, what: str, since: float) -> None:
        """Wait until it leads, and note the seconds."""
        while not candidate.leads:
            assert time.monotonic() - since < 60, f"{what}: no other process leads"
            time.sleep(0.05)
        self.seconds[what] = round(time.monotonic() - since, 2)


def candidate(stage: Stage, cluster: Cluster, folder: Path, name: str) -> Candidate:
    """An operator with a separate ServiceAccount, so that the audit log shows who wrote."""
    metadata = {"name": name, "namespace": install.OPERATOR_NAMESPACE}
    stage.api.apply(install.SERVICE_ACCOUNT, {"metadata": metadata})
    subjects = [{"kind": "ServiceAccount", **metadata}]
    group = {"apiGroup": "rbac.authorization.k8s.io", "name": "microservice-operator"}
    whole = {"metadata": {"name": name}, "roleRef": {**group, "kind": "ClusterRole"}, "subjects": subjects}
    stage.api.apply(install.BINDING, whole)
    stage.api.apply(install.ROLE_BINDING, {**whole, "metadata": metadata, "roleRef": {**group, "kind": "Role"}})
    front = ApiFront(cluster)
    direct = install.operator_kubeconfig(stage.api, cluster.kubeconfig, folder / f"{name}.direct", name)
    aws = Proxy(stage.aws.upstream, stage.strict)
    operator = OperatorProcess(front.kubeconfig(direct, folder / f"{name}.kubeconfig"), aws.start(), folder, name)
    user = f"system:serviceaccount:{install.OPERATOR_NAMESPACE}:{name}"
    return Candidate(operator, front, aws, Audit(stage.audit.log, user))


@pytest.fixture
def pair(stage: Stage, api_server: Cluster, namespace: Namespace, tmp_path: Path) -> Iterator[Pair]:
    """In place of the stage's operator."""
    one, other = (candidate(stage, api_server, tmp_path, name) for name in ("leader-one", "leader-other"))
    assert stage.operator.terminate() == 0
    for each in (one, other):
        each.mark()
    yield Pair(stage, namespace, one, other)
    for each in (one, other):
        if each.operator.running:
            each.operator.kill()
        each.front.stop()
        each.aws.stop()
    stage.operator.start()


def test_two_operators_write_as_one(pair: Pair) -> None:
    mark = pair.one.audit.now()
    pair.one.operator.start()
    pair.other.operator.start(beside_another=True)  # ready though it waits
    for name in pair.services:
        pair.namespace.create(name, replicas=2, **PARTS)
    pair.settle()
    assert pair.roles()[1].wrote() == []

    one_leaves(pair)
    one_is_stopped(pair)
    one_is_killed(pair)
    one_is_cut_off(pair)

    made = pair.created(mark)
    print(json.dumps({"microservices": MICROSERVICES, "seconds": pair.seconds, "created": sum(made.values())}))
    assert {name: count for name, count in made.items() if count > 1} == {}, "made twice"
    assert {action: sum(made_by == action for made_by, _ in made) for action in CREATES} == dict.fromkeys(
        CREATES, MICROSERVICES
    )
    assert pair.seconds["handed over"] < Terms().duration, "the Lease was not given back, it ended"


def one_is_stopped(pair: Pair) -> None:
    """In the middle of its work, and continued when another one leads."""
    leader, waits = pair.roles()
    pair.change()
    with stopped(leader.operator.pid):
        begun = time.monotonic()
        pair.until_leads(waits, "taken over from one that was stopped", begun)
        pair.settle()
        time.sleep(max(0.0, STOPPED - (time.monotonic() - begun)))
        pair.change()
        leader.mark()
    time.sleep(5)
    assert leader.wrote() == [], "written by one that was stopped, after its lease had ended"
    assert not leader.leads
    pair.settle()


def one_leaves(pair: Pair) -> None:
    """As at a rollout, in the middle of its work."""
    leader, waits = pair.roles()
    pair.change()
    begun = time.monotonic()
    assert leader.operator.terminate() == 0
    pair.seconds["left within"] = round(time.monotonic() - begun, 2)
    pair.until_leads(waits, "handed over", begun)
    pair.settle()
    leader.operator.start(beside_another=True)


def one_is_killed(pair: Pair) -> None:
    """In the middle of its work."""
    leader, waits = pair.roles()
    pair.change()
    begun = time.monotonic()
    leader.operator.kill()
    pair.until_leads(waits, "taken over from one that was killed", begun)
    pair.settle()
    leader.operator.start(beside_another=True)


def one_is_cut_off(pair: Pair) -> None:
    """From the API server, while AWS answers it."""
    leader, waits = pair.roles()
    pair.change()
    leader.front.cut()
    pair.until_leads(waits, "taken over from one that was cut off", time.monotonic())
    leader.mark()
    pair.change()
    pair.settle()
    time.sleep(5)
    leader.front.heal()
    time.sleep(5)
    assert leader.wrote() == [], "written by one that was cut off, after its lease had ended"
    assert (leader.operator.status("/readyz"), leader.operator.status("/healthz")) == (200, 200)


def test_a_standby_operator_reports_no_age_of_keys(pair: Pair) -> None:
    """A process that is not the leader reads everything, but reports no age of keys."""
    pair.one.operator.start()
    pair.other.operator.start(beside_another=True)
    _, waits = pair.roles()
    pair.namespace.create("hello")
    pair.namespace.until_ready("hello")
    lines = [line for line in waits.operator.metrics().splitlines() if "{" not in line and line[0] != "#"]
    said = dict(line.split() for line in lines)
    assert float(said["microservice_operator_queue_oldest_age_seconds"]) == 0
    assert float(said["microservice_operator_microservices"]) >= 1
    assert waits.wrote() == []


def test_who_takes_over_looks_at_everything_anew(pair: Pair) -> None:
    """Its streams may have failed while it waited, so its last events may be outdated."""
    pair.one.operator.start()
    pair.other.operator.start(beside_another=True)
    leader, waits = pair.roles()
    pair.namespace.create("early")
    pair.namespace.until_ready("early")
    time.sleep(FRESH)  # so that its lists are old, however fast this machine is
    waits.front.mute()
    pair.namespace.create("late")
    pair.namespace.change("early", replicas=3)
    pair.namespace.until_ready("early", "late")
    # Ready stays True while replicas change, so the count says when nothing is left to write.
    until(lambda: pair.namespace.read("early")["status"].get("readyReplicas") == 3, "early has no third pod")
    pair.namespace.until("early", "Ready", "True", reason="Ready")
    leader.operator.kill()
    waits.mark()
    pair.until_leads(waits, "taken over", time.monotonic())
    pair.namespace.change("late", replicas=3)
    pair.namespace.until_ready("early", "late")
    listed = [r for r in waits.audit.requests(waits.marks[0]) if r.verb == "list"]
    lists = Counter(r.resource for r in listed if not r.namespace)  # a deletion lists the pods in its namespace
    assert {lists[resource] for resource in ("environments", "microservices", "deployments", "pods")} == {1}, lists
    written = {write.split()[2] for write in waits.wrote() if "/" in write}
    assert f"{pair.namespace.name}/early" not in written, f"written without need, by what is old: {waits.wrote()}"
