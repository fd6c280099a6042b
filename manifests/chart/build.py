"""Builds the Helm chart: the files of this folder, the CRDs, the ClusterRole's rules, alerts, dashboards and the image.

    python manifests/chart/build.py VERSION IMAGE FOLDER

It writes the chart to FOLDER/microservice-operator. A test compares its objects with those of `manifests/base`.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
KUBERNETES = "v1.36.0-local-strict"  # schemas that refuse unknown fields
DIGEST = "microservice-operator.dev/image-digest"
CRD = """{{{{- if .Values.crds.install }}}}
apiVersion: {api_version}
kind: {kind}
metadata:
  name: {name}
  labels:
    {{{{- include "microservice-operator.labels" . | nindent 4 }}}}
  {{{{- if .Values.crds.keep }}}}
  annotations:
    helm.sh/resource-policy: keep
  {{{{- end }}}}
{body}{{{{- end }}}}
"""


def build(version: str, image: str, folder: Path) -> Path:
    """Write the chart. The folder must not contain one."""
    chart = folder / "microservice-operator"
    chart.mkdir(parents=True)
    shutil.copytree(HERE / "templates", chart / "templates")
    shutil.copy(HERE / "README.md", chart)
    name, tag, digest = _parts(image)
    (chart / "Chart.yaml").write_text(_metadata(version, image, digest), encoding="utf-8")
    values = (HERE / "values.yaml").read_text(encoding="utf-8")
    values = values.replace('repository: ""', f'repository: "{name}"').replace('tag: ""', f'tag: "{tag}"')
    (chart / "values.yaml").write_text(values, encoding="utf-8")
    (chart / "values.schema.json").write_text(json.dumps(_schema()), encoding="utf-8")
    for file in ("environments", "microservices"):
        crd = yaml.safe_load((REPOSITORY / f"crds/{file}.yaml").read_text(encoding="utf-8"))
        (chart / f"templates/crd-{file}.yaml").write_text(_crd(crd), encoding="utf-8")
    role = yaml.safe_load((HERE.parent / "base/cluster-role.yaml").read_text(encoding="utf-8"))
    (chart / "files").mkdir()
    (chart / "files/cluster-role-rules.yaml").write_text(_text(role["rules"]), encoding="utf-8")
    _add_monitoring(chart)
    return chart


def _add_monitoring(chart: Path) -> None:
    """Add rules and dashboards as files, whose braces Helm does not read."""
    source = HERE.parent / "monitoring/operator"
    (chart / "monitoring").mkdir()
    for file in (source / "rules.yaml", *sorted(source.glob("dashboards/*.json"))):
        shutil.copyfile(file, chart / "monitoring" / file.name)


def _parts(image: str) -> tuple[str, str, str]:
    """Split `name:tag`, `name@digest` or `name:tag@digest` into name, tag and digest."""
    name, _, digest = image.partition("@")
    path, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:  # the colon of a registry's port
        return name, "", digest
    return path, tag, digest


def _metadata(version: str, image: str, digest: str) -> str:
    loaded: dict[str, Any] = yaml.safe_load((HERE / "Chart.yaml").read_text(encoding="utf-8"))
    loaded |= {"version": version, "appVersion": version}
    loaded["annotations"]["artifacthub.io/images"] = _text([{"name": "operator", "image": image}])
    if digest:
        loaded["annotations"][DIGEST] = digest
    return _text(loaded)


def _crd(crd: dict[str, Any]) -> str:
    """Return the template of a CRD, in which braces of descriptions are no templates."""
    body = _text({"spec": crd["spec"]}).replace("{{", '{{ "{{" }}')
    return CRD.format(api_version=crd["apiVersion"], kind=crd["kind"], name=crd["metadata"]["name"], body=body)


def _text(value: Any) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, width=200)
    return text


def _schema() -> dict[str, Any]:
    """Return the schema of the values with every definition that it refers to."""
    schema: dict[str, Any] = json.loads((HERE / "values.schema.json").read_text(encoding="utf-8"))
    package = Path(kubernetes_validate.__file__).parent
    file = package / "kubernetes-json-schema" / KUBERNETES / "_definitions.json"
    known = json.loads(file.read_text(encoding="utf-8"))["$defs"]
    definitions = schema["$defs"]
    missing = list(_references(schema))
    while missing:
        name = missing.pop().removeprefix("#/$defs/")
        if name not in definitions:
            definitions[name] = _without_descriptions(known[name])
            missing += _references(definitions[name])
    return schema


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _references(each)


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_descriptions(each)
            for key, each in value.items()
            if not (key == "description" and isinstance(each, str))
        }
    return [_without_descriptions(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    version_argument, image_argument, folder_argument = sys.argv[1:]
    build(version_argument, image_argument, Path(folder_argument))
