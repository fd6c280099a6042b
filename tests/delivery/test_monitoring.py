"""Alerts and dashboards: promtool runs the tests of each alert, and every metric and label in them exists."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from microservice_operator.aws.engine import errors
from tests.delivery.dashboards import HERE as MONITORING
from tests.delivery.dashboards import generated
from tests.delivery.promql import used_by_variable, used_metrics
from tests.tools.cluster.binaries import build, program

pytestmark = pytest.mark.timeout(1800)  # the first run builds promtool
ROOT = Path(__file__).parents[2]
TESTS = Path(__file__).parent / "monitoring"
RULES = ("operator", "shop")
SERVICES = ("user", "product", "order")
RUNBOOKS = "https://git.example/shop/microservice-operator/blob/main/docs/operations.md#"
Rule = dict[str, Any]
Metrics = dict[str, set[str]]

# Labels that the Prometheus operator gives to every series of a PodMonitor or ServiceMonitor.
TARGET_LABELS = {"namespace", "pod", "container", "endpoint", "instance", "job", "service"}
# Of kube-state-metrics and the kubelet's cAdvisor, from their documentation; kube-prometheus-stack has both.
OTHERS: Metrics = {
    "up": set(),
    "kube_deployment_spec_replicas": {"deployment"},
    "kube_deployment_status_replicas_ready": {"deployment"},
    "kube_pod_container_status_restarts_total": {"uid"},
    "kube_pod_container_resource_limits": {"uid", "node", "resource", "unit"},
    "container_cpu_usage_seconds_total": {"id", "image", "name", "cpu"},
    "container_memory_working_set_bytes": {"id", "image", "name"},
}


def _rules(folder: str) -> list[Rule]:
    loaded = yaml.safe_load((MONITORING / folder / "rules.yaml").read_text(encoding="utf-8"))
    return [rule for group in loaded["spec"]["groups"] for rule in group["rules"]]


def _cases(folder: str) -> list[Rule]:
    loaded = yaml.safe_load((TESTS / f"{folder}.test.yaml").read_text(encoding="utf-8"))
    return [case for test in loaded["tests"] for case in test["promql_expr_test"]]


ALERTS = {rule["alert"]: rule for folder in RULES for rule in _rules(folder) if "alert" in rule}
CASES = [case for folder in RULES for case in _cases(folder)]


@pytest.fixture(scope="module")
def promtool() -> Path:
    build(["promtool"], lambda _: None)
    return program("promtool")


@pytest.mark.parametrize("folder", RULES)
def test_promtool_accepts_the_rules_and_their_tests_pass(folder: str, promtool: Path, tmp_path: Path) -> None:
    resource = yaml.safe_load((MONITORING / folder / "rules.yaml").read_text(encoding="utf-8"))
    (tmp_path / f"{folder}.yaml").write_text(yaml.safe_dump(resource["spec"]), encoding="utf-8")
    shutil.copy(TESTS / f"{folder}.test.yaml", tmp_path)
    for command in (["check", "rules", "--lint-fatal", f"{folder}.yaml"], ["test", "rules", f"{folder}.test.yaml"]):
        done = subprocess.run(
            [promtool, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_in_one_case_and_is_quiet_in_another(alert: str) -> None:
    cases = [case for case in CASES if f'alertname="{alert}"' in case["expr"] or _covers(case, alert)]
    assert [case for case in cases if case.get("exp_samples")]
    assert [case for case in cases if not case.get("exp_samples")]


def _covers(case: Rule, alert: str) -> bool:
    pattern = re.search(r'alertname=~"([^"]+)"', case["expr"])
    return bool(pattern and re.fullmatch(pattern[1], alert))


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == RUNBOOKS + alert.lower()
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    [paragraph] = re.findall(rf"^#### {alert}\n\n(.+?)\n(?:\n|\Z)", page, re.MULTILINE | re.DOTALL)
    assert len(paragraph) > 100


@pytest.mark.parametrize("alert", ALERTS)
def test_a_description_uses_only_labels_that_the_alert_has(alert: str) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", ALERTS[alert]["annotations"]["description"]))
    fired = [s["labels"] for case in CASES for s in case.get("exp_samples", []) if f'"{alert}"' in s["labels"]]
    assert fired
    for labels in fired:
        assert used <= set(re.findall(r"(\w+)=", labels))


def test_every_runbook_belongs_to_an_alert() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    section = page[page.index("\n### Alerts and what to do") :]
    section = section[: section.index("\n## ")]
    assert set(re.findall(r"^#### (\w+)$", section, re.MULTILINE)) == set(ALERTS)


@pytest.fixture(scope="module")
def exported() -> Metrics:
    """Return name → labels of all series of the operator, of the services, of others and of the recording rules."""
    sources = [
        {"microservice_operator": ["operator"]},
        *({f"{s}_service": ["services/shared", f"services/{s}"]} for s in SERVICES),
    ]
    found: Metrics = {name: labels | TARGET_LABELS for name, labels in OTHERS.items()}
    for source in sources:
        [(package, folders)] = source.items()
        for name, labels in _registry(package, folders).items():
            found.setdefault(name, set(TARGET_LABELS)).update(labels)
    for rule in (rule for folder in RULES for rule in _rules(folder) if "record" in rule):
        found[rule["record"]] = {"namespace", "job"}
    return found


def _registry(package: str, folders: list[str]) -> dict[str, list[str]]:
    path = os.pathsep.join(str(ROOT / folder) for folder in folders)
    done = subprocess.run(
        [sys.executable, str(TESTS / "registry.py"), package],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    series: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return series


def _used() -> dict[str, Metrics]:
    """Return the metrics that each place uses, with their labels."""
    used = {
        f"{folder}: {rule.get('alert') or rule['record']}": used_metrics(rule["expr"])
        for folder in RULES
        for rule in _rules(folder)
    }
    for path in generated():
        board = json.loads(path.read_text(encoding="utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                used[f"{path.name}: {panel['title']} {target['refId']}"] = used_metrics(target["expr"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                used[f"{path.name}: ${variable['name']}"] = used_by_variable(variable["query"]["query"])
    return used


def test_every_metric_and_label_of_rules_and_dashboards_exists(exported: Metrics) -> None:
    used = _used()
    assert len(used) > 80
    names = {metric for metrics in used.values() for metric in metrics}
    assert names - set(exported) == set()
    wrong = {
        f"{place}: {metric} {sorted(labels - exported[metric])}"
        for place, metrics in used.items()
        for metric, labels in metrics.items()
        if metric in exported and not labels <= exported[metric]
    }
    assert not wrong


def test_no_metric_of_the_operator_is_in_neither_a_dashboard_nor_a_rule(exported: Metrics) -> None:
    own = {
        name for name in exported if name.startswith("microservice_operator_") and not name.endswith(("_sum", "_count"))
    }
    assert own == {
        name for metrics in _used().values() for name in metrics if name.startswith("microservice_operator_")
    }


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("absent(a == 1)", {"a": set()}),
        (
            'sum by (b, le) (rate(a_total{c!~"x|y", d="{e}"}[5m])) / 2 > 14.4 * 0.001',
            {"a_total": {"b", "le", "c", "d"}},
        ),
        ("a and on (c) b", {"a": {"c"}, "b": {"c"}}),
        ('x:y:rate5m{job="z"} or vector(0)', {"x:y:rate5m": {"job"}}),
    ],
)
def test_the_metrics_of_an_expression_are_found(expression: str, found: Metrics) -> None:
    assert used_metrics(expression) == found


def test_the_codes_of_throttling_and_denial_are_those_of_the_operator() -> None:
    def codes(alert: str) -> set[str]:
        [pattern] = re.findall(r'code=~"([^"]+)"', ALERTS[alert]["expr"])
        return set(pattern.split("|"))

    assert codes("MicroserviceOperatorAWSThrottled") == errors._THROTTLED
    assert codes("MicroserviceOperatorAWSDenied") == errors.DENIED | errors._CREDENTIALS


def test_the_generated_dashboards_are_current() -> None:
    for path, text in generated().items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m tests.delivery"


def test_each_panel_of_a_dashboard_explains_itself_and_none_covers_another() -> None:
    for path in generated():
        board = json.loads(path.read_text(encoding="utf-8"))
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            assert panel["type"] == "row" or panel["description"].endswith((".", "?")), panel["title"]
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert at["x"] + at["w"] <= 24
            assert not cells & taken, panel["title"]
            taken |= cells


def test_dashboards_link_to_dashboards_that_exist() -> None:
    boards = [json.loads(text) for text in generated().values()]
    uids = {board["uid"] for board in boards}
    assert len(uids) == 3
    assert set(re.findall(r"/d/([\w-]+)", json.dumps(boards))) <= uids


def _kustomize(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    command = [str(Path(sys.executable).parent / "kubectl"), "kustomize", str(folder)]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return {(body["kind"], body["metadata"]["name"]): body for body in yaml.safe_load_all(text)}


def test_prometheus_reaches_the_operator_and_nothing_else_does(tmp_path: Path) -> None:
    """With the component, on the port that the PodMonitor names."""
    folder = tmp_path / "overlay"
    folder.mkdir()
    relative = os.path.relpath(ROOT / "manifests", folder.resolve())
    overlay = {"resources": [f"{relative}/base"], "components": [f"{relative}/monitoring/operator"]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    made = _kustomize(folder)
    deployment = made["Deployment", "microservice-operator"]["spec"]["template"]
    monitor = made["PodMonitor", "microservice-operator"]["spec"]
    policies = [body["spec"] for (kind, _), body in made.items() if kind == "NetworkPolicy"]
    [port] = deployment["spec"]["containers"][0]["ports"]

    for selector in (monitor["selector"], *(policy["podSelector"] for policy in policies)):
        assert selector["matchLabels"].items() <= deployment["metadata"]["labels"].items()
    assert [endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]] == [port["name"]]
    [rule] = [rule for policy in policies for rule in policy.get("ingress", [])]
    assert rule["ports"] == [{"protocol": "TCP", "port": port["containerPort"]}]
    [scraper] = rule["from"]
    for environment in ("environment", "environment-rds"):
        loaded = yaml.safe_load((ROOT / f"manifests/local/{environment}.yaml").read_text(encoding="utf-8"))
        declared = loaded["spec"]["metrics"]["scraper"]
        assert scraper["podSelector"]["matchLabels"] == declared["podLabels"]
        assert scraper["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": declared["namespace"]}


def test_the_alerts_of_the_shop_select_its_namespace_and_its_services() -> None:
    shop = _kustomize(ROOT / "manifests/shop")
    services = {name for kind, name in shop if kind == "Microservice"}
    assert all("metrics" in body["spec"] for (kind, _), body in shop.items() if kind == "Microservice")
    expressions = " ".join(rule["expr"] for rule in _rules("shop"))
    assert set(re.findall(r'namespace="([^"]+)"', expressions)) == {"shop"}
    assert set(re.findall(r'job="([^"]+)"', expressions)) == services
