"""The Helm chart: its objects, its values and what it refuses."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.delivery.conftest import DIGEST, IMAGE, NAMESPACE, Chart, Objects, by_name
from tests.tools.cluster import Cluster

pytestmark = pytest.mark.timeout(1800)  # the first run builds Helm
CHART = REPOSITORY / "manifests/chart"
NAME = "microservice-operator"
KEEP = "helm.sh/resource-policy"
HELMS = ("helm.sh/chart", *(f"app.kubernetes.io/{each}" for each in ("name", "instance", "version", "managed-by")))


def _without_labels_of_helm(objects: Objects) -> Objects:
    """Leave out the standard labels and the annotation of the CRDs, and nothing else."""
    objects = copy.deepcopy(objects)
    for each in objects.values():
        metadata = [each["metadata"]]
        if each["kind"] == "Deployment":
            metadata.append(each["spec"]["template"]["metadata"])
        for holder in metadata:
            for label in HELMS:
                holder.get("labels", {}).pop(label, None)
        each["metadata"].pop("creationTimestamp", None)
        annotations = each["metadata"].get("annotations", {})
        if annotations.pop(KEEP, None) and not annotations:
            del each["metadata"]["annotations"]
    return objects


def _pod(objects: Objects) -> dict[str, Any]:
    pod: dict[str, Any] = objects["Deployment", NAME]["spec"]["template"]
    return pod


def _container(objects: Objects) -> dict[str, Any]:
    (container,) = _pod(objects)["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def test_the_default_values_make_what_the_kustomization_makes(chart: Chart, released: Objects) -> None:
    made = chart.objects()
    wanted = {key: each for key, each in released.items() if key[0] != "Namespace"}  # --create-namespace
    assert _without_labels_of_helm(made) == _without_labels_of_helm(wanted)


def test_every_object_has_the_standard_labels(chart: Chart) -> None:
    for (kind, name), each in chart.objects("--set=namespaces={shop}").items():
        labels = each["metadata"]["labels"]
        assert labels["helm.sh/chart"] == "microservice-operator-1.2.3", (kind, name)
        assert labels["app.kubernetes.io/instance"] == "operator", (kind, name)
        assert labels["app.kubernetes.io/version"] == "1.2.3", (kind, name)
        assert labels["app.kubernetes.io/managed-by"] == "Helm", (kind, name)


def test_the_selector_is_that_of_the_base_whatever_the_values_are(chart: Chart, released: Objects) -> None:
    settings = ("--set=commonLabels.team=a,podLabels.app\\.kubernetes\\.io/name=other,fullnameOverride=other",)
    made = chart.objects(*settings)["Deployment", "other"]["spec"]
    assert made["selector"] == released["Deployment", NAME]["spec"]["selector"]
    assert made["selector"]["matchLabels"].items() <= made["template"]["metadata"]["labels"].items()


def test_crds_are_kept_unless_a_user_chooses_otherwise(chart: Chart) -> None:
    def kept(*settings: str) -> list[bool]:
        objects = chart.objects(*settings)
        crds = [each["metadata"] for (kind, _), each in objects.items() if kind == "CustomResourceDefinition"]
        return [each.get("annotations", {}).get(KEEP) == "keep" for each in crds]

    assert kept() == [True, True]
    assert kept("--set=crds.keep=false") == [False, False]
    assert kept("--set=crds.install=false") == []


REPOSITORY_OF_IMAGE = IMAGE.split("@", maxsplit=1)[0]
OTHER = f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("settings", "image"),
    [
        ("", IMAGE),
        ("image.repository=mirror.example/op", f"mirror.example/op@{DIGEST}"),
        # the digest of the release must not outlive another tag
        ("image.tag=v9", f"{REPOSITORY_OF_IMAGE}:v9"),
        (f"image.digest={OTHER}", f"{REPOSITORY_OF_IMAGE}@{OTHER}"),
        (f"image.tag=v9,image.digest={OTHER}", f"{REPOSITORY_OF_IMAGE}:v9@{OTHER}"),
    ],
)
def test_which_image_runs(chart: Chart, settings: str, image: str) -> None:
    made = chart.objects(*([f"--set={settings}"] if settings else []))
    assert _container(made)["image"] == image


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("registry.example:5000/op:1", ("registry.example:5000/op", "1", "")),
        ("registry.example:5000/op", ("registry.example:5000/op", "", "")),
        (f"registry.example/op:1@{DIGEST}", ("registry.example/op", "1", DIGEST)),
    ],
)
def test_an_image_has_parts(tmp_path: Path, given: str, parts: tuple[str, str, str]) -> None:
    command = [sys.executable, str(CHART / "build.py"), "1.2.3", given, str(tmp_path)]
    subprocess.run(command, check=True, timeout=60)
    made = tmp_path / NAME
    image = yaml.safe_load((made / "values.yaml").read_text())["image"]
    annotations = yaml.safe_load((made / "Chart.yaml").read_text())["annotations"]
    digest = annotations.get("microservice-operator.dev/image-digest", "")
    assert (image["repository"], image["tag"], digest) == parts


VALUES: dict[str, Any] = {
    "replicas": 3,
    "imagePullSecrets": [{"name": "registry"}],
    "image": {"pullPolicy": "Always"},
    "commonLabels": {"team": "platform"},
    "podLabels": {"tier": "control"},
    "podAnnotations": {"note": "x"},
    "extraArgs": ["--resync=300"],
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}],
    "envFrom": [{"configMapRef": {"name": "proxy"}}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
    "resources": {"limits": {"memory": "1Gi", "cpu": 2}},
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "control", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "topologySpreadConstraints": [],
    "priorityClassName": "system-cluster-critical",
    "serviceAccount": {"name": "aws", "annotations": {"eks.amazonaws.com/role-arn": "arn"}},
    "networkPolicy": {"egressPorts": [8443], "metricsFrom": [{"namespaceSelector": {}}]},
}


@pytest.fixture
def chosen(chart: Chart, tmp_path: Path) -> Objects:
    """The objects with a value for almost everything."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(VALUES))
    return chart.objects(f"--values={file}")


def test_values_of_pods_arrive(chosen: Objects) -> None:
    template, container = _pod(chosen), _container(chosen)
    assert chosen["Deployment", NAME]["spec"]["replicas"] == 3
    assert {"team": "platform", "tier": "control"}.items() <= template["metadata"]["labels"].items()
    assert template["metadata"]["annotations"]["note"] == "x"
    for key in ("imagePullSecrets", "nodeSelector", "tolerations", "affinity", "priorityClassName"):
        assert template["spec"][key] == VALUES[key]
    assert "topologySpreadConstraints" not in template["spec"]
    assert template["spec"]["volumes"][1:] == VALUES["extraVolumes"]
    assert container["volumeMounts"][1:] == VALUES["extraVolumeMounts"]
    assert (container["env"], container["envFrom"]) == (VALUES["env"], VALUES["envFrom"])
    assert container["args"] == ["run", "--resync=300"]
    assert container["imagePullPolicy"] == "Always"
    assert container["resources"]["limits"] == {"memory": "1Gi", "cpu": 2}


def test_values_of_other_objects_arrive(chosen: Objects) -> None:
    account = chosen["ServiceAccount", "aws"]["metadata"]
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": "arn"}
    assert _pod(chosen)["spec"]["serviceAccountName"] == "aws"
    bindings = [each for (kind, _), each in chosen.items() if kind.endswith("Binding")]
    assert {subject["name"] for each in bindings for subject in each["subjects"]} == {"aws"}
    policy = chosen["NetworkPolicy", NAME]["spec"]
    assert policy["ingress"][0]["from"] == [{"namespaceSelector": {}}]
    assert {"protocol": "TCP", "port": 8443} in policy["egress"][1]["ports"]
    assert all(each["metadata"]["labels"]["team"] == "platform" for each in chosen.values())


def test_parts_can_be_left_out(chart: Chart) -> None:
    switches = [
        *("rbac.create", "rbac.aggregateClusterRoles", "crds.install", "podDisruptionBudget.enabled"),
        *("metrics.enabled", "networkPolicy.enabled", "serviceAccount.create"),
    ]
    settings = ",".join(f"{each}=false" for each in switches)
    assert set(chart.objects(f"--set={settings},serviceAccount.name=aws")) == {("Deployment", NAME)}
    assert "serviceAccount.name" in chart.refusal("--set=serviceAccount.create=false")


def test_selected_namespaces_have_the_permissions_of_the_kustomization(chart: Chart) -> None:
    made = list(yaml.safe_load_all(chart.text("--set=namespaces={shop}")))
    command = ["kubectl", "kustomize", str(REPOSITORY / "manifests/namespaced")]
    rendered = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    wanted = list(yaml.safe_load_all(rendered))

    def permissions(objects: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        roles = [each for each in objects if each["apiVersion"].startswith("rbac.authorization.k8s.io/")]
        keys = ("kind", "rules", "roleRef", "subjects")
        listed = [
            (each["metadata"]["name"], each["metadata"].get("namespace"), *(each.get(key) for key in keys))
            for each in roles
        ]
        return sorted(listed, key=repr)

    assert permissions(made) == permissions(wanted)
    (ours, theirs) = (by_name(yaml.safe_dump_all(each)) for each in (made, wanted))
    assert _container(ours)["args"] == _container(theirs)["args"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("replica=3", "replica"),
        ("resources.limits.memroy=1Gi", "memroy"),
        ("replicas=two", "replicas"),
        ("image=registry.example/op:9", "image"),
        ("image.digest=sha256:short", "digest"),
        ("tolerations[0].ky=x", "ky"),
        ("env[0].name=A,env[0].value=1", "value"),
        ("affinity.podAfinity=x", "podAfinity"),
        ("networkPolicy.egressPorts=null", "egressPorts"),
        ("networkPolicy.egressPorts={}", "egressPorts"),  # would open every port
        ("crds.instal=false", "instal"),
        ("namespaces={Shop}", "namespaces"),
    ],
)
def test_wrong_values_are_refused(chart: Chart, settings: str, said: str) -> None:
    assert said in chart.refusal(f"--set={settings}")


@pytest.mark.api
def test_the_api_server_accepts_the_objects_and_helm_takes_over_those_of_kustomize(
    chart: Chart, released: Objects, api_server: Cluster
) -> None:
    """The move from kustomize to Helm updates every object in place."""
    kubectl = ["kubectl", f"--kubeconfig={api_server.kubeconfig}"]
    namespaced = [*kubectl, f"--namespace={NAMESPACE}"]

    def do(*command: str, given: str = "") -> str:
        done = subprocess.run([*command], input=given, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def uids() -> dict[tuple[str, str], str]:
        listed = [json.loads(do(*namespaced, "get", kind, name, "--output=json")) for kind, name in released]
        return {(each["kind"], each["metadata"]["name"]): each["metadata"]["uid"] for each in listed}

    apply = [*kubectl, "apply", "--server-side", "--force-conflicts", "--filename=-"]
    do(*apply, given=yaml.safe_dump_all(released.values()))
    before = uids()
    do(*apply, "--dry-run=server", "--validate=strict", given=chart.text())
    do(*apply, "--dry-run=server", "--validate=strict", given=chart.text("--set=namespaces={default}"))
    install = ("install", "operator", str(chart.folder), "--namespace", NAMESPACE, "--kubeconfig")
    refused = chart.run(*install, str(api_server.kubeconfig))
    assert "ownership" in refused.stderr
    moved = chart.run(*install, str(api_server.kubeconfig), "--take-ownership", "--force-conflicts")
    assert moved.returncode == 0, moved.stderr
    assert uids() == before
    removed = chart.run("uninstall", "operator", "--namespace", NAMESPACE, "--kubeconfig", str(api_server.kubeconfig))
    assert removed.returncode == 0, removed.stderr
    left = do(*kubectl, "get", "customresourcedefinitions", "--output=name").split()
    assert {name.rpartition("/")[2] for name in left} >= {
        name for kind, name in released if kind == "CustomResourceDefinition"
    }
    do(*kubectl, "delete", "namespace", NAMESPACE, "--wait=false")


def _keys(values: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, set[str], set[str]]]:
    """Yield each object of the schema with its keys in the schema and in the values."""
    known = schema["properties"]
    yield path, set(known), set(values)
    for key, each in known.items():
        if "properties" in each and each is not known.get("global"):
            yield from _keys(values[key], each, f"{path}.{key}")


def test_the_schema_knows_exactly_the_values() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    del schema["properties"]["global"]  # Helm's own
    for path, known, given in _keys(values, schema):
        if path != ".resources":
            assert known == given, path


def test_the_built_schema_refuses_unknown_fields_everywhere(chart: Chart) -> None:
    schema = json.loads((chart.folder / "values.schema.json").read_text())

    def open_objects(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, dict):
            if "properties" in value and value.get("additionalProperties") is not False:
                yield path
            for key, each in value.items():
                yield from open_objects(each, f"{path}.{key}")

    assert len(schema["$defs"]) > 20
    assert list(open_objects(schema, "")) == []


def test_the_page_of_values_is_generated() -> None:
    before = (CHART / "README.md").read_text()
    code = "import readme; print(readme.readme(), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=CHART, capture_output=True, text=True, check=True, timeout=60
    )
    assert before == made.stdout, "run: python manifests/chart/readme.py"
    schema = json.loads((CHART / "values.schema.json").read_text())
    for name in set(schema["properties"]) - {"global"}:
        assert f"| `{name}" in before, f"values.yaml: {name} has no comment that starts with two dashes"


def test_helm_finds_nothing_to_fix(chart: Chart) -> None:
    done = chart.run("lint", "--strict", str(chart.folder))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_artifact_hub_is_valid(tmp_path: Path) -> None:
    annotations = yaml.safe_load((CHART / "Chart.yaml").read_text())["annotations"]
    examples = yaml.safe_load(annotations["artifacthub.io/crdsExamples"])
    (tmp_path / "examples.yaml").write_text(yaml.safe_dump_all(examples))
    program = Path(sys.executable).parent / "microservice-operator"
    done = subprocess.run(
        [program, "validate", tmp_path / "examples.yaml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    named = {each["name"] for each in yaml.safe_load(annotations["artifacthub.io/crds"])}
    assert named == {f"{each}.microservice-operator.dev" for each in ("microservices", "environments")}


def test_the_notes_name_what_the_release_installs(chart: Chart) -> None:
    done = chart.run(
        *("install", "operator", str(chart.folder), "--namespace", NAMESPACE, "--dry-run=client"),
        *("--set", "fullnameOverride=other"),
    )
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("NOTES:")[2]
    assert f"kubectl -n {NAMESPACE} rollout status deployment/other" in notes
