"""Addresses of Services for programs on this machine.

A node without Docker (tests/tools/cluster) has routes to its Services, so a Service's own address works after a
NetworkPolicy allows this machine. A node in a container has no such routes everywhere: there `kubectl port-forward`
forwards each Service to a local port and bypasses the policies.
"""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tests.ports import free_port
from tests.tools.cluster.processes import Process, last_words, start, stop
from tests.tools.cluster.state import State

from .errors import DemoError
from .kubectl import PROGRAM, Kubectl, Object

SUPPORT = "local-aws"  # which has no policies
Services = Mapping[str, tuple[str, str]]  # our name → namespace, Service


def reach(kubectl: Kubectl, state: State, services: Services, folder: Path) -> dict[str, str]:
    """A URL for each Service."""
    if state.kind == "node":
        namespaces = {namespace for namespace, _ in services.values()} - {SUPPORT}
        kubectl.apply([_admission(namespace, state.addresses.host) for namespace in sorted(namespaces)])
        return {name: _by_address(kubectl, *service) for name, service in services.items()}
    return _by_forward(kubectl, services, folder)


def stop_forwards(folder: Path) -> None:
    """End the port-forwards that an earlier run left."""
    record = folder / "forwards.json"
    if record.exists():
        stop([Process(**one) for one in json.loads(record.read_text())["processes"]])
        record.unlink()


def _admission(namespace: str, address: str) -> Object:
    """This machine as a caller of a namespace; policies add up, so it takes nothing from the operator's own."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "this-machine", "namespace": namespace},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"ipBlock": {"cidr": f"{address}/32"}}]}],
        },
    }


def _by_address(kubectl: Kubectl, namespace: str, name: str) -> str:
    (service,) = kubectl.listed("service", name, f"--namespace={namespace}")
    return f"http://{service['spec']['clusterIP']}:{service['spec']['ports'][0]['port']}"


def _by_forward(kubectl: Kubectl, services: Services, folder: Path) -> dict[str, str]:
    """Restart it each time: a forward ends with its pod."""
    stop_forwards(folder)
    running: list[Process] = []
    urls: dict[str, str] = {}
    for name, (namespace, service) in services.items():
        port = free_port()
        log = folder / f"forward-{name}.log"
        target = (
            f"--namespace={namespace}",
            f"service/{service}",
            f"{port}:{_service_port(kubectl, namespace, service)}",
        )
        command = (PROGRAM, f"--kubeconfig={kubectl.kubeconfig}", "port-forward", *target)
        running.append(start(f"port-forward {name}", command, log))
        record = {"processes": [asdict(one) for one in running]}
        (folder / "forwards.json").write_text(json.dumps(record, indent=1))
        _await(port, log)
        urls[name] = f"http://127.0.0.1:{port}"
    return urls


def _service_port(kubectl: Kubectl, namespace: str, name: str) -> int:
    (service,) = kubectl.listed("service", name, f"--namespace={namespace}")
    return int(service["spec"]["ports"][0]["port"])


def _await(port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise DemoError(f"kubectl port-forward does not listen on port {port}; its log {log} ends with:\n{last_words(log)}")
