"""The number of pods, their replacement, termination and spread."""

from typing import Any

import pytest

from tests.unit.desired.builders import CONNECTION, MIGRATING, body, container, context, job_name, kinds, one, pod

AUTO = {"autoscaling": {"minReplicas": 2, "maxReplicas": 4}}
FROM_ONE = {"autoscaling": {"minReplicas": 1, "maxReplicas": 4}}
EXTERNAL = {"replicasManagedBy": "External"}
BUDGET = {"podDisruptionBudget": {"minAvailable": 1}}
SLEEP = {"preStop": {"sleep": {"seconds": 20}}}


@pytest.mark.parametrize(
    ("spec", "environment", "replicas"),
    [
        ({}, None, 2),
        ({}, {}, 2),
        ({}, {"defaults": {"replicas": 3}}, 3),
        ({"replicas": 1}, {"defaults": {"replicas": 3}}, 1),
        ({"replicas": 0}, {"defaults": {"replicas": 3}}, 0),
        (AUTO, {"defaults": {"replicas": 3}}, None),
        (EXTERNAL, {"defaults": {"replicas": 3}}, None),
        ({"replicasManagedBy": "Operator"}, None, 2),
    ],
)
def test_replicas(spec: dict[str, Any], environment: dict[str, Any] | None, replicas: int | None) -> None:
    assert body(context(spec, environment), "Deployment")["spec"].get("replicas") == replicas


@pytest.mark.parametrize(
    ("spec", "first"),
    [
        ({}, {}),
        ({"replicas": 0}, {}),
        (AUTO, {"replicas": 2}),
        (FROM_ONE, {"replicas": 1}),
        (EXTERNAL, {"replicas": 2}),
        ({**EXTERNAL, "replicas": 0}, {"replicas": 0}),
        ({**EXTERNAL, "replicas": 7}, {"replicas": 7}),
    ],
)
def test_a_count_that_is_somebody_elses_is_set_at_the_creation_only(
    spec: dict[str, Any], first: dict[str, int]
) -> None:
    assert one(context(spec), "Deployment").initial == first


NOT_OF_A_POD: list[dict[str, Any]] = [
    {"replicas": 0},
    {"replicas": 1},
    {"replicas": 3},
    AUTO,
    FROM_ONE,
    EXTERNAL,
    BUDGET,
    {"strategy": {"type": "Recreate"}},
    {"strategy": {"rollingUpdate": {"maxUnavailable": 1}}},
    {"service": {"type": "LoadBalancer", "annotations": {"a": "b"}}},
    {"access": {"from": [{"microservice": "web"}], "to": [{"host": "a.example", "ports": [443]}]}},
    {"metrics": {}},
    {"api": {"openAPI": {"configMapKeyRef": {"name": "openapi"}}}},
    {"ports": [{"servicePort": 8080, "appProtocol": "http"}]},
]


@pytest.mark.parametrize("spec", NOT_OF_A_POD, ids=str)
def test_what_is_not_about_a_pod_replaces_none(spec: dict[str, Any]) -> None:
    template = body(context({}), "Deployment")["spec"]["template"]
    assert body(context(spec), "Deployment")["spec"]["template"] == template


def test_a_migration_runs_on_the_same_nodes() -> None:
    arm = {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]}
    nodes = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [arm]}}
    apart = {
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": {"topologyKey": "z"}}]
    }
    spec = {"databases": [MIGRATING], "affinity": {"nodeAffinity": nodes, "podAntiAffinity": apart}}
    of = context(spec, connections={"orders": CONNECTION})
    job = body(of, "Job", job_name(of))["spec"]["template"]["spec"]
    assert job["affinity"] == {"nodeAffinity": nodes}
    assert pod(of)["affinity"] == {"nodeAffinity": nodes, "podAntiAffinity": apart}


@pytest.mark.parametrize(
    ("spec", "budget", "spread"),
    [
        ({}, {"maxUnavailable": 1}, 2),
        ({"replicas": 1}, None, 2),
        ({"replicas": 0}, None, 2),
        (AUTO, {"maxUnavailable": 1}, 2),
        (FROM_ONE, None, 2),
        (BUDGET, {"minAvailable": 1}, 2),
        ({"replicas": 1, **BUDGET}, {"minAvailable": 1}, 2),
        ({"replicas": 1, **EXTERNAL}, {"maxUnavailable": 1}, 2),
        ({"topologySpreadConstraints": []}, {"maxUnavailable": 1}, 0),
    ],
)
def test_budget_and_spread(spec: dict[str, Any], budget: dict[str, Any] | None, spread: int) -> None:
    of = context(spec)
    assert len(pod(of).get("topologySpreadConstraints", [])) == spread
    if budget is None:
        assert "PodDisruptionBudget" not in kinds(of)
    else:
        assert body(of, "PodDisruptionBudget")["spec"].items() >= budget.items()


def test_the_environment_can_turn_the_spread_off() -> None:
    assert "topologySpreadConstraints" not in pod(context({}, {"defaults": {"topologySpread": False}}))


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (None, {"maxUnavailable": 0, "maxSurge": 1}),
        ({}, {"maxUnavailable": 0, "maxSurge": 1}),
        ({"rollingUpdate": {"maxSurge": "50%"}}, {"maxUnavailable": 0, "maxSurge": "50%"}),
        ({"rollingUpdate": {"maxUnavailable": 2}}, {"maxUnavailable": 2, "maxSurge": 1}),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}, {"maxUnavailable": 1, "maxSurge": 0}),
        ({"rollingUpdate": {"maxSurge": 0}}, {"maxUnavailable": 1, "maxSurge": 0}),
        ({"rollingUpdate": {"maxSurge": "0%"}}, {"maxUnavailable": 1, "maxSurge": "0%"}),
        ({"rollingUpdate": {"maxUnavailable": 0}}, {"maxUnavailable": 0, "maxSurge": 1}),
        ({"type": "Recreate"}, None),
    ],
)
def test_strategy(strategy: dict[str, Any] | None, expected: dict[str, Any] | None) -> None:
    built_strategy = body(context({"strategy": strategy}), "Deployment")["spec"]["strategy"]
    assert built_strategy.get("rollingUpdate") == expected
    assert built_strategy["type"] == ("RollingUpdate" if expected else "Recreate")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"preStop": {"sleep": {"seconds": 5}}}),
        ({"terminationGracePeriodSeconds": 6}, {"preStop": {"sleep": {"seconds": 3}}}),
        ({"terminationGracePeriodSeconds": 0}, None),
        ({"lifecycle": SLEEP}, SLEEP),
        (
            {"lifecycle": {"postStart": {"exec": {"command": ["x"]}}}},
            {"preStop": {"sleep": {"seconds": 5}}, "postStart": {"exec": {"command": ["x"]}}},
        ),
    ],
)
def test_ending(spec: dict[str, Any], expected: dict[str, Any] | None) -> None:
    assert container(context(spec)).get("lifecycle") == expected


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        (None, None, {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}),
        (None, {"defaults": {"resources": {"requests": {"cpu": "1"}}}}, {"requests": {"cpu": "1"}}),
        ({"limits": {"cpu": 1}}, {"defaults": {"resources": {"requests": {"cpu": "1"}}}}, {"limits": {"cpu": 1}}),
    ],
)
def test_resources(given: Any, environment: dict[str, Any] | None, expected: dict[str, Any]) -> None:
    of = context({"resources": given, "sidecars": [{"name": "cache", "image": "cache:1"}]}, environment)
    assert container(of)["resources"] == expected
    if given is None:
        assert pod(of)["initContainers"][0]["resources"] == expected


@pytest.mark.parametrize(
    ("short", "metrics"),
    [
        ({}, [("cpu", 80)]),
        ({"targetCPUUtilizationPercentage": 50}, [("cpu", 50)]),
        ({"targetMemoryUtilizationPercentage": 60}, [("memory", 60)]),
        (
            {"targetCPUUtilizationPercentage": 50, "targetMemoryUtilizationPercentage": 60},
            [("cpu", 50), ("memory", 60)],
        ),
        (
            {
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 9}},
                    }
                ]
            },
            [("cpu", 9)],
        ),
    ],
)
def test_autoscaler(short: dict[str, Any], metrics: list[tuple[str, int]]) -> None:
    autoscaler = body(context({"autoscaling": {"maxReplicas": 4, **short}}), "HorizontalPodAutoscaler")["spec"]
    resources = [metric["resource"] for metric in autoscaler["metrics"]]
    assert [(resource["name"], resource["target"]["averageUtilization"]) for resource in resources] == metrics
    assert autoscaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "order"}


@pytest.mark.parametrize("path", ["/tmp", "/tmp/"])
def test_a_mount_of_the_spec_takes_the_place_of_tmp(path: str) -> None:
    of = context(
        {"volumes": [{"name": "big", "emptyDir": {}}], "volumeMounts": [{"name": "big", "mountPath": path}]},
    )
    assert container(of)["volumeMounts"] == [{"name": "big", "mountPath": path}]
