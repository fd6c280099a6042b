"""The children of every case equal the stored ones, and are valid by Kubernetes' schemas."""

from difflib import unified_diff

import pytest
from kubernetes_validate.utils import validate

from microservice_operator.desired import children

from .cases import HERE, Case, cases
from .text import text

CASES = list(cases())
KUBERNETES = "1.36"
OF_OTHERS = ("ServiceMonitor",)  # no schema among Kubernetes' own


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def test_children_are_those_written_down(case: Case) -> None:
    expected = case.children_file.read_text("utf-8") if case.children_file.exists() else ""
    lines = unified_diff(
        expected.splitlines(keepends=True),
        text(children(case.context)).splitlines(keepends=True),
        fromfile=str(case.children_file.relative_to(HERE.parent.parent)),
        tofile="what the builders make",
    )
    difference = "".join(lines)
    assert not difference, f"if this is wanted, run python -m tests.golden\n{difference}"


def test_schemas_take_the_children(case: Case) -> None:
    for child in children(case.context):
        if child.body is not None and child.kind not in OF_OTHERS:
            validate(child.body, KUBERNETES, strict=True)


def test_a_folder_without_resource_is_no_case() -> None:
    folders = {folder.name for folder in HERE.iterdir() if folder.is_dir() and not folder.name.startswith("__")}
    assert folders == {case.name for case in CASES}
