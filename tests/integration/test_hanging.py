"""A call without an answer delays only the Microservice that waits for it.

Each call of a creation hangs in turn, for one Microservice. The others continue, the process stays healthy, and the
status names the call. Sessions with PostgreSQL have their own limits: tests/postgres.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from tests.fakes.aws.proxy import Answer, Call, Emulator, Proxy
from tests.fakes.aws.whole import WholeAWS
from tests.tools.cluster import Cluster

from . import install
from .api import until
from .api_front import ApiFront
from .namespace import Namespace
from .process import OperatorProcess
from .stage import Stage

VICTIM = "victim"
PARTS = {
    "tables": [{"name": "items", "partitionKey": {"name": "id"}, "deletionPolicy": "Delete"}],
    "queues": [{"name": "events", "deletionPolicy": "Delete"}],
    "topics": [{"name": "created", "deletionPolicy": "Delete"}],
}
KUBERNETES = (
    ("PATCH", "microservices"),
    ("POST", "serviceaccounts"),
    ("POST", "networkpolicies"),
    ("POST", "deployments"),
    ("POST", "events"),
)
UNREPORTED = (("PATCH", "microservices"), ("POST", "events"))  # these calls would write the report
AWS = ("CreateTable", "DescribeTable", "ListTagsOfResource", "CreateQueue", "GetQueueUrl", "CreateTopic")
_numbers = count()


@dataclass
class Slow:
    """The strict AWS, which gives no answer to one action where it is about the victim."""

    strict: WholeAWS
    action: str = ""
    released: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        if call.action == self.action and VICTIM in json.dumps(call.body, default=str):
            self.asked += 1
            self.released.wait(600)
        return self.strict(call, emulator)


@dataclass
class Place:
    """A separate operator with few workers and a short deadline, and its proxies."""

    operator: OperatorProcess
    front: ApiFront
    aws: Slow
    victims: Namespace
    asked: int = 0

    def hang_kubernetes(self, method: str, resource: str) -> None:
        """Give no answer to such requests in the victim's namespace."""

        def hangs(asked: str, path: str) -> bool:
            found = asked == method and f"/namespaces/{self.victims.name}/{resource}" in path
            self.asked += found
            return found

        self.front.hangs = hangs

    def release(self) -> None:
        """Answer everything from now on."""
        self.front.hangs = lambda _method, _path: False
        self.aws.released.set()


@pytest.fixture(scope="module")
def hanging(stage: Stage, api_server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """In place of the stage's operator."""
    folder = tmp_path_factory.mktemp("hanging")
    front, aws = ApiFront(api_server), Slow(stage.strict)
    proxy = Proxy(stage.aws.upstream, aws)
    direct = install.operator_kubeconfig(stage.api, api_server.kubeconfig, folder / "direct.kubeconfig")
    kubeconfig = front.kubeconfig(direct, folder / "hanging.kubeconfig")
    operator = OperatorProcess(kubeconfig, proxy.start(), folder, "hanging", "--pass-deadline=6", "--workers=3")
    victims = Namespace(stage.api, f"{VICTIM}s-{folder.name.rpartition('-')[2]}")
    install.namespace(stage.api, victims.name, install.LABELS)
    assert stage.operator.terminate() == 0
    operator.start()
    yield Place(operator, front, aws, victims)
    victims.remove()
    assert operator.terminate() == 0
    front.stop()
    proxy.stop()
    stage.operator.start()


@pytest.mark.parametrize(
    "call", [*KUBERNETES, *AWS], ids=lambda call: call if isinstance(call, str) else "-".join(call)
)
def test_one_call_that_hangs(hanging: Place, namespace: Namespace, call: str | tuple[str, str]) -> None:
    name = f"{VICTIM}-{next(_numbers)}"
    hanging.asked = hanging.aws.asked = 0
    if isinstance(call, str):
        hanging.aws.action, hanging.aws.released = call, threading.Event()
        expected = call
    else:
        hanging.hang_kubernetes(*call)
        expected = f"Kubernetes {call[0]} "
    try:
        hanging.victims.create(name, **PARTS)
        for number in range(3):
            namespace.create(f"other-{number}", **PARTS)
        for number in range(3):
            namespace.until_ready(f"other-{number}")
        assert hanging.operator.status("/healthz") == 200
        assert hanging.asked + hanging.aws.asked > 0
        if call not in UNREPORTED:
            until(
                lambda: expected in json.dumps(hanging.victims.read(name).get("status", {})),
                "the status does not name the hanging call",
                show=lambda: hanging.victims.read(name).get("status"),
            )
    finally:
        hanging.release()
    hanging.victims.until_ready(name)
    assert hanging.operator.running
