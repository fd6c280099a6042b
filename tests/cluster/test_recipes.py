"""An image's tag depends on its content, and on nothing else."""

import json
from pathlib import Path

import pytest

from tests.tools.cluster import load, recipes
from tests.tools.cluster.errors import ClusterError
from tests.tools.cluster.pause_image import _tar
from tests.tools.cluster.recipes import Recipe

RECIPE = Recipe("shop", "Dockerfile", ("src",), {"SERVICE": "shop"})


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one small image."""
    monkeypatch.setattr(recipes, "REPOSITORY", tmp_path)
    (tmp_path / "src").mkdir()
    for name in (".dockerignore", "Dockerfile", "src/app.py", "unrelated.py"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("changed", ["src/app.py", "Dockerfile", ".dockerignore", "src/new.py"])
def test_the_tag_changes_with_what_goes_in(checkout: Path, changed: str) -> None:
    before = RECIPE.reference("base")
    (checkout / changed).write_text("other")
    assert RECIPE.reference("base") != before


@pytest.mark.parametrize("changed", ["unrelated.py", "src/__pycache__/app.pyc"])
def test_the_tag_does_not_change_with_what_stays_out(checkout: Path, changed: str) -> None:
    before = RECIPE.reference("base")
    (checkout / changed).parent.mkdir(exist_ok=True)
    (checkout / changed).write_text("other")
    assert RECIPE.reference("base") == before


def test_the_tag_changes_with_base_and_arguments(checkout: Path) -> None:  # noqa: ARG001  # the checkout is read
    others = [Recipe("shop", "Dockerfile", ("src",), {"SERVICE": "other"}).reference("base"), RECIPE.reference("other")]
    assert RECIPE.reference("base") not in others


def test_what_is_missing_is_named(checkout: Path) -> None:
    (checkout / "src" / "app.py").unlink()
    (checkout / "src").rmdir()
    with pytest.raises(ClusterError, match="the image shop cannot be built: src is not there"):
        RECIPE.reference("base")


def test_an_archive_tells_its_images_names(tmp_path: Path) -> None:
    manifest = json.dumps([{"Config": "c", "RepoTags": ["docker.io/a/b:dev-1"], "Layers": []}]).encode()
    (tmp_path / "b.tar").write_bytes(_tar({"manifest.json": (manifest, 0o644)}))
    assert load.references(tmp_path / "b.tar") == ["docker.io/a/b:dev-1"]
    assert load.friendly("docker.io/a/b:dev-1") == "docker.io/a/b:dev"
