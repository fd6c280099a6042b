"""Prints the conditions, pods, events and logs of a namespace when a test fails."""

from tests.tools.demo.kubectl import Kubectl, Object

OPERATOR_LOG = (
    "logs",
    "--namespace=microservice-operator-system",
    "--selector=app.kubernetes.io/name=microservice-operator",
    "--prefix",
    "--tail=25",
)


def diagnosis(kubectl: Kubectl, namespace: str) -> str:
    """Everything that helps to see why a test failed."""
    where = f"--namespace={namespace}"
    parts = [
        kubectl.try_("get", "deployments,pods,jobs,secrets", where, "--output=wide"),
        *(_conditions(item) for item in kubectl.listed("microservices", where)),
        _last(kubectl.try_("get", "events", where, "--sort-by=.metadata.creationTimestamp"), 25),
        *(_log(kubectl, pod) for pod in kubectl.listed("pods", where) if not _is_ready(pod)),
        kubectl.try_(*OPERATOR_LOG),
    ]
    return f"--- namespace {namespace}\n" + "\n".join(part.rstrip() for part in parts if part.strip())


def _conditions(item: Object) -> str:
    status = item.get("status", {})
    lines = [f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in status.get("conditions", [])]
    lines += [f"deletion: {text}" for text in status.get("deletion", [])]
    generations = f"generation {item['metadata']['generation']}, observed {status.get('observedGeneration')}"
    return f"Microservice {item['metadata']['name']} ({generations})\n  " + "\n  ".join(lines)


def _log(kubectl: Kubectl, pod: Object) -> str:
    name, where = pod["metadata"]["name"], f"--namespace={pod['metadata']['namespace']}"
    return f"log of {name}\n" + kubectl.try_("logs", where, name, "--all-containers", "--tail=15")


def _last(text: str, lines: int) -> str:
    return "\n".join(text.splitlines()[-lines:])


def _is_ready(pod: Object) -> bool:
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":
        return True
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
