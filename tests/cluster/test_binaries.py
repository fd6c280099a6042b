"""Programs are built once for each version; without Go there is a clear error."""

import shutil
from pathlib import Path

import pytest

from tests.tools.cluster import binaries
from tests.tools.cluster.errors import ClusterError


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROSERVICE_OPERATOR_CACHE", str(tmp_path))


@pytest.mark.parametrize(
    ("package", "program"),
    [("go.etcd.io/etcd/server/v3", "server"), ("k8s.io/kubernetes/cmd/kubelet", "kubelet"), (".", "pause")],
)
def test_go_names_a_program_by_its_path(package: str, program: str) -> None:
    assert binaries._name_given_by_go(binaries.PARTS["pause"], package) == program


def test_without_go_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ClusterError, match=r"install Go 1\.26"):
        binaries.build(["pause"], print)


@pytest.mark.api
def test_a_part_is_built_once_and_what_was_left_half_done_is_dropped() -> None:
    half = binaries.PARTS["pause"].folder().with_name(binaries.PARTS["pause"].folder().name + ".unfinished")
    half.mkdir(parents=True)
    said: list[str] = []
    binaries.build(["pause"], said.append)
    assert binaries.program("pause").stat().st_mode & 0o111
    assert not half.exists()
    said.clear()
    binaries.build(["pause"], said.append)
    assert said == []
