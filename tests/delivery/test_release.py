"""The content of a release, and the scripts that build, test and push its images."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.delivery.conftest import DIGEST, IMAGE, by_name

ROOT = Path(__file__).parents[2]


def _run(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command], cwd=cwd, capture_output=True, text=True, timeout=500, check=False
    )


PYPROJECT = '[project]\nname = "x"\nversion = "1.2.3"\n'
CHANGELOG = "# Changes\n\n## 1.2.3 (2026-12-01)\n\n- News.\n\n## 1.2.2\n\n- Old.\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that is ready for the release 1.2.3."""
    made = tmp_path_factory.mktemp("tree")
    for folder in ("crds", "manifests", ".ci"):
        shutil.copytree(ROOT / folder, made / folder, ignore=shutil.ignore_patterns("__pycache__", ".terraform"))
    (made / ".venv").symlink_to(ROOT / ".venv")
    (made / "pyproject.toml").write_text(PYPROJECT)
    (made / "CHANGELOG.md").write_text(CHANGELOG)
    (made / "changelog.d").mkdir()
    (made / "changelog.d/README.md").write_text("How to write a fragment.\n")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    assert _run("git", "init", "--quiet", cwd=made).returncode == 0
    assert _run("git", *identity, "commit", "--quiet", "--allow-empty", "--message", "x", cwd=made).returncode == 0
    return made


@pytest.fixture(scope="module")
def dist(tree: Path) -> Path:
    (tree / "dist").mkdir()
    (tree / "dist/microservice-operator.spdx.json").write_text("{}")  # the workflow puts the SBOM there before
    done = _run(".ci/release", "1.2.3", IMAGE, "dist", cwd=tree)
    assert done.returncode == 0, done.stderr
    return tree / "dist"


def test_a_release_has_all_its_parts_and_their_checksums(dist: Path) -> None:
    names = {path.name for path in dist.iterdir()}
    parts = {"crds.yaml", "install.yaml", "microservice-operator-1.2.3.tgz", "microservice-operator.spdx.json"}
    assert names == {*parts, "checksums.txt"}
    crds = {name for kind, name in by_name((dist / "crds.yaml").read_text()) if kind == "CustomResourceDefinition"}
    assert crds == {"microservices.microservice-operator.dev", "environments.microservice-operator.dev"}
    checked = _run("sha256sum", "--check", "--strict", "checksums.txt", cwd=dist)
    assert checked.returncode == 0, checked.stderr
    assert {line.split("  ")[1] for line in (dist / "checksums.txt").read_text().splitlines()} == parts


def test_the_manifests_name_the_image_by_its_digest(dist: Path) -> None:
    deployment = by_name((dist / "install.yaml").read_text())["Deployment", "microservice-operator"]
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
        (("9.9.9", IMAGE, "out"), "not '9.9.9'"),
    ],
)
def test_what_cannot_be_released_is_refused(tree: Path, arguments: tuple[str, ...], said: str) -> None:
    done = _run(".ci/release", *arguments, cwd=tree)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tree / "out").exists()


@pytest.mark.parametrize(
    ("version", "file", "content", "said"),
    [
        ("1.2.3", "", "", None),
        ("1.2", "", "", "is not a version"),
        ("1.2.2", "", "", "pyproject.toml has the version '1.2.3'"),
        ("1.2.3", "CHANGELOG.md", "## 1.2.30\n\n- Other.\n", "has no section"),
        ("1.2.3", "CHANGELOG.md", "## 1.2.3\n\n## 1.2.2\n\n- Old.\n", "has no section"),
        ("1.2.3", "changelog.d/+news.added.md", "News.\n", "still has fragments"),
    ],
)
def test_the_notes_of_a_release_need_a_tree_that_is_ready(
    tmp_path: Path, version: str, file: str, content: str, said: str | None
) -> None:
    """The workflow asks before it builds or pushes, because an image's tag cannot be used twice."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/release-notes", tmp_path / ".ci")
    (tmp_path / "changelog.d").mkdir()
    given = {"pyproject.toml": PYPROJECT, "CHANGELOG.md": CHANGELOG, "changelog.d/README.md": "How.\n"}
    given |= {file: content} if file else {}
    for name, text in given.items():
        (tmp_path / name).write_text(text)
    done = _run(".ci/release-notes", version, cwd=tmp_path)
    if said is None:
        assert (done.returncode, done.stdout.strip()) == (0, "- News.")
    else:
        assert done.returncode != 0
        assert said in done.stderr


def _archive(folder: Path, *digests: str) -> Path:
    """Write an archive with the index of an OCI layout, which is all that the digest is read from."""
    index = {"schemaVersion": 2, "manifests": [{"digest": each, "size": 1} for each in digests]}
    (folder / "index.json").write_text(json.dumps(index))
    with tarfile.open(folder / "image.tar", "w") as archive:
        archive.add(folder / "index.json", "index.json")
    return folder / "image.tar"


def test_the_digest_of_an_archive_is_known_before_the_push(tmp_path: Path) -> None:
    done = _run(ROOT / ".ci/archive-digest", _archive(tmp_path, DIGEST))
    assert (done.returncode, done.stdout.strip()) == (0, DIGEST)


@pytest.mark.parametrize("digests", [(), (DIGEST, DIGEST), ("sha256:short",)])
def test_an_archive_without_exactly_one_image_is_refused(tmp_path: Path, digests: tuple[str, ...]) -> None:
    done = _run(ROOT / ".ci/archive-digest", _archive(tmp_path, *digests))
    assert done.returncode == 1
    assert "exactly one image" in done.stderr


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("image", ("cart", "x:1"), "has no image"),
        ("image", ("shared", "x:1"), "has no image"),
        ("image", ("order",), "has no name"),
        ("test-image", ("order", "order:1", "absent.tar"), "give the name, the tag and the archive"),
        ("archive-digest", ("absent.tar",), "is not a file"),
        ("push-image", ("image.tar", "registry.example/order:1"), "is not an ECR image"),
        ("push-chart", ("absent.tgz", "registry.example/charts"), "give a chart"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_called(
    script: str, arguments: tuple[str, ...], said: str
) -> None:
    done = _run(ROOT / ".ci" / script, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_what_an_image_is_tested_with_works_in_this_tree() -> None:
    """Docker is missing here, so this runs the commands of .ci/test-image without an image."""
    text = (ROOT / ".ci/test-image").read_text()
    assert "command=(crds --check /crds)" in text
    assert 'import ${name}_service.app"' in text
    programs = Path(sys.executable).parent
    assert _run(programs / "microservice-operator", "crds", "--check", "crds").returncode == 0
    for service in ("order", "product", "user"):
        paths = os.pathsep.join(str(ROOT / "services" / each) for each in (service, "shared"))
        command = ("env", f"PYTHONPATH={paths}", sys.executable, "-c", f"import {service}_service.app")
        done = _run(*command)
        assert done.returncode == 0, done.stderr
