"""The chart's values `monitoring`: off by default, and on the same as the component manifests/monitoring/operator."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivery.conftest import Chart, Objects, by_name

pytestmark = pytest.mark.timeout(1800)  # the first run builds Helm
ROOT = Path(__file__).parents[2]
ON = [f"--set=monitoring.{part}.enabled=true" for part in ("podMonitor", "rules", "dashboards")]


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def component() -> Objects:
    kubectl = str(Path(sys.executable).parent / "kubectl")
    return by_name(_run(kubectl, "kustomize", str(ROOT / "manifests/monitoring/operator")))


def test_the_chart_makes_what_the_component_makes(chart: Chart, component: Objects) -> None:
    without = chart.objects()
    assert not set(component) & set(without)
    made = chart.objects(*ON)
    assert set(made) - set(without) == set(component)
    for key, wanted in component.items():
        assert {field: made[key].get(field) for field in ("spec", "data")} == {
            field: wanted.get(field) for field in ("spec", "data")
        }
        assert made[key]["metadata"]["namespace"] == wanted["metadata"]["namespace"]
        assert wanted["metadata"].get("labels", {}).items() <= made[key]["metadata"]["labels"].items()


def test_labels_interval_scraper_and_runbooks_are_what_a_person_chooses(chart: Chart) -> None:
    made = chart.objects(
        *ON,
        "--set=monitoring.podMonitor.labels.release=prometheus,monitoring.rules.labels.release=prometheus",
        "--set=monitoring.dashboards.labels.team=platform,monitoring.podMonitor.interval=15s",
        "--set=monitoring.podMonitor.scraper.namespace=watch,monitoring.podMonitor.scraper.podLabels=null",
        "--set=monitoring.rules.runbookURL=https://docs.example/operations",
    )
    monitor, rules = made["PodMonitor", "microservice-operator"], made["PrometheusRule", "microservice-operator"]
    assert monitor["metadata"]["labels"]["release"] == rules["metadata"]["labels"]["release"] == "prometheus"
    assert [endpoint["interval"] for endpoint in monitor["spec"]["podMetricsEndpoints"]] == ["15s"]
    alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert len(alerts) > 10
    for alert in alerts:
        assert alert["annotations"]["runbook_url"].startswith("https://docs.example/operations#")
    policy = made["NetworkPolicy", "microservice-operator-metrics"]["spec"]
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": "watch"}}
    assert policy["ingress"][0]["from"] == [{"namespaceSelector": namespace}]
    dashboards = [each["metadata"]["labels"] for (kind, _), each in made.items() if kind == "ConfigMap"]
    assert len(dashboards) == 2
    for labels in dashboards:
        assert labels.items() >= {"grafana_dashboard": "1", "team": "platform"}.items()
