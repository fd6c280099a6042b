"""Files and tests that docs/article.md and docs/delivery.md name exist."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LINK = re.compile(r"\[([^\]]+)\]\(([^)#]+)\)")


@pytest.mark.parametrize("page", ["article.md", "delivery.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = LINK.findall((DOCS / page).read_text(encoding="utf-8"))
    assert links
    assert not [target for _, target in links if "://" not in target and not (DOCS / target).exists()]


def test_each_system_of_the_article_has_a_test_by_that_name() -> None:
    text = (DOCS / "article.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 15
    for row in rows:
        shown = [(name, target) for name, target in LINK.findall(row.split("|")[3]) if name.startswith("test_")]
        assert shown, row
        for name, target in shown:
            assert re.search(rf"def {name}\(", (DOCS / target).read_text(encoding="utf-8")), f"{target}: no {name}"


def test_each_module_of_terraform_is_explained() -> None:
    text = (DOCS / "delivery.md").read_text(encoding="utf-8")
    for module in (DOCS.parent / "manifests/terraform").iterdir():
        if module.is_dir():
            assert f"(../manifests/terraform/{module.name})" in text, module.name


def test_each_workflow_and_script_is_explained() -> None:
    text = (DOCS / "delivery.md").read_text(encoding="utf-8")
    for workflow in (DOCS.parent / ".github/workflows").glob("*.yml"):
        assert f"(../.github/workflows/{workflow.name})" in text, workflow.name
        for script in re.findall(r"\.ci/[a-z-]+", workflow.read_text(encoding="utf-8")):
            assert script in text or script == ".ci/run", script
