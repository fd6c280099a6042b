"""Builds the Helm chart from `manifests/base` and `crds`, so that both installation methods create the same objects.

    python manifests/chart/build.py VERSION IMAGE FOLDER

It writes the chart to FOLDER/microservice-operator. Its objects are those of the kustomization. Only the namespace,
which is that of the release, and the fields in values.yaml differ.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
KEEP = "helm.sh/resource-policy"
# Marker in the generated YAML → Helm template that replaces it.
BLOCKS = {
    "@imagePullSecrets@": "{{- toYaml .Values.imagePullSecrets | nindent 8 }}",
    "@resources@": "{{- toYaml .Values.resources | nindent 12 }}",
    "@annotations@": "{{- toYaml .Values.serviceAccountAnnotations | nindent 4 }}",
    "@args@": '{{- toYaml (concat (list "run") .Values.extraArgs) | nindent 12 }}',
}


def build(version: str, image: str, folder: Path) -> Path:
    """Write the chart. The folder must not contain one."""
    chart = folder / "microservice-operator"
    (chart / "templates").mkdir(parents=True)
    metadata = (HERE / "Chart.yaml").read_text(encoding="utf-8")
    metadata = metadata.replace("version: 0.0.0", f"version: {version}").replace('"0.0.0"', f'"{version}"')
    (chart / "Chart.yaml").write_text(metadata, encoding="utf-8")
    values = (HERE / "values.yaml").read_text(encoding="utf-8").replace('image: ""', f'image: "{image}"')
    (chart / "values.yaml").write_text(values, encoding="utf-8")
    command = ["kubectl", "kustomize", str(HERE.parent / "base")]
    rendered = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  (no input from outside)
    for each in yaml.safe_load_all(rendered.stdout):
        kind, name = each["kind"], each["metadata"]["name"]
        if kind != "Namespace":
            (chart / f"templates/{kind.lower()}-{name}.yaml").write_text(_template(each), encoding="utf-8")
    _add_monitoring(chart)
    return chart


def _add_monitoring(chart: Path) -> None:
    """Add rules and dashboards as files, whose braces Helm does not read, and the template that includes them."""
    source = HERE.parent / "monitoring/operator"
    (chart / "monitoring").mkdir()
    for file in (source / "rules.yaml", *sorted(source.glob("dashboards/*.json"))):
        shutil.copyfile(file, chart / "monitoring" / file.name)
    shutil.copyfile(HERE / "templates/monitoring.yaml", chart / "templates/monitoring.yaml")


def _template(each: dict[str, Any]) -> str:
    if each["kind"] == "CustomResourceDefinition":
        each["metadata"].setdefault("annotations", {})[KEEP] = "keep"
        return f"{{{{- if .Values.crds.install }}}}\n{_text(each)}{{{{- end }}}}\n"
    if "namespace" in each["metadata"]:
        each["metadata"]["namespace"] = "@namespace@"
    for subject in each.get("subjects", []):
        subject["namespace"] = "@namespace@"
    if each["kind"] == "ServiceAccount":
        each["metadata"]["annotations"] = "@annotations@"
    if each["kind"] == "Deployment":
        pod = each["spec"]["template"]["spec"]
        pod["imagePullSecrets"] = "@imagePullSecrets@"
        (operator,) = pod["containers"]
        operator |= {"image": "@image@", "args": "@args@", "resources": "@resources@"}
    return _fill_in(_text(each))


def _text(each: dict[str, Any]) -> str:
    """Return YAML in which all braces are escaped for Helm."""
    text: str = yaml.safe_dump(each, sort_keys=False, width=200)
    return text.replace("{{", '{{ "{{" }}')


def _fill_in(text: str) -> str:
    for marker, block in BLOCKS.items():
        text = text.replace(f"'{marker}'", block)
    text = re.sub("'@namespace@'", "{{ .Release.Namespace }}", text)
    return re.sub("'@image@'", '{{ required "image: set the image of the operator" .Values.image | quote }}', text)


if __name__ == "__main__":
    version_argument, image_argument, folder_argument = sys.argv[1:]
    build(version_argument, image_argument, Path(folder_argument))
