"""One concept has one name, the field's: retired names do not come back. docs/glossary.md has the new ones."""

import io
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "operator" / "microservice_operator"
RETIRED = frozenset(
    [
        "Sort",
        "Sorts",
        "Stepped",
        "Doors",
        "Outside",
        "Leaves",
        "Going",
        "Neighbours",
        "Settled",
        "Making",
        "Lately",
        "Repeats",
        "Backoffs",
        "Door",
        "Lent",
        "Lending",
        "Borrowed",
        "Altered",
        "Again",
        "Held",
        "Fleet",
        "Taken",
        "Provided",
        "Place",
        "World",
        "saw_microservice",
        "lost_microservice",
        "set_once",
        "off_between",
        "remade",
        "one_by_one",
        "server_chosen",
        "plan_removal",
        "look_anew",
        "begin_anew",
        "doors",
        "settled",
        "neighbours",
        "Adoption",
        "Deletion",
        "WantedAPI",
        "WantedDatabase",
        "WantedIdentity",
        "WantedInstance",
        "WantedMajor",
        "WantedQueue",
        "WantedSubscription",
        "WantedTable",
        "WantedTopic",
        "LeavingAPI",
        "LeavingDatabase",
        "LeavingIdentity",
        "LeavingInstance",
        "LeavingSubscription",
        "LeavingTable",
        "leave_api",
        "retain_or_delete",
    ]
)
RETIRED_MODULES = frozenset(
    [
        "cloud",
        "outside",
        "sorts",
        "passes",
        "order",
        "lending",
        "moves",
        "settled",
        "world",
        "queue",
        "server",
        "logs",
        "connections",
        "together",
        "plain",
        "calls",
        "making",
        "lately",
        "repeats",
        "parts",
        "place",
        "door",
    ]
)


def _names(file: Path) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def test_no_retired_name_is_used() -> None:
    used = {str(file.relative_to(ROOT)): _names(file) & RETIRED for file in sorted(PACKAGE.rglob("*.py"))}
    assert len(used) > 150
    assert not {file: names for file, names in used.items() if names}


def test_no_module_has_a_retired_name() -> None:
    modules = {name for path in PACKAGE.rglob("*.py") for name in path.relative_to(PACKAGE).with_suffix("").parts}
    assert modules & RETIRED_MODULES == set()
