"""Probes: the default, the spec's fields over it, a handler in place of it."""

from typing import Any

import pytest

from tests.unit.desired.given import container, context, pod

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
            {"exec": {"command": ["dig"]}, "periodSeconds": 7},
        ),
        (
            {"ports": UDP, "livenessProbe": {"httpGet": {"path": "/", "port": 9000}}},
            "livenessProbe",
            {"httpGet": {"path": "/", "port": 9000}},
        ),
    ],
)
def test_main_container(spec: dict[str, Any], probe: str, expected: dict[str, Any] | None) -> None:
    assert container(context(spec)).get(probe) == expected


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
    ],
)
def test_sidecar(sidecar: dict[str, Any], expected: dict[str, Any] | None) -> None:
    (found,) = pod(context({"sidecars": [{"name": "cache", "image": "cache:1", **sidecar}]}))["initContainers"]
    assert found.get("livenessProbe") == expected
    assert found["restartPolicy"] == "Always"
