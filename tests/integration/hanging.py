"""An operator between two proxies, which note each of its calls and give no answer to some of them."""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from microservice_operator.cluster.kinds import MICROSERVICE
from tests.fakes.aws.proxy import Answer, Call, Emulator, Proxy
from tests.fakes.aws.whole import WholeAWS
from tests.tools.cluster import Cluster
from tests.whole.spec import POD_IDENTITY

from . import install
from .api import until
from .api_front import ApiFront
from .hanging_calls import ADMIN
from .namespace import Namespace, until_no_microservice
from .process import OperatorProcess
from .stage import Stage

ENVIRONMENT = "hanging"
VICTIM = "victim"  # each has a namespace of its own
LONG = 300  # seconds in which many Microservices at once become Ready
UNREPORTED = frozenset({"PATCH microservices/status", "POST events"})  # these calls would write the report
_REQUEST = re.compile(r"/namespaces/([^/?]+)/([a-z]+)(?:/[^/?]+)?(?:/([a-z]+))?(\?.*resourceVersion=0)?")


@dataclass
class Calls:
    """Calls by the namespace of their Microservice, or by themselves if they name none."""

    namespaces: re.Pattern[str]
    hung: Mapping[str, str] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    named: dict[str, str] = field(default_factory=dict)  # the calls that hang, as the operator names them
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def hang(self, hung: Mapping[str, str]) -> None:
        """From now on one call of each namespace gets no answer."""
        self.named.clear()
        self.hung = hung

    def release(self) -> None:
        """Answer everything from now on."""
        with self._changed:
            self.hung = {}
            self._changed.notify_all()

    def hangs_in_kubernetes(self, method: str, path: str) -> bool:
        """Note a request to the API server; whether it gets no answer."""
        found = _REQUEST.search(path)
        if not found or found[2] == "leases":
            return False
        namespace, resource, subresource, poll = found.groups()
        call = f"{method} {resource}" + (f"/{subresource}" if subresource else "") + (" (poll)" if poll else "")
        if not self.namespaces.fullmatch(namespace):
            namespace = call = ADMIN if namespace == install.ADMIN_SECRET["namespace"] else path
        return self._note(namespace, call, f"Kubernetes {method} {path.partition('?')[0]}")

    def wait_in_aws(self, call: Call, about: str) -> None:
        """Note a call to AWS, and wait if it hangs."""
        name = f"{call.service}:{call.action}"
        found = self.namespaces.search(about)
        namespace = found[0] if found else name
        if self._note(namespace, name, name):
            with self._changed:
                self._changed.wait_for(lambda: self.hung.get(namespace) != name, 600)

    def _note(self, namespace: str, call: str, named: str) -> bool:
        self.seen[namespace].add(call)
        hangs = self.hung.get(namespace) == call
        if hangs:
            self.named[namespace] = named
        return hangs


@dataclass
class SlowAWS:
    """The strict AWS, which answers when its calls no longer hang."""

    strict: WholeAWS
    calls: Calls

    def __call__(self, call: Call, emulator: Emulator) -> Answer:
        association = self.strict.eks.associations.get(call.body.get("associationId", ""), {})
        self.calls.wait_in_aws(call, json.dumps([call.body, association.get("namespace")], default=str))
        return self.strict(call, emulator)


@dataclass
class Place:
    """The operator, its Environment with everything, and the calls."""

    stage: Stage
    operator: OperatorProcess
    calls: Calls
    run: str
    _spaces: dict[str, Namespace] = field(default_factory=dict)

    def space(self, name: str) -> Namespace:
        """A namespace that is recognised in calls."""
        if name not in self._spaces:
            self._spaces[name] = Namespace(self.stage.api, f"hung-{self.run}-{name}")
            install.namespace(self.stage.api, self._spaces[name].name)
        return self._spaces[name]

    def hang(self, calls: Mapping[str, str]) -> None:
        """From now on one call of the victim in each of these namespaces gets no answer."""
        self.calls.hang({self.space(name).name: call for name, call in calls.items()})

    def ensure(self, space: str, name: str, spec: Mapping[str, Any]) -> None:
        """Declare a Microservice, if it does not exist."""
        there = self.space(space)
        if there.child(MICROSERVICE, name) is None:
            there.create(name, **{"environment": ENVIRONMENT, **spec})

    def ready(self, space: str, name: str) -> bool:
        """Whether it is Ready."""
        conditions = self.space(space).read(name).get("status", {}).get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def until_ready(self, space: str, name: str) -> None:
        """Wait until it is Ready."""
        show = self.space(space).read
        until(lambda: self.ready(space, name), f"{space}/{name} is not Ready", LONG, lambda: show(name).get("status"))

    def until_reported(self, space: str, call: str, hung: str = "") -> None:
        """Wait until its status names the call that hangs, or the log where it hinders the status.

        `hung` is the call itself if it names no namespace.
        """

        def found() -> bool:
            named = self.calls.named.get(hung or self.space(space).name)
            if named is None:
                return False
            if named in json.dumps(self.status(space)):
                return True
            return call in UNREPORTED and self.logs("reconciliation cancelled", named)

        until(found, f"the status does not name {call}", LONG, lambda: self.status(space))

    def status(self, space: str) -> Any:
        """The victim's status, empty when it is gone: a deletion can end without its status."""
        return (self.space(space).child(MICROSERVICE, VICTIM) or {}).get("status", {})

    def logs(self, *words: str) -> bool:
        """Whether a line of the log has all of these words."""
        return any(all(word in line for word in words) for line in self.operator.log.read_text().splitlines())

    def verify_healthy(self) -> None:
        """The process is alive, and is the one that was started."""
        assert self.operator.running
        assert self.operator.status("/healthz") == 200


@contextmanager
def place(stage: Stage, api_server: Cluster, folder: Path, run: str, *flags: str) -> Iterator[Place]:
    """In place of the stage's operator, after all that it has to delete; `run` is in the names of all namespaces."""
    until_no_microservice(stage.api)
    calls = Calls(re.compile(rf"hung-{run}-[0-9a-z]+"))
    front = ApiFront(api_server)
    front.hangs = calls.hangs_in_kubernetes
    proxy = Proxy(stage.aws.upstream, SlowAWS(stage.strict, calls))
    direct = install.operator_kubeconfig(stage.api, api_server.kubeconfig, folder / "direct.kubeconfig")
    kubeconfig = front.kubeconfig(direct, folder / "hanging.kubeconfig")
    operator = OperatorProcess(kubeconfig, proxy.start(), folder, "hanging", *flags)
    aws = {"region": install.REGION, "accountID": install.ACCOUNT, "identity": POD_IDENTITY}
    install.environment(stage.api, stage.postgres_port, stage.admin, ENVIRONMENT, aws=aws)
    made = Place(stage, operator, calls, run)
    assert stage.operator.terminate() == 0
    operator.start()
    yield made
    calls.release()
    for space in made._spaces.values():
        stage.passwords |= space.passwords()
        space.remove()
    assert operator.terminate() == 0
    front.stop()
    proxy.stop()
    stage.operator.start()
