"""PURE: says why one pod is not ready, with messages that a person can act on.

It knows the conditions and reasons of k8s.io/api/core/v1 and the kubelet, and ignores others. Messages contain no
counter and no name of a pod, and pulling, failing and backing off are one reason, so that an unchanged problem gives an
unchanged status. A state that is normal at every start is reported only if it lasts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .. import names
from ..facts import Reason, Trouble
from .child_states import calm, conditions

Object = Mapping[str, Any]

PULLING = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"}
)
CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})
KILLED = (137, 143)  # 128 + SIGKILL, 128 + SIGTERM
# Seconds: how long a successful start takes, and how long the pull of a large image takes.
PROBE_SECONDS = 15.0
START_SECONDS = 60.0
CREATING = (
    "its image is still being pulled, or a volume, Secret or ConfigMap that it mounts is missing, or the pod's network"
)


def trouble(pod: Object) -> Trouble | None:
    """Return the first problem; one that needs a person comes before one that may pass."""
    problems = list(_troubles(pod))
    return min(problems, key=lambda each: bool(each.since), default=None)


def is_over(pod: Object) -> bool:
    """Return whether all containers of the pod have ended for good."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _troubles(pod: Object) -> Iterator[Trouble]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    declared = {c["name"]: c for c in (*(spec.get("initContainers") or []), *(spec.get("containers") or []))}
    inits = [c["name"] for c in spec.get("initContainers") or [] if c.get("restartPolicy") != "Always"]
    statuses = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    app = (pod["metadata"].get("labels") or {}).get(names.LABEL_NAME, "")
    for container in statuses:
        yield from _failing(container, declared.get(container["name"], {}), app)
    if is_over(pod):
        return
    if not statuses:
        yield from _unscheduled(pod)
    for container in statuses:
        yield from _late(container, declared.get(container["name"], {}), pod, ends=container["name"] in inits)
    yield from _unready(pod, statuses)


def _failing(container: Object, declared: Object, app: str) -> Iterator[Trouble]:
    """Yield the problem of a container that cannot start, or that ends."""
    name, state = container["name"], container.get("state") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in PULLING:
        message = f"container {name} cannot pull image {container.get('image', '')}"
        yield Trouble(Reason.IMAGE_UNAVAILABLE, message, "check its name and tag, and imagePullSecrets")
    elif reason in CONFIG:
        yield Trouble(
            Reason.CONTAINER_FAILING, f"container {name} cannot start: {calm(waiting.get('message', reason))}"
        )
    else:
        last = (container.get("lastState") or {}).get("terminated") or state.get("terminated") or {}
        ended = bool(last.get("exitCode")) or bool((container.get("lastState") or {}).get("terminated"))
        if reason == "CrashLoopBackOff" or (ended and not container.get("ready")):
            yield _ended(name, last, declared, app)


def _ended(name: str, last: Object, declared: Object, app: str) -> Trouble:
    """Say why a container ended that should keep running; its status does not show who killed it."""
    code, probes = last.get("exitCode", "unknown"), _asked(declared, "startupProbe", "livenessProbe")
    log = f"read its log with kubectl logs -l {names.LABEL_NAME}={app} -c {name} --previous --ignore-errors"
    problem = Trouble(Reason.CONTAINER_FAILING, f"container {name} exits with code {code}", log)
    if last.get("reason") == "OOMKilled":
        message = f"container {name} was killed for exceeding its memory limit"
        return replace(problem, message=message, remedy="raise resources.limits.memory")
    if last.get("reason") in NOT_STARTED:
        message = f"container {name} cannot start: {calm(last.get('message', ''))}"
        return replace(problem, message=message, remedy="")
    if probes and code in KILLED:
        message = f"container {name} was killed (exit code {code}), which happens when {probes} fails"
        return replace(problem, message=message, remedy=f"make the probe succeed, or change it; {log}")
    if code == 0:
        killed = f", or was stopped because {probes} fails" if probes else ""
        message = f"container {name} exited with code 0{killed}"
        return replace(problem, message=message, remedy=f"a service must keep running; {log}")
    return problem


def _unscheduled(pod: Object) -> Iterator[Trouble]:
    """Yield the problem of a pod without a node."""
    condition = conditions(pod).get("PodScheduled", {})
    reason = condition.get("reason", "")
    if condition.get("status") == "True" or (pod.get("spec") or {}).get("nodeName"):
        return
    if reason == "Unschedulable":
        message = "no node fits a pod"
        yield Trouble(Reason.UNSCHEDULABLE, message, "add nodes, or lower requests and constraints")
    elif reason == "SchedulingGated":
        message = "a scheduling gate keeps a pod from being scheduled"
        yield Trouble(Reason.UNSCHEDULABLE, message, "the owner of the gate must remove it from spec.schedulingGates")
    elif reason:
        message = f"a pod gets no node: {calm(condition.get('message') or reason)}"
        yield Trouble(Reason.UNSCHEDULABLE, message)
    else:
        since = pod["metadata"].get("creationTimestamp", "")
        problem = Trouble(Reason.UNSCHEDULABLE, "no scheduler has handled a pod", "check whether kube-scheduler runs")
        yield replace(problem, since=since, patience=START_SECONDS)


def _late(container: Object, declared: Object, pod: Object, *, ends: bool) -> Iterator[Trouble]:
    """Yield the problem of a container that is starting: normal at every start, reported only if it lasts."""
    name, state = container["name"], container.get("state") or {}
    running, waiting = state.get("running"), state.get("waiting") or {}
    if running is not None and ends:
        message = f"init container {name} has not ended yet, and the service starts only after it"
        problem = Trouble(Reason.ROLLOUT_PROGRESSING, message)
        yield replace(problem, since=running.get("startedAt", ""), patience=START_SECONDS)
    elif running is not None and not container.get("ready"):
        started = container.get("started", True)
        kind = "readinessProbe" if started else "startupProbe"
        if probes := _asked(declared, kind):
            problem = Trouble(Reason.PROBE_FAILING, f"container {name} runs, but {probes} fails")
            yield replace(problem, since=running.get("startedAt", ""), patience=PROBE_SECONDS)
    elif waiting.get("reason") == "ContainerCreating":
        problem = Trouble(Reason.ROLLOUT_PROGRESSING, f"container {name} is not created yet: {CREATING}")
        scheduled = conditions(pod).get("PodScheduled", {}).get("lastTransitionTime", "")
        since = scheduled or pod["metadata"].get("creationTimestamp", "")
        yield replace(problem, remedy="see the events of kubectl describe pod", since=since, patience=START_SECONDS)


def _unready(pod: Object, statuses: list[Any]) -> Iterator[Trouble]:
    """Yield the problem of a pod that is not ready although all of its containers are."""
    condition = conditions(pod).get("Ready", {})
    if (
        condition.get("status", "True") == "True"
        or not statuses
        or not all(c.get("ready") for c in statuses if _stays(c))
    ):
        return
    if condition.get("reason") == "ReadinessGatesNotReady":
        gates = [gate["conditionType"] for gate in (pod.get("spec") or {}).get("readinessGates") or []]
        message = f"a readiness gate of the pods is not met: {', '.join(gates)}"
        trouble = Trouble(Reason.REPLICAS_UNAVAILABLE, message, "the owner of the gate must set its condition")
    else:
        message = "the node of a pod does not answer"
        trouble = Trouble(Reason.REPLICAS_UNAVAILABLE, message, "see kubectl get nodes")
    yield replace(trouble, since=condition.get("lastTransitionTime", ""), patience=PROBE_SECONDS)


def _stays(container: Object) -> bool:
    """Return whether a container still runs or will run; an ended init container does not count."""
    return "terminated" not in (container.get("state") or {})


def _asked(declared: Object, *kinds: str) -> str:
    """Describe probes, "" if there are none; two with the same check are described once."""
    words = {"startupProbe": "start-up", "livenessProbe": "liveness", "readinessProbe": "readiness"}
    by_check: dict[str, list[str]] = {}
    for kind in kinds:
        if kind in declared:
            by_check.setdefault(_question(declared[kind]), []).append(words[kind])
    return " or ".join(f"its {' or '.join(kind)} probe ({check})" for check, kind in by_check.items())


def _question(probe: Object) -> str:
    """Describe what a probe checks; of a command only the first word, because the others may be secret."""
    if "httpGet" in probe:
        scheme = "HTTPS " if probe["httpGet"].get("scheme") == "HTTPS" else ""
        return f"{scheme}GET {probe['httpGet'].get('path', '/')} on port {probe['httpGet'].get('port')}"
    if "tcpSocket" in probe:
        return f"a connection to port {probe['tcpSocket'].get('port')}"
    if "grpc" in probe:
        return f"the gRPC health check on port {probe['grpc'].get('port')}"
    return f"the command {(probe.get('exec', {}).get('command') or [''])[0]}"
