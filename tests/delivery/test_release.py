"""The content of a release; if Helm is installed, it compares the chart with the kustomization."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/microservice-operator@sha256:{'a' * 64}"
Objects = dict[tuple[str, str], dict[str, Any]]


def _run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def _objects(text: str) -> Objects:
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(text) if each}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose changelog has the section 1.2.3."""
    made = tmp_path_factory.mktemp("tree")
    for folder in ("crds", "manifests", ".ci"):
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__", ".terraform"))
    (made / ".venv").symlink_to(ROOT / ".venv")
    (made / "CHANGELOG.md").write_text("# Changes\n\n## 1.2.3 (2026-12-01)\n\n- News.\n\n## 1.2.2\n\n- Old.\n")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    assert _run("git", "init", "--quiet", cwd=made).returncode == 0
    assert _run("git", *identity, "commit", "--quiet", "--allow-empty", "--message", "x", cwd=made).returncode == 0
    return made


@pytest.fixture(scope="module")
def dist(tree: Path) -> Path:
    done = _run(".ci/release", "1.2.3", IMAGE, "dist", cwd=tree)
    assert done.returncode == 0, done.stderr
    return tree / "dist"


def test_a_release_has_all_its_parts(dist: Path) -> None:
    names = {path.name for path in dist.iterdir()}
    assert names == {"crds.yaml", "install.yaml", "microservice-operator-1.2.3.tgz", "notes.md"}
    assert (dist / "notes.md").read_text().strip() == "- News."
    crds = {name for kind, name in _objects((dist / "crds.yaml").read_text()) if kind == "CustomResourceDefinition"}
    assert crds == {"microservices.microservice-operator.dev", "environments.microservice-operator.dev"}


def test_the_manifests_name_the_image_by_its_digest(dist: Path) -> None:
    deployment = _objects((dist / "install.yaml").read_text())["Deployment", "microservice-operator"]
    assert [each["image"] for each in deployment["spec"]["template"]["spec"]["containers"]] == [IMAGE]


def test_the_same_commit_makes_the_same_chart(dist: Path, tree: Path) -> None:
    assert _run(".ci/release", "1.2.3", IMAGE, "again", cwd=tree).returncode == 0
    name = "microservice-operator-1.2.3.tgz"
    assert (dist / name).read_bytes() == (tree / "again" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("1.2", IMAGE, "out"), "give a version"),
        (("1.2.3", "operator", "out"), "give a version"),
        (("9.9.9", IMAGE, "out"), "has no section"),
    ],
)
def test_what_cannot_be_released_is_refused(tree: Path, arguments: tuple[str, ...], said: str) -> None:
    done = _run(".ci/release", *arguments, cwd=tree)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.fixture(scope="module")
def helm() -> str:
    found = os.environ.get("HELM") or shutil.which("helm")
    if found is None:
        pytest.skip("helm is not on the PATH: install it, or name it in HELM")
    return found


def _template(helm: str, chart: Path, *settings: str) -> Objects:
    done = _run(
        helm,
        "template",
        "x",
        chart,
        "--namespace",
        "microservice-operator-system",
        "--kube-version",
        "1.36.0",
        *settings,
    )
    assert done.returncode == 0, done.stderr
    return _objects(done.stdout)


def test_the_chart_makes_what_the_kustomization_makes(helm: str, dist: Path) -> None:
    wanted = _objects((dist / "install.yaml").read_text())
    del wanted["Namespace", "microservice-operator-system"]  # helm install --create-namespace
    made = _template(helm, dist / "microservice-operator-1.2.3.tgz")
    for kind, name in made:
        if kind == "CustomResourceDefinition":
            assert made[kind, name]["metadata"]["annotations"].pop("helm.sh/resource-policy") == "keep"
    account = made["ServiceAccount", "microservice-operator"]["metadata"]
    assert account.pop("annotations") == {}
    pod = made["Deployment", "microservice-operator"]["spec"]["template"]["spec"]
    assert pod.pop("imagePullSecrets") == []
    for each in wanted.values():
        if each["kind"] == "CustomResourceDefinition" and not each["metadata"].get("annotations"):
            each["metadata"].pop("annotations", None)
            made[each["kind"], each["metadata"]["name"]]["metadata"].pop("annotations", None)
    assert made == wanted


def test_what_a_person_chooses_arrives(helm: str, dist: Path) -> None:
    made = _template(
        helm,
        dist / "microservice-operator-1.2.3.tgz",
        "--set=image=registry.example/op:9,crds.install=false,extraArgs={--resync=300}",
        "--set=imagePullSecrets[0].name=registry",
        "--set-string=serviceAccountAnnotations.eks\\.amazonaws\\.com/role-arn=arn",
    )
    pod = made["Deployment", "microservice-operator"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example/op:9"
    assert pod["containers"][0]["args"] == ["run", "--resync=300"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    account = made["ServiceAccount", "microservice-operator"]["metadata"]
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": "arn"}
    assert not [name for kind, name in made if kind == "CustomResourceDefinition"]


def test_helm_finds_nothing_to_mend(helm: str, dist: Path) -> None:
    done = _run(helm, "lint", "--strict", dist / "microservice-operator-1.2.3.tgz")
    assert done.returncode == 0, done.stdout + done.stderr
