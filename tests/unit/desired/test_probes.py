"""Probes: defaults, declared fields and declared handlers."""

from typing import Any

import pytest

from microservice_operator.desired.probes import HANDLERS
from tests.unit.desired.builders import body, container, context, pod

LIVE = {"httpGet": {"path": "/health", "port": "http"}, "initialDelaySeconds": 30, "periodSeconds": 10}
READY = {"httpGet": {"path": "/ready", "port": "http"}, "initialDelaySeconds": 5, "periodSeconds": 5}
START = {"httpGet": {"path": "/health", "port": "http"}, "failureThreshold": 30, "periodSeconds": 2}
WEB = [{"name": "web", "containerPort": 3000}, {"name": "admin", "containerPort": 3001, "servicePort": 81}]
UDP = [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]


@pytest.mark.parametrize(
    ("spec", "probe", "expected"),
    [
        ({}, "livenessProbe", LIVE),
        ({}, "readinessProbe", READY),
        ({}, "startupProbe", START),
        ({"ports": WEB}, "livenessProbe", {**LIVE, "httpGet": {"path": "/health", "port": "web"}}),
        ({"ports": UDP + WEB}, "livenessProbe", {**LIVE, "httpGet": {"path": "/health", "port": "web"}}),
        ({"ports": UDP}, "livenessProbe", None),
        ({"livenessProbe": {"disabled": True}}, "livenessProbe", None),
        ({"livenessProbe": {"disabled": True}}, "readinessProbe", READY),
        ({"livenessProbe": {"disabled": False}}, "livenessProbe", LIVE),
        ({"livenessProbe": {"periodSeconds": 3}}, "livenessProbe", {**LIVE, "periodSeconds": 3}),
        ({"livenessProbe": {"timeoutSeconds": 3}}, "livenessProbe", {**LIVE, "timeoutSeconds": 3}),
        (
            {"readinessProbe": {"httpGet": {"path": "/up"}}},
            "readinessProbe",
            {**READY, "httpGet": {"path": "/up", "port": "http"}},
        ),
        (
            {"startupProbe": {"tcpSocket": {"port": 8080}}},
            "startupProbe",
            {"tcpSocket": {"port": 8080}, "failureThreshold": 30, "periodSeconds": 2},
        ),
        (
            {"ports": UDP, "livenessProbe": {"exec": {"command": ["dig"]}, "periodSeconds": 7}},
            "livenessProbe",
            {"exec": {"command": ["dig"]}, "initialDelaySeconds": 30, "periodSeconds": 7},
        ),
        (
            {"ports": UDP, "livenessProbe": {"httpGet": {"path": "/", "port": 9000}}},
            "livenessProbe",
            {"httpGet": {"path": "/", "port": 9000}, "initialDelaySeconds": 30, "periodSeconds": 10},
        ),
    ],
)
def test_main_container(spec: dict[str, Any], probe: str, expected: dict[str, Any] | None) -> None:
    assert container(context(spec)).get(probe) == expected


EXEC = {"exec": {"command": ["check"]}}
GRPC = {"grpc": {"port": 9090}}
TCP = {"tcpSocket": {"port": 6379}}


def http(path: str, **more: Any) -> dict[str, Any]:
    return {"httpGet": {"path": path, **more}}


ON_HTTP = {"port": "http"}
# What the author says of each probe, and what the three then ask.
ASKED: dict[str, tuple[dict[str, Any], tuple[Any, Any, Any]]] = {
    "nothing": ({}, (http("/health", **ON_HTTP), http("/ready", **ON_HTTP), http("/health", **ON_HTTP))),
    "liveness and readiness by other paths, as everybody writes them": (
        {"livenessProbe": http("/live"), "readinessProbe": http("/rdy")},
        (http("/live", **ON_HTTP), http("/rdy", **ON_HTTP), http("/live", **ON_HTTP)),
    ),
    "liveness alone": (
        {"livenessProbe": http("/live", port=9000)},
        (http("/live", port=9000), http("/ready", port=9000), http("/live", port=9000)),
    ),
    "readiness alone, by HTTPS": (
        {"readinessProbe": http("/rdy", scheme="HTTPS")},
        (
            http("/health", **ON_HTTP, scheme="HTTPS"),
            http("/rdy", **ON_HTTP, scheme="HTTPS"),
            http("/health", **ON_HTTP, scheme="HTTPS"),
        ),
    ),
    "start-up alone": (
        {"startupProbe": http("/started")},
        (http("/health", **ON_HTTP), http("/ready", **ON_HTTP), http("/started", **ON_HTTP)),
    ),
    "both by command": ({"livenessProbe": EXEC, "readinessProbe": EXEC}, (EXEC, EXEC, EXEC)),
    "both by gRPC": ({"livenessProbe": GRPC, "readinessProbe": GRPC}, (GRPC, GRPC, GRPC)),
    "both by TCP": ({"livenessProbe": TCP, "readinessProbe": TCP}, (TCP, TCP, TCP)),
    "liveness by gRPC": ({"livenessProbe": GRPC}, (GRPC, None, GRPC)),
    "readiness by gRPC": ({"readinessProbe": GRPC}, (None, GRPC, None)),
    "readiness by gRPC, timings of the others": (
        {"readinessProbe": GRPC, "livenessProbe": {"periodSeconds": 9}, "startupProbe": {"periodSeconds": 9}},
        (GRPC, GRPC, GRPC),
    ),
    "start-up by command": ({"startupProbe": EXEC}, (None, None, EXEC)),
    "liveness by command, readiness by HTTP": (
        {"livenessProbe": EXEC, "readinessProbe": http("/rdy")},
        (EXEC, http("/rdy", **ON_HTTP), EXEC),
    ),
    "liveness disabled": ({"livenessProbe": {"disabled": True}}, (None, http("/ready", **ON_HTTP), None)),
    "liveness disabled, start-up with timings": (
        {"livenessProbe": {"disabled": True}, "startupProbe": {"failureThreshold": 9}},
        (None, http("/ready", **ON_HTTP), http("/health", **ON_HTTP)),
    ),
    "a disabled handler says nothing": (
        {"livenessProbe": {"disabled": True, **GRPC}},
        (None, http("/ready", **ON_HTTP), None),
    ),
    "start-up disabled": (
        {"livenessProbe": EXEC, "startupProbe": {"disabled": True}},
        (EXEC, None, None),
    ),
    "timings alone": (
        {"livenessProbe": {"periodSeconds": 9}, "readinessProbe": {"periodSeconds": 9}},
        (http("/health", **ON_HTTP), http("/ready", **ON_HTTP), http("/health", **ON_HTTP)),
    ),
    "no port that speaks TCP": ({"ports": UDP}, (None, None, None)),
    "no port that speaks TCP, liveness by HTTP": (
        {"ports": UDP, "livenessProbe": http("/", port=9000)},
        (http("/", port=9000), None, http("/", port=9000)),
    ),
    "a worker": (
        {"ports": UDP, "livenessProbe": EXEC, "readinessProbe": EXEC},
        (EXEC, EXEC, EXEC),
    ),
    "a worker without ports": ({"ports": []}, (None, None, None)),
    "a worker without ports, liveness by a command": ({"ports": [], "livenessProbe": EXEC}, (EXEC, None, EXEC)),
    "a worker without ports, liveness by gRPC, readiness with timings": (
        {"ports": [], "livenessProbe": GRPC, "readinessProbe": {"periodSeconds": 1}},
        (GRPC, GRPC, GRPC),
    ),
    "a worker without ports, liveness by TCP": ({"ports": [], "livenessProbe": TCP}, (TCP, None, TCP)),
    "a worker without ports, liveness by HTTP": (
        {"ports": [], "livenessProbe": http("/live", port=9000)},
        (http("/live", port=9000), None, http("/live", port=9000)),
    ),
    "a worker without ports, liveness by HTTP, readiness with timings": (
        {"ports": [], "livenessProbe": http("/live", port=9000), "readinessProbe": {"periodSeconds": 1}},
        (http("/live", port=9000), http("/ready", port=9000), http("/live", port=9000)),
    ),
    "a worker without ports, readiness alone by a command": (
        {"ports": [], "readinessProbe": EXEC},
        (None, EXEC, None),
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_no_default_asks_what_the_author_says_is_not_there(case: str) -> None:
    spec, expected = ASKED[case]
    built_container = container(context(spec))
    kinds = ("livenessProbe", "readinessProbe", "startupProbe")
    asked = [{k: v for k, v in built_container.get(kind, {}).items() if k in HANDLERS} or None for kind in kinds]
    assert tuple(asked) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"failureThreshold": 30, "periodSeconds": 2}),
        ({"livenessProbe": EXEC}, {"failureThreshold": 30, "periodSeconds": 2}),
        ({"livenessProbe": {"initialDelaySeconds": 0}}, {"failureThreshold": 30, "periodSeconds": 2}),
        ({"livenessProbe": {"initialDelaySeconds": 300}}, {"failureThreshold": 165, "periodSeconds": 2}),
        (
            {"livenessProbe": {"initialDelaySeconds": 300, "periodSeconds": 3, "failureThreshold": 1}},
            {"failureThreshold": 152, "periodSeconds": 2},
        ),
        (
            {"livenessProbe": {"initialDelaySeconds": 300}, "startupProbe": {"periodSeconds": 7}},
            {"failureThreshold": 48, "periodSeconds": 7},
        ),
        (
            {"livenessProbe": {"initialDelaySeconds": 300}, "startupProbe": {"failureThreshold": 2}},
            {"failureThreshold": 2, "periodSeconds": 2},
        ),
        (
            {"livenessProbe": {**EXEC, "timeoutSeconds": 5}},
            {"failureThreshold": 30, "periodSeconds": 2, "timeoutSeconds": 5},
        ),
        (
            {"livenessProbe": {**EXEC, "timeoutSeconds": 5}, "startupProbe": TCP},
            {"failureThreshold": 30, "periodSeconds": 2},
        ),
    ],
)
def test_the_start_up_probe_is_as_patient_as_the_liveness_probe(spec: dict[str, Any], expected: Any) -> None:
    startup_probe = container(context(spec))["startupProbe"]
    assert {key: value for key, value in startup_probe.items() if key not in HANDLERS} == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, 600),
        ({"livenessProbe": {"initialDelaySeconds": 300}}, 635),
        ({"startupProbe": {"failureThreshold": 120, "periodSeconds": 10}}, 1505),
        ({"readinessProbe": {"initialDelaySeconds": 900}}, 1260),
        ({"startupProbe": {"disabled": True}, "readinessProbe": {"disabled": True}}, 600),
        (
            {"sidecars": [{"name": "slow", "image": "a", "startupProbe": {**TCP, "failureThreshold": 100}}]},
            1365,
        ),
    ],
)
def test_a_rollout_is_not_stuck_while_the_probes_give_it_time(spec: dict[str, Any], expected: int) -> None:
    assert body(context(spec), "Deployment")["spec"]["progressDeadlineSeconds"] == expected


@pytest.mark.parametrize(
    ("sidecar", "expected"),
    [
        ({}, None),
        ({"livenessProbe": {"disabled": True}}, None),
        ({"livenessProbe": {"periodSeconds": 9}}, {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 9}),
        (
            {"ports": [{"name": "stats", "containerPort": 1}], "livenessProbe": {"httpGet": {"path": "/x"}}},
            {"httpGet": {"path": "/x", "port": "stats"}},
        ),
        ({"livenessProbe": {"tcpSocket": {"port": 6379}}}, {"tcpSocket": {"port": 6379}}),
        ({"readinessProbe": {"tcpSocket": {"port": 6379}}}, None),
        ({"startupProbe": TCP, "livenessProbe": {"periodSeconds": 9}}, {**TCP, "periodSeconds": 9}),
    ],
)
def test_sidecar(sidecar: dict[str, Any], expected: dict[str, Any] | None) -> None:
    (found,) = pod(context({"sidecars": [{"name": "cache", "image": "cache:1", **sidecar}]}))["initContainers"]
    assert found.get("livenessProbe") == expected
    assert found["restartPolicy"] == "Always"
