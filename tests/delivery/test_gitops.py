"""The manifests for Argo CD and Flux, and the objects that they apply."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITOPS = ROOT / "manifests/gitops"
DIGEST = f"registry.example/shop/order@sha256:{'0' * 64}"


def _built(folder: Path) -> list[dict[str, Any]]:
    built = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60, check=True)
    return list(yaml.safe_load_all(built.stdout))


def _images(objects: list[dict[str, Any]]) -> dict[str, str]:
    return {each["metadata"]["name"]: each["spec"]["image"] for each in objects if each["kind"] == "Microservice"}


def test_both_tools_sync_the_folder_with_the_released_images() -> None:
    application = next(each for each in _built(GITOPS / "argocd") if each["kind"] == "Application")
    kustomization = next(each for each in _built(GITOPS / "flux") if each["kind"] == "Kustomization")
    assert ROOT / application["spec"]["source"]["path"] == GITOPS / "shop"
    assert (ROOT / kustomization["spec"]["path"]).resolve() == GITOPS / "shop"
    assert kustomization["spec"]["wait"] is True


def test_every_service_of_the_shop_has_its_image_named() -> None:
    released, shop = _images(_built(GITOPS / "shop")), _images(_built(ROOT / "manifests/shop"))
    assert set(released) == set(shop)
    assert not [image for image in released.values() if image.endswith(":dev")]
    assert {f"{name}-image.yaml" for name in shop} == {path.name for path in (GITOPS / "shop").glob("*-image.yaml")}


def test_the_project_admits_what_the_shop_is_made_of_and_no_more() -> None:
    project = next(each for each in _built(GITOPS / "argocd") if each["kind"] == "AppProject")["spec"]
    admitted = {
        (each["group"], each["kind"])
        for each in (*project["clusterResourceWhitelist"], *project["namespaceResourceWhitelist"])
    }
    brought = {(each["apiVersion"].rpartition("/")[0], each["kind"]) for each in _built(GITOPS / "shop")}
    assert brought <= admitted
    assert "Secret" not in {kind for _, kind in admitted}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what set-image reads and writes."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/set-image", tmp_path / ".ci")
    for folder in ("manifests", "services"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", ".terraform"))
    return tmp_path


def _set_image(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(tree / ".ci/set-image"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_release_changes_one_image(tree: Path) -> None:
    before = _images(_built(tree / "manifests/gitops/shop"))
    assert _set_image(tree, "order", DIGEST).returncode == 0
    assert _images(_built(tree / "manifests/gitops/shop")) == {**before, "order": DIGEST}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "is not a service"),
        (("cart", DIGEST), "is not a service"),
        (("../order", DIGEST), "is not a service"),
        (("order", "registry.example/shop/order"), "is not an image"),
        (("order", 'registry.example/shop/order:1"}\nkind: Secret'), "is not an image"),
    ],
)
def test_what_makes_no_sense_is_refused(tree: Path, arguments: tuple[str, ...], said: str) -> None:
    done = _set_image(tree, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
