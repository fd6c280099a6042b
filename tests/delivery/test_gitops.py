"""The manifests for Argo CD and Flux, and the objects that they apply."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITOPS = ROOT / "manifests/gitops"
DIGEST = f"registry.example/shop/order@sha256:{'0' * 64}"


def _text(folder: Path) -> str:
    command = ["kubectl", "kustomize", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def _built(folder: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(_text(folder)))


def _images(objects: list[dict[str, Any]]) -> dict[str, str]:
    return {each["metadata"]["name"]: each["spec"]["image"] for each in objects if each["kind"] == "Microservice"}


ENVIRONMENTS = ("staging", "production")
LAYERS = ("operator", "platform", "shop")


def _folders(environment: str) -> dict[str, Path]:
    """The folder that both tools must sync for each layer."""
    return {
        "operator": GITOPS / "operator",
        "platform": GITOPS / environment / "platform",
        "shop": GITOPS / environment / "shop",
    }


def _of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_argo_cd_syncs_operator_platform_and_shop_one_after_the_other(environment: str) -> None:
    applications = _of_kind(_built(GITOPS / "argocd" / environment), "Application")
    assert {name: ROOT / each["spec"]["source"]["path"] for name, each in applications.items()} == _folders(environment)
    waves = [int(applications[name]["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) for name in LAYERS]
    assert waves == sorted(set(waves))
    root = yaml.safe_load((GITOPS / "argocd" / environment / "root.yaml").read_text())
    assert ROOT / root["spec"]["source"]["path"] == GITOPS / "argocd" / environment


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_flux_applies_operator_platform_and_shop_one_after_the_other(environment: str) -> None:
    objects = _built(GITOPS / "flux" / environment)
    layers = _of_kind(objects, "Kustomization")
    assert {name: (ROOT / each["spec"]["path"]).resolve() for name, each in layers.items()} == _folders(environment)
    assert "dependsOn" not in layers["operator"]["spec"]
    assert layers["platform"]["spec"]["dependsOn"] == [{"name": "operator"}]
    assert layers["shop"]["spec"]["dependsOn"] == [{"name": "platform"}]
    accounts = _of_kind(objects, "ServiceAccount")
    for each in layers.values():
        assert each["spec"]["wait"] is True
        assert each["spec"]["serviceAccountName"] in accounts


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_that_holds_data_is_pruned_with_the_platform(environment: str) -> None:
    applications = _of_kind(_built(GITOPS / "argocd" / environment), "Application")
    layers = _of_kind(_built(GITOPS / "flux" / environment), "Kustomization")
    for name in ("operator", "platform"):
        assert applications[name]["spec"]["syncPolicy"]["automated"]["prune"] is False
        assert "finalizers" not in applications[name]["metadata"]
        assert layers[name]["spec"]["prune"] is False


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_project_allows_what_its_application_contains(environment: str, layer: str) -> None:
    objects = _built(GITOPS / "argocd" / environment)
    application = _of_kind(objects, "Application")[layer]
    project = _of_kind(objects, "AppProject")[application["spec"]["project"]]["spec"]
    allowed = {
        (each["group"], each["kind"])
        for each in (*project["clusterResourceWhitelist"], *project["namespaceResourceWhitelist"])
    }
    brought = _built(_folders(environment)[layer])
    assert {(_group(each), each["kind"]) for each in brought} <= allowed
    namespaces = {each["metadata"]["namespace"] for each in brought if "namespace" in each["metadata"]}
    assert namespaces <= {each["namespace"] for each in project["destinations"]}
    assert application["spec"]["source"]["repoURL"] in project["sourceRepos"]


def test_the_shop_may_contain_only_microservices_and_their_documents() -> None:
    project = _of_kind(_built(GITOPS / "argocd/production"), "AppProject")["shop"]["spec"]
    assert project["clusterResourceWhitelist"] == []
    assert {each["kind"] for each in project["namespaceResourceWhitelist"]} == {"Microservice", "ConfigMap"}
    role = _of_kind(_built(GITOPS / "flux/production"), "ClusterRole")["shop-deployer"]
    granted = {(group, kind) for rule in role["rules"] for group in rule["apiGroups"] for kind in rule["resources"]}
    assert granted == {("microservice-operator.dev", "microservices"), ("", "configmaps")}
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} <= {
        *("get", "list", "watch", "create", "patch", "delete")
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_flux_may_deploy_to_the_namespace_that_the_platform_creates(environment: str) -> None:
    platform = _built(GITOPS / environment / "platform")
    (binding,) = _of_kind(platform, "RoleBinding").values()
    (namespace,) = _of_kind(platform, "Namespace")
    assert binding["metadata"]["namespace"] == namespace
    shop = _of_kind(_built(GITOPS / "flux" / environment), "Kustomization")["shop"]
    account = {"name": shop["spec"]["serviceAccountName"], "namespace": shop["metadata"]["namespace"]}
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]
    assert {each["metadata"]["namespace"] for each in _built(GITOPS / environment / "shop")} == {namespace}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_platform_of_an_environment_is_valid(environment: str, tmp_path: Path) -> None:
    built = _built(GITOPS / environment / "platform")
    assert list(_of_kind(built, "Environment")) == [environment]
    # The same namespace as the shop of a laptop.
    shop = _of_kind(_built(ROOT / "manifests/shop"), "Namespace")["shop"]
    assert _of_kind(built, "Namespace")["shop"] == shop
    file = tmp_path / "all.yaml"
    folders = (GITOPS / environment / "platform", GITOPS / environment / "shop")
    file.write_text("---\n".join(_text(folder) for folder in folders))
    program = Path(sys.executable).parent / "microservice-operator"
    done = subprocess.run([program, "validate", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_service_of_the_shop_has_its_image_named(environment: str) -> None:
    folder = GITOPS / environment / "shop"
    released, shop = _images(_built(folder)), _images(_built(ROOT / "manifests/shop"))
    assert set(released) == set(shop)
    assert not [image for image in released.values() if image.endswith(":dev")]
    assert {f"{name}-image.yaml" for name in shop} == {path.name for path in folder.glob("*-image.yaml")}


def _group(each: dict[str, Any]) -> str:
    group: str = each["apiVersion"].rpartition("/")[0]
    return group


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the scripts read and write."""
    (tmp_path / ".ci").mkdir()
    for name in ("set-image", "deployed-image", "promote", "deploy"):
        shutil.copy(ROOT / ".ci" / name, tmp_path / ".ci")
    for folder in ("manifests", "services"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", ".terraform"))
    return tmp_path


def _run(tree: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(tree / ".ci" / script), *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=120, check=False)


def test_a_release_changes_one_image_of_one_environment(tree: Path) -> None:
    folders = [tree / "manifests/gitops" / each / "shop" for each in ENVIRONMENTS]
    staging, production = (_images(_built(folder)) for folder in folders)
    assert _run(tree, "set-image", "staging", "order", DIGEST).returncode == 0
    assert _images(_built(folders[0])) == {**staging, "order": DIGEST}
    assert _images(_built(folders[1])) == production
    assert _run(tree, "deployed-image", "staging", "order").stdout.strip() == DIGEST


def test_a_promotion_brings_the_image_of_staging_to_production(tree: Path) -> None:
    production = tree / "manifests/gitops/production/shop"
    before = _images(_built(production))
    assert _run(tree, "set-image", "staging", "order", DIGEST).returncode == 0
    promoted = _run(tree, "promote", "order", "staging", "production")
    assert (promoted.returncode, promoted.stdout.strip()) == (0, DIGEST)
    assert _images(_built(production)) == {**before, "order": DIGEST}


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("set-image", (), "is not an environment"),
        ("set-image", ("../staging", "order", DIGEST), "is not an environment"),
        ("set-image", ("operator", "order", DIGEST), "is not an environment"),
        ("set-image", ("staging", "cart", DIGEST), "is not a service"),
        ("set-image", ("staging", "../order", DIGEST), "is not a service"),
        ("set-image", ("staging", "order", "registry.example/shop/order"), "is not an image"),
        ("set-image", ("staging", "order", 'registry.example/shop/order:1"}\nkind: Secret'), "is not an image"),
        ("deployed-image", ("staging", "../order"), "has no service"),
        ("promote", ("cart", "staging", "production"), "has no service"),
        ("promote", ("order", "staging", "nowhere"), "is not an environment"),
        ("deploy", ("staging", "cart", DIGEST), "is not a service"),
    ],
)
def test_what_makes_no_sense_is_refused(tree: Path, script: str, arguments: tuple[str, ...], said: str) -> None:
    done = _run(tree, script, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_the_policy_for_images_trusts_the_workflows_that_sign_on_main_or_for_a_release() -> None:
    policy = yaml.safe_load((ROOT / "manifests/policies/signed-images.yaml").read_text())
    (rule,) = policy["spec"]["rules"]
    (check,) = rule["verifyImages"]
    (entry,) = check["attestations"][0]["attestors"][0]["entries"]
    pattern = re.compile(entry["keyless"]["subjectRegExp"])
    address = "https://github.com/shop/microservice-operator/.github/workflows"
    for workflow in ("service.yml@refs/heads/main", "release.yml@refs/tags/v0.1.0"):
        assert pattern.search(f"{address}/{workflow}")
        assert "attest-build-provenance" in (ROOT / ".github/workflows" / workflow.partition("@")[0]).read_text()
    for other in (
        f"{address}/service.yml@refs/heads/other",
        f"{address}/service.yml@refs/heads/main-2",
        f"{address}/release.yml@refs/heads/main",
        f"{address}/check.yml@refs/heads/main",
        "https://github.com/other/microservice-operator/.github/workflows/service.yml@refs/heads/main",
        f"https://evil.example/{address}/service.yml@refs/heads/main",
    ):
        assert not pattern.search(other), other
    images = [
        image for environment in ENVIRONMENTS for image in _images(_built(GITOPS / environment / "shop")).values()
    ]
    (reference,) = check["imageReferences"]
    assert all(image.startswith(reference.removesuffix("*")) for image in images)


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout


def test_services_that_are_deployed_at_the_same_time_are_all_deployed(tree: Path) -> None:
    """All start from the same commit, so all but one of the first pushes are refused."""
    _git(tree, "init", "--quiet")
    _git(tree, "add", "--all")
    _git(tree, "commit", "--quiet", "--message", "Start")
    remote = tree / "remote.git"
    _git(tree, "clone", "--quiet", "--bare", str(tree), str(remote))
    images = {name: f"registry.example/shop/{name}@sha256:{'0' * 64}" for name in ("order", "product", "user")}
    running = []
    for name, image in images.items():
        clone = tree / f"clone-{name}"
        _git(tree, "clone", "--quiet", str(remote), str(clone))
        _git(clone, "config", "user.name", "test")
        _git(clone, "config", "user.email", "test@example.com")
        command = [str(clone / ".ci/deploy"), "staging", name, image]
        running.append(
            subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
    for each in running:
        said, _ = each.communicate(timeout=120)
        assert each.returncode == 0, said
    result = tree / "result"
    _git(tree, "clone", "--quiet", str(remote), str(result))
    assert _images(_built(result / "manifests/gitops/staging/shop")) == images
    subjects = _git(result, "log", "--format=%s", "-3").split("\n")
    assert sorted(subjects)[1:] == [f"Deploy {name} to staging" for name in images]
    again = subprocess.run(
        [result / ".ci/deploy", "staging", "order", images["order"]],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "already" in again.stdout
