"""Many changes at once: creations, updates, deletions, manual edits, API server restarts, AWS outages.

The test is short by default; `CHURN_MINUTES=30 CHURN_SERVICES=100` is the full load. Afterwards every Microservice is
Ready, the operator writes nothing, nothing of the deleted ones remains, and the log has no unexpected error.
"""

import json
import os
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from microservice_operator.cluster.kinds import CHILDREN, SECRET
from tests.fakes.aws.proxy import Fault
from tests.tools.cluster import Cluster

from .api import Refused, until
from .namespace import Namespace
from .outages import restart
from .stage import Stage

SECONDS = 60 * float(os.environ.get("CHURN_MINUTES", "0.5"))
SERVICES = int(os.environ.get("CHURN_SERVICES", "10"))
PAUSE = max(0.04, 5 / SERVICES)
AWAY = min(20.0, SECONDS / 10)  # how long AWS is away
SETTLE = 420.0  # longer than any back-off, and than a fight over a child is let rest

PARTS: dict[str, Any] = {
    "tables": [
        {"name": "items", "partitionKey": {"name": "id"}, "deletionPolicy": "Delete", "deletionProtection": False}
    ],
    "queues": [{"name": "events", "deletionPolicy": "Delete"}],
    "topics": [{"name": "created", "deletionPolicy": "Delete"}],
}
EDITS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Deployment", {"spec": {"revisionHistoryLimit": 7}}),
    ("Deployment", {"spec": {"replicas": 5}}),
    ("Service", {"spec": {"type": "NodePort"}}),
    ("NetworkPolicy", {"spec": {"policyTypes": ["Ingress"]}}),
    ("PodDisruptionBudget", {"spec": {"maxUnavailable": 3}}),
)


@dataclass
class Churn:
    """Hands that do one thing after the other, the same ones for the same seed."""

    stage: Stage
    namespace: Namespace
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    alive: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)
    memory: dict[str, float] = field(default_factory=dict)

    def create(self, name: str) -> None:
        number = int(name.rpartition("-")[2])
        spec = dict(PARTS) if number % 3 == 0 else {}
        if number % 10 == 1:
            spec["databases"] = [{"name": "orders", "deletionPolicy": "Delete"}]
        self.namespace.create(name, **spec)
        self.alive.add(name)

    def step(self) -> None:
        """One thing, to one Microservice."""
        name = f"churn-{self.chance.randrange(SERVICES)}"
        what = (
            self.chance.choices(("change", "edit", "remove", "delete"), (6, 3, 2, 1))[0]
            if name in self.alive
            else "create"
        )
        try:
            getattr(self, what)(name)
            self.done[what] += 1
        except Refused:
            self.done["refused"] += 1  # still being deleted, or not there yet
        except OSError:
            self.done["unanswered"] += 1  # the API server is being restarted

    def change(self, name: str) -> None:
        value = self.chance.randrange(5)
        changes: list[dict[str, Any]] = [
            {"image": f"registry.example/shop/hello:1.0.{value}"},
            {"tags": {"round": str(value)}},
            {"replicas": 1 + value},
            {"env": [{"name": "ROUND", "value": str(value)}]},
            {"access": {"from": [{"microservice": f"churn-{value}"}]}},
        ]
        self.namespace.change(name, **self.chance.choice(changes))

    def edit(self, name: str) -> None:
        kind, patch = self.chance.choice(EDITS)
        self.stage.api.merge(CHILDREN[kind], (self.namespace.name, name), patch)

    def remove(self, name: str) -> None:
        kind = self.chance.choice([*(kind for kind, _ in EDITS), "ServiceAccount"])
        self.stage.api.delete(CHILDREN[kind], self.namespace.name, name)
        self.stage.api.delete(SECRET, self.namespace.name, f"{name}-orders-database")

    def delete(self, name: str) -> None:
        self.namespace.delete(name)
        self.alive.discard(name)

    def weigh(self, when: str) -> None:
        """Resident memory of the operator, in MB."""
        status = Path(f"/proc/{self.stage.operator.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        self.memory[when] = int(found[1]) / 1024

    def troubled(self) -> dict[str, Any]:
        """Those that are not as they should be."""
        found = {}
        for name in sorted(self.alive):
            body = self.namespace.read(name)
            status = body.get("status", {})
            ready: dict[str, str] = next((c for c in status.get("conditions", []) if c["type"] == "Ready"), {})
            if status.get("observedGeneration") != body["metadata"]["generation"] or ready.get("status") != "True":
                found[name] = (ready.get("reason"), ready.get("message"))
        return found


@pytest.mark.timeout(1800 + 2 * SECONDS)
def test_everything_at_once_ends_as_it_should(stage: Stage, api_server: Cluster, namespace: Namespace) -> None:
    churn, mark = Churn(stage, namespace), stage.operator.log.stat().st_size
    for number in range(SERVICES):
        churn.create(f"churn-{number}")
    until(lambda: not churn.troubled(), "the first Microservices do not become Ready", SETTLE, churn.troubled)
    churn.weigh("start")

    away, restarts = [0.15, 0.7], [0.35, 0.85]
    began = time.monotonic()
    with stage.audit.pardon():  # a restarted server answers before it has read all roles
        while (share := (time.monotonic() - began) / SECONDS) < 1:
            if away and share > away[0]:
                away.pop(0)
                stage.aws.faults.append(Fault("*", "drop-before"))
            if stage.aws.faults and share > (0.15 if away else 0.7) + AWAY / SECONDS:
                stage.aws.faults.clear()
            if restarts and share > restarts[0]:
                restarts.pop(0)
                restart(api_server)
            if share > 0.5 and "middle" not in churn.memory:
                churn.weigh("middle")
            churn.step()
            time.sleep(PAUSE)
        stage.aws.faults.clear()

    until(lambda: not churn.troubled(), "not all Microservices become Ready again", SETTLE, churn.troubled)
    gone = {f"churn-{number}" for number in range(SERVICES)} - churn.alive
    for name in gone:
        namespace.until_gone(name)
    stage.until_quiet()
    churn.weigh("end")
    mark_of_quiet = stage.audit.now()
    stage.idle()
    assert stage.audit.writes(mark_of_quiet) == [], "something is written although nothing happens"
    assert stage.operator.running

    left = {tags["microservice-operator.dev/name"] for tags in stage.tables_of(namespace).values()}
    assert left <= churn.alive, "tables of deleted Microservices"
    lines = [json.loads(line) for line in stage.operator.log.read_bytes()[mark:].splitlines()]
    errors = [line for line in lines if line["level"] in ("error", "critical") and "will retry" not in line["event"]]
    assert errors == []
    print(
        json.dumps({"done": churn.done, "memory_mb": churn.memory, "reconciliations": stage.operator.reconciliations()})
    )
