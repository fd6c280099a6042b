"""The pages that people read: links work, decisions have a status and a date, and the English stays plain.

CONTRIBUTING.md ("Language") has the reasons. Generated pages follow their generators and are not read here.
"""

import re
import tomllib
from pathlib import Path

import pytest

from tests.unit.support.plain_words import UNPLAIN

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator/microservice_operator"
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
GENERATED = {ROOT / "docs/operator-iam.md"}
PAGES = sorted(
    {*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "docs/reference/defaults.md", *DECISIONS} - GENERATED
)

STATUS = re.compile(r"^Status: (?:proposed|accepted|rejected|superseded), 20\d\d-[01]\d-[0-3]\d\.")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DECISIONS, ids=_name)
def test_a_decision_has_a_status_and_a_date_below_its_title(page: Path) -> None:
    title, blank, status, *_ = page.read_text(encoding="utf-8").splitlines()
    assert title.startswith(f"# {int(page.name[:4])}. ")
    assert not blank
    assert STATUS.match(status), "write: Status: accepted, YYYY-MM-DD."


def test_decisions_are_found() -> None:
    assert len(DECISIONS) > 15


@pytest.mark.parametrize("page", sorted({*PAGES, *(ROOT / "docs").rglob("*.md")}), ids=_name)
def test_relative_links_have_a_target(page: Path) -> None:
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_uses_plain_words(page: Path) -> None:
    text = CODE.sub(lambda code: "\n" * code[0].count("\n"), page.read_text(encoding="utf-8"))
    used = [
        f"line {number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1) if UNPLAIN.search(line)
    ]
    assert not used, "CONTRIBUTING.md, 'Language', has the words to write instead"


def _cells(page: Path, columns: int) -> list[list[str]]:
    """Rows of the page's tables of so many columns, without their heads."""
    rows = [line.strip("| ").split(" | ") for line in page.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    return [row for row in rows if len(row) == columns and row[0] not in {"row", "term"}]


def test_the_architecture_draws_the_layers_of_import_linter() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    [layers] = [one["layers"] for one in contracts if one.get("containers") == ["microservice_operator"]]
    rows = _cells(ROOT / "docs/architecture.md", 3)
    drawn = [set(re.findall(r"`(\w+)`", modules)) for _, modules, _ in rows]
    assert drawn == [set(layer.split(" | ")) for layer in layers]
    assert [number for number, _, _ in rows] == [str(number) for number in range(1, len(layers) + 1)]


def test_the_glossary_names_files_and_classes_that_exist() -> None:
    rows = _cells(ROOT / "docs/glossary.md", 4)
    assert len(rows) > 40
    for term, _, meaning, where in rows:
        assert meaning.endswith("."), term
        _verify_there(term, where)


def test_the_way_of_a_table_through_the_code_exists() -> None:
    rows = _cells(ROOT / "docs/architecture.md", 4)[1:]  # without the head
    assert [number for number, *_ in rows] == [str(number) for number in range(1, 11)]
    for _, station, where, _ in rows:
        _verify_there(station, where)


def _verify_there(row: str, where: str) -> None:
    """Verify that the files exist, and have the definitions that are named after them."""
    paths = re.findall(r"`([\w./]+[./][\w./]*)`", where)
    for path in paths:
        assert (PACKAGE / path).exists() or (ROOT / path).exists(), f"{row}: no {path}"
    for path, name in re.findall(r"`([\w/]+\.py)`: `(\w+)`", where):
        text = (PACKAGE / path).read_text(encoding="utf-8")
        assert re.search(rf"^(class|def|async def) {name}\b|^{name} = ", text, re.M), f"{row}: no {name} in {path}"
