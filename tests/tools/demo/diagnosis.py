"""Prints what the cluster reports about an object that does not become ready, and where to look next."""

from collections.abc import Iterable, Sequence

from rich.console import Console

from .kubectl import Kubectl, Object
from .standing import SHOP, Row

OPERATOR = "microservice-operator-system"
LOG_LINES, LOG_WIDTH = 8, 400


def explain(console: Console, kubectl: Kubectl, rows: Sequence[Row]) -> None:
    """Conditions, events and logs of what is not ready."""
    missing = [row for row in rows if not row.up]
    for row in missing:
        if row.namespace == SHOP:
            _section(console, f"conditions of Microservice {row.name}", _conditions(kubectl, row.name))
    for namespace in sorted({row.namespace for row in missing} | {OPERATOR}):
        if namespace != OPERATOR or any(row.namespace == OPERATOR for row in missing):
            _section(console, f"last events in {namespace}", _events(kubectl, namespace))
        pods = kubectl.listed("pods", f"--namespace={namespace}")
        for pod in pods if namespace == OPERATOR else _telling(pods):  # of the operator's, one works
            if namespace == OPERATOR or not _is_ready(pod):
                _section(console, f"log of pod {namespace}/{pod['metadata']['name']}", _log(kubectl, pod))
    console.print(
        "\nAll of it is left running. To look further: [bold]. .local/env[/], then kubectl describe, or "
        f"kubectl logs -n {OPERATOR} -l app.kubernetes.io/name=microservice-operator. "
        "To continue after a change: [bold]make demo[/]. To start again: [bold]make down[/], then [bold]make demo[/]."
    )


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    console.print(f"\n[bold]{title}[/]")
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _conditions(kubectl: Kubectl, name: str) -> list[str]:
    found = kubectl.listed("microservices", name, f"--namespace={SHOP}")
    status = found[0].get("status", {}) if found else {}
    conditions = [f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in status.get("conditions", [])]
    problems = [f"{p['field']}: {p['message']}" for p in status.get("problems", [])]
    parts = [
        f"{part['kind']} {part['name']}: {part['state']}" + (f": {part['message']}" if part.get("message") else "")
        for part in status.get("resources", [])
        if part["state"] != "Ready"
    ]
    return [*conditions, *problems, *parts] or ["none: the operator has not written any"]


def _events(kubectl: Kubectl, namespace: str) -> list[str]:
    shown = kubectl.try_("get", "events", f"--namespace={namespace}", "--sort-by=.metadata.creationTimestamp")
    return shown.splitlines()[-12:] or ["none"]


def _telling(pods: Sequence[Object]) -> list[Object]:
    """One pod of each owner: the others say the same. Those that are not ready come first."""
    by_owner: dict[str, Object] = {}
    for pod in sorted(pods, key=_is_ready):
        owners = pod["metadata"].get("ownerReferences") or [{"uid": pod["metadata"]["uid"]}]
        by_owner.setdefault(owners[0]["uid"], pod)
    return list(by_owner.values())


def _log(kubectl: Kubectl, pod: Object) -> list[str]:
    where = (f"--namespace={pod['metadata']['namespace']}", pod["metadata"]["name"])
    shown = kubectl.try_("logs", *where, "--all-containers", f"--tail={LOG_LINES}")
    return [_cut(line) for line in shown.splitlines()[-LOG_LINES:]] or ["empty"]


def _cut(line: str) -> str:
    return line if len(line) <= LOG_WIDTH else f"{line[:LOG_WIDTH]} …"


def _is_ready(pod: Object) -> bool:
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return True
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
