"""Writes the generated files: samples of statuses, Argo CD's actions in one document, and Grafana's dashboards."""

from tests.delivery.argocd import ACTIONS, FOLDER, actions_file
from tests.delivery.dashboards import generated
from tests.delivery.samples import SAMPLES

for sample in SAMPLES:
    (FOLDER / f"testdata/{sample.name}.yaml").write_text(sample.text(), encoding="utf-8")
ACTIONS.write_text(actions_file(), encoding="utf-8")
for path, text in generated().items():
    path.write_text(text, encoding="utf-8")
